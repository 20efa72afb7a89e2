import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, bench, describe } from 'vitest'
import { openReader, openStore } from '../../cache/open.ts'
import { sha256 } from '../../engine/base/digest.ts'
import type { TaskRecord } from '../../engine/contract/store.ts'

/** Rows of the store that is read: an ensemble of 12 views on about 8,000 images. */
const ROWS = 100_000
const BATCH = 100

const folder = mkdtempSync(join(tmpdir(), 'store-bench-'))
const filled = join(folder, 'filled')
const keys = fill()

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function randomRecord(sizeBytes: number): TaskRecord {
  const bytes = randomBytes(sizeBytes)
  const digest = sha256(bytes)
  return {
    key: sha256(bytes.subarray(0, 8)),
    recipe: sha256('recipe'),
    outputs: { detections: digest },
    durationMs: 400,
    blobs: [{ digest, sizeBytes, content: bytes }],
  }
}

function fill(): string[] {
  const store = openStore(filled)
  const all: string[] = []
  while (all.length < ROWS) {
    const records = Array.from({ length: 1000 }, () => randomRecord(200))
    store.commit(records)
    all.push(...records.map(({ key }) => key))
  }
  store.close()
  return all
}

describe(`with ${ROWS} rows`, () => {
  const store = openStore(filled)
  const reader = openReader(filled)
  let next = 0
  const some = (): string[] =>
    Array.from({ length: 1000 }, () => {
      next = (next + 7919) % keys.length
      return keys[next] as string
    })

  bench('1000 task look-ups, writer', () => {
    for (const key of some()) store.task(key)
  })
  bench('1000 task look-ups, reader', () => {
    for (const key of some()) reader.task(key)
  })
  bench('1000 look-ups of unknown tasks, reader', () => {
    for (const key of some()) reader.task(`${key.slice(0, 60)}0000`)
  })
  bench('1000 task look-ups with has() and read() of 200 bytes', () => {
    for (const key of some()) {
      const digest = store.task(key)?.outputs['detections'] as string
      if (store.has(digest)) store.read(digest)
    }
  })
  bench('open and close', () => {
    openStore(filled).close()
  })
  bench('open a reader, one look-up, close', () => {
    const own = openReader(filled)
    own.task(keys[0] as string)
    own.close()
  })
})

describe(`commits in batches of ${BATCH}`, () => {
  const store = openStore(join(folder, 'written'))
  for (const [name, sizeBytes] of [
    ['1 KB', 1000],
    ['100 KB', 100_000],
    ['400 KB (files)', 400_000],
  ] as const) {
    let batch: TaskRecord[] = []
    bench(name, () => void store.commit(batch), {
      setup: task => {
        task.opts.beforeEach = () => {
          batch = Array.from({ length: BATCH }, () => randomRecord(sizeBytes))
        }
      },
      iterations: 5,
      time: 1000,
    })
  }
})
