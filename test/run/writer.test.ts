import { describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import type { TaskRecord } from '../../engine/contract/store.ts'
import { createWriter } from '../../engine/run/writer.ts'

function record(name: string, sizeBytes = 1): TaskRecord {
  const blob = { digest: sha256(name), sizeBytes, content: new Uint8Array(0) }
  return { key: sha256(`key ${name}`), recipe: sha256('recipe'), outputs: {}, durationMs: 1, blobs: [blob] }
}

describe('createWriter', () => {
  it('commits what comes together together, and says so when it is durable', async () => {
    const commits: number[] = []
    const commit = (records: readonly TaskRecord[]) => {
      commits.push(records.length)
      return []
    }
    const writer = createWriter({ commit }, () => {})
    await Promise.all(['a', 'b', 'c'].map(name => writer.add(record(name))))
    expect(commits).toEqual([3])
  })

  it('does not wait when there are five hundred records, or eight megabytes', () => {
    const commits: number[] = []
    const commit = (records: readonly TaskRecord[]) => {
      commits.push(records.length)
      return []
    }
    const writer = createWriter({ commit }, () => {})
    for (let i = 0; i < 1250; i++) void writer.add(record(`${i}`))
    expect(commits).toEqual([500, 500])
    void writer.add(record('large', 9 * 1024 * 1024))
    expect(commits).toEqual([500, 500, 251])
    writer.flush()
    expect(commits).toEqual([500, 500, 251])
  })

  it('keeps the order in which records came', async () => {
    const keys: string[] = []
    const commit = (records: readonly TaskRecord[]) => {
      keys.push(...records.map(one => one.key))
      return []
    }
    const writer = createWriter({ commit }, () => {})
    const records = Array.from({ length: 750 }, (_, i) => record(`${i}`))
    await Promise.all(records.map(writer.add))
    expect(keys).toEqual(records.map(one => one.key))
  })

  it('tells everybody in the batch when the store fails, and goes on with the next', async () => {
    const commit = vi.fn((): readonly string[] => {
      throw new Error('no space')
    })
    const writer = createWriter({ commit }, () => {})
    const results = await Promise.allSettled([writer.add(record('a')), writer.add(record('b'))])
    expect(results.map(one => one.status)).toEqual(['rejected', 'rejected'])
    commit.mockImplementation(() => [])
    await expect(writer.add(record('c'))).resolves.toBeUndefined()
  })

  it('reports keys for which something else is stored', async () => {
    const conflicts: string[] = []
    const writer = createWriter({ commit: records => [records[0]!.key] }, key => void conflicts.push(key))
    await writer.add(record('a'))
    expect(conflicts).toEqual([sha256('key a')])
  })
})
