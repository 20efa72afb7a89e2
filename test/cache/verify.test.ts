import { chmodSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listStore } from '../../cache/list.ts'
import { objectPath } from '../../cache/objects.ts'
import { openStore } from '../../cache/open.ts'
import { exportRun, importStore } from '../../cache/transfer.ts'
import { verifyStore } from '../../cache/verify.ts'
import { type Digest, recordDigest, sha256 } from '../../engine/base/digest.ts'
import type { Store, TaskRecord } from '../../engine/contract/store.ts'
import { bytesOf, keyOf, LARGE_BYTES, recordOf } from '../contract/store.ts'
import { brokenPromises } from './faulty-files.ts'

const DAY = 24 * 3600 * 1000
const START_MS = 1_800_000_000_000

let folder: string
let directory: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-verify-'))
  directory = join(folder, 'store')
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function withStore(action: (store: Store) => void, path = directory, nowMs = START_MS): void {
  const store = openStore(path, { now: () => nowMs })
  action(store)
  store.close()
}

function sizeOf(seed: number): number {
  return seed < 3 ? LARGE_BYTES : 1000
}

function records(seeds: readonly number[]): TaskRecord[] {
  return seeds.map(seed => recordOf(seed, bytesOf(seed, sizeOf(seed)), 10 * seed))
}

function digestOf(seed: number): Digest {
  return sha256(bytesOf(seed, sizeOf(seed)))
}

describe('verification', () => {
  it('finds nothing in a good store', () => {
    withStore(store => store.commit(records([0, 1, 2, 3, 4])))
    const bytes = 3 * LARGE_BYTES + 2000
    expect(verifyStore(directory)).toEqual({
      results: 5,
      damagedResults: 0,
      values: 5,
      bytes,
      damagedValues: [],
      missingValues: [],
      adoptedValues: 0,
    })
  })

  it('drops what is damaged or gone, adopts what has no row, and finds nothing the next time', () => {
    withStore(store => store.commit(records([0, 1, 2, 3, 4, 5])))
    const damaged = objectPath(directory, digestOf(0))
    chmodSync(damaged, 0o644)
    writeFileSync(damaged, readFileSync(damaged).fill(0, 5, 6))
    unlinkSync(objectPath(directory, digestOf(1)))
    const db = new Database(join(directory, 'index.db'))
    const change = (sql: string, digest: Digest): void => {
      db.prepare(sql).run(Buffer.from(digest, 'hex'))
    }
    change('UPDATE bytes SET content = zeroblob(1000) WHERE blob = (SELECT id FROM blob WHERE digest = ?)', digestOf(3))
    change('DELETE FROM blob WHERE digest = ?', digestOf(2))
    change('UPDATE task SET digests = zeroblob(32) WHERE key = ?', keyOf(4))
    db.close()
    const found = verifyStore(directory)
    expect(found).toMatchObject({ results: 6, damagedResults: 1, adoptedValues: 1, missingValues: [digestOf(1)] })
    expect([...found.damagedValues].sort()).toEqual([digestOf(0), digestOf(3)].sort())
    expect(verifyStore(directory)).toMatchObject({
      results: 5,
      damagedResults: 0,
      damagedValues: [],
      missingValues: [],
    })
    withStore(store => {
      expect([0, 1, 2, 3, 5].filter(seed => store.has(digestOf(seed)))).toEqual([2, 5])
      store.commit(records([0, 1, 2, 3, 4, 5]))
    })
    expect(brokenPromises(directory, new Map([0, 1, 2, 3, 4, 5].map(seed => [keyOf(seed), digestOf(seed)])))).toEqual(
      [],
    )
  })

  it('sets a damaged index aside', () => {
    withStore(store => store.commit(records(Array.from({ length: 300 }, (_, i) => i + 3))))
    const path = join(directory, 'index.db')
    const bytes = readFileSync(path)
    const found: string[] = []
    const at = bytes.indexOf(Buffer.from(keyOf(100), 'hex'))
    const page = at - (at % 16384)
    writeFileSync(path, bytes.fill(0xee, page, page + 16384))
    const { results } = verifyStore(directory, { remark: message => found.push(message) })
    expect(found.join()).toContain('set aside')
    expect(verifyStore(directory)).toMatchObject({ results, damagedResults: 0, damagedValues: [] })
    withStore(store => expect(store.commit(records([100]))).toEqual([]))
  })

  it('reports how far it is', () => {
    withStore(store => store.commit(records([3, 4])))
    const steps: unknown[] = []
    verifyStore(directory, { onProgress: done => steps.push(done) })
    expect(steps).toEqual([{ values: 2, ofValues: 2, bytes: 2000 }])
  })
})

describe('the list', () => {
  it('says per recipe what is known, what is there, what it cost and when it was used', () => {
    withStore(store => {
      store.commit(records([0, 1, 3, 4, 6]))
      store.drop(digestOf(1))
      store.recipes.set(recordDigest('test.recipe', 0), '["boxes/nms"]')
    })
    expect(listStore(directory)).toEqual([
      {
        recipe: recordDigest('test.recipe', 0),
        json: '["boxes/nms"]',
        results: 3,
        bytes: LARGE_BYTES + 2000,
        durationMs: 90,
        lastUsedMs: START_MS,
      },
      {
        recipe: recordDigest('test.recipe', 1),
        json: undefined,
        results: 2,
        bytes: 1000,
        durationMs: 50,
        lastUsedMs: START_MS,
      },
    ])
  })

  it('counts all outputs of a task', () => {
    const values = [1, 2, 3].map(seed => bytesOf(seed, 100 * seed))
    withStore(store =>
      store.commit([
        {
          ...recordOf(1, bytesOf(1, 1)),
          outputs: Object.fromEntries(values.map((bytes, i) => [`port${i}`, sha256(bytes)])),
          blobs: values.map(bytes => ({ digest: sha256(bytes), sizeBytes: bytes.byteLength, content: bytes })),
        },
      ]),
    )
    expect(listStore(directory)).toMatchObject([{ results: 1, bytes: 600 }])
  })

  it('of an empty store is empty', () => {
    expect(listStore(directory)).toEqual([])
  })
})

describe('a run taken elsewhere', () => {
  const target = (): string => join(folder, 'exported')

  function twoRuns(): void {
    withStore(store => store.commit(records([0, 3])))
    withStore(
      store => {
        store.runs.start({ id: 'second', pipeline: 'p', path: '/p', startedMs: START_MS + DAY, paramsJson: '{}' })
        store.task(keyOf(3))
        store.commit(records([1, 4]))
        store.recipes.set(recordDigest('test.recipe', 1), '["x"]')
        store.runs.finish('second', { finishedMs: START_MS + DAY, status: 'done', summaryJson: '{}' })
      },
      directory,
      START_MS + DAY,
    )
  }

  it('brings what it made and what it used, and nothing older', () => {
    twoRuns()
    expect(exportRun(directory, 'second', target())).toEqual({
      results: 3,
      values: 3,
      bytes: LARGE_BYTES + 2000,
      refused: 0,
    })
    const elsewhere = join(folder, 'elsewhere')
    withStore(store => store.commit(records([5])), elsewhere)
    expect(importStore(elsewhere, target())).toMatchObject({ results: 3, refused: 0 })
    withStore(store => {
      expect([0, 1, 3, 4, 5].filter(seed => store.task(keyOf(seed)) !== undefined)).toEqual([1, 3, 4, 5])
      expect([1, 3, 4, 5].filter(seed => store.has(digestOf(seed)))).toEqual([1, 3, 4, 5])
      expect(store.recipes.get(recordDigest('test.recipe', 1))).toBe('["x"]')
    }, elsewhere)
    expect(brokenPromises(elsewhere, new Map([1, 3, 4, 5].map(seed => [keyOf(seed), digestOf(seed)])))).toEqual([])
  })

  it('leaves what the target knows already as it is', () => {
    twoRuns()
    withStore(store => store.commit([recordOf(4, bytesOf(999, 10))]), target())
    expect(exportRun(directory, 'second', target())).toMatchObject({ results: 3, refused: 1 })
    withStore(store => expect(store.task(keyOf(4))?.outputs).toEqual({ out: sha256(bytesOf(999, 10)) }), target())
  })

  it('leaves damaged rows behind', () => {
    twoRuns()
    const db = new Database(join(directory, 'index.db'))
    db.prepare('UPDATE task SET digests = zeroblob(32) WHERE key = ?').run(Buffer.from(keyOf(4), 'hex'))
    db.close()
    expect(exportRun(directory, 'second', target())).toMatchObject({ results: 2 })
  })

  it('needs a run and a store', () => {
    twoRuns()
    expect(() => exportRun(directory, 'third', target())).toThrow(/no record of a run third/)
    expect(() => importStore(directory, join(folder, 'nowhere'))).toThrow(/Expected a cache folder/)
  })
})
