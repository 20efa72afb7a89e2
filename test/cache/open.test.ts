import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openReader, openStore } from '../../cache/open.ts'
import { sha256 } from '../../engine/base/digest.ts'
import { bytesOf, keyOf, LARGE_BYTES, recordOf, storeContract } from '../contract/store.ts'

storeContract('the store on disk', folder => openStore(folder))

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-open-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('a store on disk', () => {
  it('still knows everything after it was closed', () => {
    const store = openStore(folder)
    store.commit([recordOf(1, bytesOf(1, 100)), recordOf(2, bytesOf(2, LARGE_BYTES))])
    store.memo.set(sha256('m'), '1')
    store.recipes.set(sha256('r'), '2')
    store.close()
    const again = openStore(folder)
    expect(again.task(keyOf(2))?.outputs).toEqual({ out: sha256(bytesOf(2, LARGE_BYTES)) })
    expect(again.read(sha256(bytesOf(1, 100)))).toBeDefined()
    expect(again.read(sha256(bytesOf(2, LARGE_BYTES)))).toBeDefined()
    expect(again.memo.get(sha256('m'))).toBe('1')
    expect(again.recipes.get(sha256('r'))).toBe('2')
    again.close()
  })

  it('puts small values into the index and large ones, read-only, under their digest', () => {
    const store = openStore(folder)
    const large = bytesOf(2, LARGE_BYTES)
    store.commit([recordOf(1, bytesOf(1, 256 * 1024)), recordOf(2, large)])
    expect(store.stats()).toMatchObject({ tasks: 2, blobs: 2, inlineBlobs: 1, fileBlobs: 1 })
    const digest = sha256(large)
    expect(readFileSync(join(folder, 'objects', digest.slice(0, 2), digest.slice(2))).equals(large)).toBe(true)
    expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    store.close()
  })

  it('keeps itself out of git and of backups', () => {
    openStore(folder).close()
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n')
    expect(readFileSync(join(folder, 'CACHEDIR.TAG'), 'utf8')).toContain('8a477f597d28d172789f06886806bc55')
  })

  it('finds the last record of a cell in earlier runs of the same pipeline', () => {
    const first = openStore(folder)
    const cell = {
      address: 'heads[model=L1]',
      recipe: sha256('r'),
      inputs: [['boxes', [sha256('a'), sha256('b')]]] as const,
    }
    for (const [i, path] of ['/p.yaml', '/p.yaml', '/other.yaml'].entries()) {
      first.runs.start({ id: `run-${i}`, pipeline: 'p', path, startedMs: 1000 + i, paramsJson: '{}' })
      first.runs.cell(`run-${i}`, { ...cell, outputs: { out: sha256(`${i}`) } })
    }
    expect(first.runs.lastCell('/p.yaml', cell.address)).toBeUndefined()
    first.close()
    const second = openStore(folder)
    second.runs.start({ id: 'now', pipeline: 'p', path: '/p.yaml', startedMs: 3000, paramsJson: '{}' })
    second.runs.cell('now', { ...cell, outputs: {} })
    expect(second.runs.lastCell('/p.yaml', cell.address)).toEqual({
      ...cell,
      runId: 'run-1',
      outputs: { out: sha256('1') },
    })
    expect(second.runs.lastCell('/p.yaml', 'other')).toBeUndefined()
    second.close()
  })
})

describe('a reader', () => {
  it('sees what the writer commits after it was opened', () => {
    const store = openStore(folder)
    const reader = openReader(folder)
    for (const [seed, size] of [
      [1, 100],
      [2, LARGE_BYTES],
    ] as const) {
      expect(reader.task(keyOf(seed))).toBeUndefined()
      const bytes = bytesOf(seed, size)
      expect(reader.has(sha256(bytes))).toBe(false)
      store.commit([recordOf(seed, bytes)])
      expect(reader.task(keyOf(seed))).toEqual(store.task(keyOf(seed)))
      expect(reader.has(sha256(bytes))).toBe(true)
      expect(sha256(reader.read(sha256(bytes)) ?? '')).toBe(sha256(bytes))
    }
    reader.close()
    store.close()
  })

  it('may be opened before there is a store', () => {
    const reader = openReader(join(folder, 'later'))
    expect(reader.task(keyOf(1))).toBeUndefined()
    const store = openStore(join(folder, 'later'))
    store.commit([recordOf(1, bytesOf(1, 10))])
    expect(reader.task(keyOf(1))).toEqual(store.task(keyOf(1)))
    reader.close()
    store.close()
  })

  it('gives values as files: large ones where they are, small ones for as long as it is open', () => {
    const store = openStore(folder)
    const reader = openReader(folder)
    const [small, large] = [bytesOf(1, 100), bytesOf(2, LARGE_BYTES)]
    store.commit([recordOf(1, small), recordOf(2, large)])
    const path = reader.file(sha256(large))!
    expect(path).toBe(join(folder, 'objects', sha256(large).slice(0, 2), sha256(large).slice(2)))
    const copy = reader.file(sha256(small))!
    expect(sha256(readFileSync(copy))).toBe(sha256(small))
    reader.close()
    expect(existsSync(copy)).toBe(false)
    const next = openReader(folder)
    chmodSync(path, 0o644)
    writeFileSync(path, bytesOf(3, LARGE_BYTES))
    expect(next.file(sha256(large))).toBeUndefined()
    rmSync(path)
    expect(next.file(sha256(large))).toBeUndefined()
    next.close()
    store.close()
  })

  it('names scratch files in the folder of the store', () => {
    openStore(folder).close()
    const reader = openReader(folder)
    expect(reader.scratchFile('f16').startsWith(join(folder, 'tmp'))).toBe(true)
    reader.close()
  })
})
