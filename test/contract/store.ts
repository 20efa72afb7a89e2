import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Digest, recordDigest, sha256 } from '../../engine/base/digest.ts'
import type { Store, TaskRecord } from '../../engine/contract/store.ts'

/** Larger than what any store keeps in its index. */
export const LARGE_BYTES = 300 * 1024

/** Repeatable bytes that differ for every seed. */
export function bytesOf(seed: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let state = (seed * 2654435761 + 1) >>> 0
  for (let i = 0; i < sizeBytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

export function keyOf(seed: number): Digest {
  return recordDigest('test.key', seed)
}

/** A record with one output `out` that holds `bytes`. */
export function recordOf(seed: number, bytes: Uint8Array, durationMs = 5): TaskRecord {
  const digest = sha256(bytes)
  return {
    key: keyOf(seed),
    recipe: recordDigest('test.recipe', seed % 3),
    outputs: { out: digest },
    durationMs,
    blobs: [{ digest, sizeBytes: bytes.byteLength, content: bytes }],
  }
}

/** What every store promises, registered as tests for one of them. `open` gets an empty folder it may use. */
export function storeContract(name: string, open: (folder: string) => Store): void {
  describe(`${name} keeps the contract of stores`, () => {
    let folder: string
    let store: Store

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'store-contract-'))
      store = open(join(folder, 'store'))
    })

    afterEach(() => {
      store.close()
      rmSync(folder, { recursive: true, force: true })
    })

    it('knows nothing at first', () => {
      expect(store.task(keyOf(1))).toBeUndefined()
      expect(store.has(sha256('x'))).toBe(false)
      expect(store.read(sha256('x'))).toBeUndefined()
      expect(store.deliver(sha256('x'), join(folder, 'x'))).toBe(false)
      expect(existsSync(join(folder, 'x'))).toBe(false)
      expect(store.stats()).toMatchObject({ tasks: 0, blobs: 0, blobBytes: 0 })
    })

    it.each([0, 1, 1000, 256 * 1024, 256 * 1024 + 1, LARGE_BYTES])(
      'returns a value of %i bytes as it was stored',
      size => {
        const bytes = bytesOf(size, size)
        expect(store.commit([recordOf(1, bytes, 12.5)])).toEqual([])
        expect(store.task(keyOf(1))).toEqual({ outputs: { out: sha256(bytes) }, durationMs: 12.5 })
        expect(store.has(sha256(bytes))).toBe(true)
        expect(Buffer.from(store.read(sha256(bytes)) ?? [1, 2]).equals(bytes)).toBe(true)
      },
    )

    it('hands out bytes that typed arrays can be laid over', () => {
      for (const size of [8000, LARGE_BYTES]) {
        const bytes = bytesOf(size, size)
        store.commit([recordOf(size, bytes)])
        expect((store.read(sha256(bytes))?.byteOffset ?? 1) % 8).toBe(0)
      }
    })

    it('does not share memory with the caller', () => {
      const bytes = bytesOf(1, 100)
      const digest = sha256(bytes)
      store.commit([recordOf(1, bytes)])
      bytes.fill(0)
      store.read(digest)?.fill(7)
      expect(sha256(store.read(digest) ?? '')).toBe(digest)
    })

    it('knows outputs whose bytes were never stored', () => {
      const digest = sha256('row only')
      store.commit([{ ...recordOf(1, bytesOf(1, 10)), outputs: { out: digest }, blobs: [] }])
      expect(store.task(keyOf(1))?.outputs).toEqual({ out: digest })
      expect(store.has(digest)).toBe(false)
      expect(store.read(digest)).toBeUndefined()
    })

    it('knows a task without outputs', () => {
      store.commit([{ ...recordOf(1, bytesOf(1, 10)), outputs: {}, blobs: [] }])
      expect(store.task(keyOf(1))?.outputs).toEqual({})
    })

    it('keeps several ports of one task apart', () => {
      const blobs = ['boxes', 'a', 'masks'].map((port, i) => ({ port, bytes: bytesOf(i, 50 + i) }))
      const outputs = Object.fromEntries(blobs.map(({ port, bytes }) => [port, sha256(bytes)]))
      store.commit([
        {
          ...recordOf(1, bytesOf(9, 9)),
          outputs,
          blobs: blobs.map(({ bytes }) => ({ digest: sha256(bytes), sizeBytes: bytes.byteLength, content: bytes })),
        },
      ])
      expect(store.task(keyOf(1))?.outputs).toEqual(outputs)
      for (const { bytes } of blobs) expect(sha256(store.read(sha256(bytes)) ?? '')).toBe(sha256(bytes))
    })

    it('reports a key whose result differs and keeps the first one', () => {
      const [first, second] = [bytesOf(1, 40), bytesOf(2, 40)]
      store.commit([recordOf(1, first)])
      expect(store.commit([recordOf(2, first), recordOf(1, second)])).toEqual([keyOf(1)])
      expect(store.task(keyOf(1))?.outputs).toEqual({ out: sha256(first) })
      expect(store.has(sha256(second))).toBe(false)
    })

    it('reports a key that comes twice in one batch with different results', () => {
      const [first, second] = [bytesOf(1, LARGE_BYTES), bytesOf(2, LARGE_BYTES)]
      expect(store.commit([recordOf(1, first), recordOf(1, second)])).toEqual([keyOf(1)])
      expect(store.task(keyOf(1))?.outputs).toEqual({ out: sha256(first) })
      expect(store.has(sha256(second))).toBe(false)
    })

    it('adds a port that nobody wanted the first time', () => {
      const base = recordOf(1, bytesOf(1, 10))
      store.commit([{ ...base, outputs: { a: sha256('a') }, blobs: [] }])
      expect(store.commit([{ ...base, outputs: { b: sha256('b') }, blobs: [] }])).toEqual([])
      expect(store.commit([{ ...base, outputs: { a: sha256('c'), d: sha256('d') }, blobs: [] }])).toEqual([base.key])
      expect(store.task(base.key)?.outputs).toEqual({ a: sha256('a'), b: sha256('b') })
    })

    it('forgets bytes but not rows when a value is dropped, and takes it again', () => {
      for (const size of [100, LARGE_BYTES]) {
        const bytes = bytesOf(size, size)
        const record = recordOf(size, bytes)
        store.commit([record])
        store.drop(sha256(bytes))
        expect(store.task(record.key)?.outputs).toEqual({ out: sha256(bytes) })
        expect(store.has(sha256(bytes))).toBe(false)
        expect(store.read(sha256(bytes))).toBeUndefined()
        expect(store.commit([record])).toEqual([])
        expect(sha256(store.read(sha256(bytes)) ?? '')).toBe(sha256(bytes))
      }
    })

    it('stores equal bytes of different tasks once', () => {
      store.commit([recordOf(1, bytesOf(1, 100)), recordOf(2, bytesOf(1, 100))])
      store.commit([recordOf(3, bytesOf(1, 100))])
      expect(store.stats()).toMatchObject({ tasks: 3, blobs: 1, blobBytes: 100 })
    })

    it.each([100, LARGE_BYTES])('takes over a finished scratch file of %i bytes', size => {
      const bytes = bytesOf(3, size)
      const scratchPath = store.scratchFile('bin')
      expect(scratchPath.endsWith('.bin')).toBe(true)
      expect(store.scratchFile('bin')).not.toBe(scratchPath)
      writeFileSync(scratchPath, bytes)
      const digest = sha256(bytes)
      store.commit([{ ...recordOf(1, bytes), blobs: [{ digest, sizeBytes: size, content: { scratchPath } }] }])
      expect(existsSync(scratchPath)).toBe(false)
      expect(sha256(store.read(digest) ?? '')).toBe(digest)
    })

    it.each([100, LARGE_BYTES])('gives %i bytes as a file, until they are lost', size => {
      const bytes = bytesOf(7, size)
      const digest = sha256(bytes)
      expect(store.file(digest)).toBeUndefined()
      store.commit([recordOf(1, bytes)])
      const path = store.file(digest)!
      expect(sha256(readFileSync(path))).toBe(digest)
      expect(store.file(digest)).toBe(path)
    })

    it.each([100, LARGE_BYTES])('refuses %i bytes that are not the ones that were hashed', size => {
      const bytes = bytesOf(1, size)
      const digest = sha256('something else')
      const bad = {
        ...recordOf(1, bytes),
        outputs: { out: digest },
        blobs: [{ digest, sizeBytes: size, content: bytes }],
      }
      expect(() => store.commit([bad])).toThrow(TaskError)
      expect(store.task(keyOf(1))).toBeUndefined()
      expect(store.has(digest)).toBe(false)
    })

    it.each([100, LARGE_BYTES])('delivers a value of %i bytes into a folder it makes', size => {
      const bytes = bytesOf(4, size)
      store.commit([recordOf(1, bytes)])
      const path = join(folder, 'out', 'deep', 'masks.csv')
      expect(store.deliver(sha256(bytes), path)).toBe('written')
      expect(readFileSync(path).equals(bytes)).toBe(true)
      expect(readdirSync(join(folder, 'out', 'deep'))).toEqual(['masks.csv'])
    })

    it('leaves an unchanged delivered file alone and replaces a changed one', () => {
      const bytes = bytesOf(5, 500)
      store.commit([recordOf(1, bytes)])
      const path = join(folder, 'out.csv')
      store.deliver(sha256(bytes), path)
      utimesSync(path, 1000, 1000)
      const inode = statSync(path).ino
      expect(store.deliver(sha256(bytes), path)).toBe('unchanged')
      expect(statSync(path)).toMatchObject({ ino: inode, mtimeMs: 1_000_000 })
      writeFileSync(path, bytesOf(6, 500))
      expect(store.deliver(sha256(bytes), path)).toBe('written')
      expect(readFileSync(path).equals(bytes)).toBe(true)
    })

    it('does not deliver over a folder', () => {
      const bytes = bytesOf(5, 50)
      store.commit([recordOf(1, bytes)])
      mkdirSync(join(folder, 'taken'))
      expect(() => store.deliver(sha256(bytes), join(folder, 'taken'))).toThrow(/there is a folder of that name/)
    })

    it('hashes files by content', () => {
      const path = join(folder, 'picture.png')
      writeFileSync(path, 'one')
      expect(store.fileDigest(path)).toEqual({ sha256: sha256('one'), sizeBytes: 3 })
      writeFileSync(path, 'two')
      expect(store.fileDigest(path)).toEqual({ sha256: sha256('two'), sizeBytes: 3 })
      utimesSync(path, 1000, 1000)
      expect(store.fileDigest(path)).toEqual({ sha256: sha256('two'), sizeBytes: 3 })
      writeFileSync(path, '')
      expect(store.fileDigest(path)).toEqual({ sha256: sha256(''), sizeBytes: 0 })
    })

    it('hashes many files as it hashes one, and says so when one is not there or not a file', () => {
      const one = join(folder, 'one.png')
      writeFileSync(one, 'one')
      const other = join(folder, 'other.png')
      writeFileSync(other, 'other')
      const both = [store.fileDigest(one), store.fileDigest(other)]
      expect(store.fileDigests([one, other])).toEqual(both)
      expect(store.fileDigests([])).toEqual([])
      expect(() => store.fileDigests([one, join(folder, 'none.png')])).toThrow(/There is no file/)
      expect(() => store.fileDigest(join(folder, 'none.png'))).toThrow(/There is no file/)
      expect(() => store.fileDigest(folder)).toThrow(/Expected a file/)
    })

    it('remembers small JSON and recipes', () => {
      expect(store.memo.get(sha256('m'))).toBeUndefined()
      store.memo.set(sha256('m'), '{"a":1}')
      store.memo.set(sha256('m'), '{"a":2}')
      expect(store.memo.get(sha256('m'))).toBe('{"a":2}')
      const record = recordOf(1, bytesOf(1, 10))
      store.commit([record])
      expect(store.recipes.get(record.recipe)).toBeUndefined()
      store.recipes.set(record.recipe, '["x"]')
      expect(store.recipes.get(record.recipe)).toBe('["x"]')
    })

    it('lists runs, newest first', () => {
      for (const [i, id] of ['a', 'b', 'c'].entries()) {
        store.runs.start({ id, pipeline: 'p', path: '/p.yaml', startedMs: 1000 + i, paramsJson: '{}' })
      }
      store.runs.finish('b', { finishedMs: 5000, status: 'done', summaryJson: '{"hits":1}' })
      const common = { pipeline: 'p', path: '/p.yaml', paramsJson: '{}' }
      expect(store.runs.list(2)).toEqual([
        { ...common, id: 'c', startedMs: 1002, finishedMs: undefined, status: 'running', summaryJson: undefined },
        { ...common, id: 'b', startedMs: 1001, finishedMs: 5000, status: 'done', summaryJson: '{"hits":1}' },
      ])
    })

    it('does not compare a run with itself', () => {
      store.runs.start({ id: 'a', pipeline: 'p', path: '/p.yaml', startedMs: 1000, paramsJson: '{}' })
      store.runs.cell('a', { address: 'step', recipe: sha256('r'), inputs: [], outputs: {} })
      expect(store.runs.lastCell('/p.yaml', 'step')).toBeUndefined()
    })

    it('never gives a wrong hit, whatever is done in whatever order', () => {
      const size = fc.constantFrom(0, 10, 1000, LARGE_BYTES)
      const step = fc.record({ action: fc.constantFrom('commit', 'recommit', 'drop', 'clash'), seed: fc.nat(5), size })
      let round = 0
      fc.assert(
        fc.property(fc.array(step, { maxLength: 12 }), steps => {
          const own = open(join(folder, `round-${round++}`))
          const truth = new Map<Digest, Digest>()
          try {
            for (const { action, seed, size } of steps) {
              const record = recordOf(seed, bytesOf(action === 'clash' ? seed + 1000 : seed, size))
              const digest = record.outputs['out'] as Digest
              if (action === 'drop') own.drop(truth.get(record.key) ?? digest)
              else {
                const refused = own.commit([record])
                const known = truth.get(record.key)
                expect(refused).toEqual(known === undefined || known === digest ? [] : [record.key])
                truth.set(record.key, known ?? digest)
              }
              expect(wrongHits(own, truth)).toEqual([])
            }
          } finally {
            own.close()
          }
        }),
        { numRuns: 25, seed: 7 },
      )
    })

    it('would be caught if it did give a wrong hit', () => {
      const truth = new Map<Digest, Digest>()
      for (const seed of [1, 2]) {
        store.commit([recordOf(seed, bytesOf(seed, 64))])
        truth.set(keyOf(seed), sha256(bytesOf(seed, 64)))
      }
      const liesAboutRows: Store = { ...store, task: key => store.task(key === keyOf(1) ? keyOf(2) : key) }
      const liesAboutBytes: Store = { ...store, read: digest => store.read(digest)?.fill(0) }
      expect(wrongHits(store, truth)).toEqual([])
      expect(wrongHits(liesAboutRows, truth)).not.toEqual([])
      expect(wrongHits(liesAboutBytes, truth)).not.toEqual([])
    })
  })
}

/**
 * Keys (with output `out`) for which the store says something that is not so: another digest, bytes that do not match
 * their digest, bytes it still says it has after it could not hand them out. Saying nothing is never wrong.
 */
export function wrongHits(store: Pick<Store, 'task' | 'has' | 'read'>, truth: ReadonlyMap<Digest, Digest>): string[] {
  const wrong: string[] = []
  for (const [key, digest] of truth) {
    const row = store.task(key)
    if (row !== undefined && row.outputs['out'] !== digest) wrong.push(`${key}: another digest`)
    const claimed = store.has(digest)
    const bytes = store.read(digest)
    if (bytes !== undefined && sha256(bytes) !== digest) wrong.push(`${key}: other bytes`)
    if (claimed && bytes === undefined && store.has(digest))
      wrong.push(`${key}: bytes still promised after they could not be given`)
  }
  return wrong
}
