import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore } from '../../cache/open.ts'
import { sha256 } from '../../engine/base/digest.ts'
import type { Store, TaskRecord } from '../../engine/contract/store.ts'
import { bytesOf, keyOf, LARGE_BYTES, recordOf } from '../contract/store.ts'
import { brokenPromises, Crash, crashingFiles } from './faulty-files.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-crash-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A small value, a large one, a large scratch file and a small one. */
function batch(store: Store): TaskRecord[] {
  const scratch = [2, 3].map(seed => {
    const bytes = bytesOf(seed, seed === 2 ? LARGE_BYTES : 100)
    const scratchPath = store.scratchFile('bin')
    writeFileSync(scratchPath, bytes)
    return {
      ...recordOf(seed, bytes),
      blobs: [{ digest: sha256(bytes), sizeBytes: bytes.byteLength, content: { scratchPath } }],
    }
  })
  return [recordOf(0, bytesOf(0, 100)), recordOf(1, bytesOf(1, LARGE_BYTES)), ...scratch]
}

/** Did the action end in the injected crash? Any other error fails the test. */
function crashed(action: () => unknown): boolean {
  try {
    action()
    return false
  } catch (error) {
    if (error instanceof Crash) return true
    throw error
  }
}

const truth = new Map(
  [100, LARGE_BYTES, LARGE_BYTES, 100].map((size, seed) => [keyOf(seed), sha256(bytesOf(seed, size))] as const),
)

it('keeps its promises when the process dies at any step of a commit, and takes the same commit again', () => {
  const counting = crashingFiles(Number.POSITIVE_INFINITY)
  const whole = openStore(join(folder, 'whole'), { files: counting.files })
  const before = counting.calls()
  whole.commit(batch(whole))
  const steps = counting.calls() - before
  whole.close()
  // The last calls remove both scratch files; nobody is told of a failure there.
  const removals = 2
  expect(steps).toBeGreaterThan(8)

  for (let step = 1; step <= steps; step++) {
    const directory = join(folder, `step-${step}`)
    const { files } = crashingFiles(before + step)
    const store = openStore(directory, { files })
    expect(
      crashed(() => store.commit(batch(store))),
      `step ${step}`,
    ).toBe(step <= steps - removals)
    store.close()
    expect(brokenPromises(directory, truth), `step ${step}`).toEqual([])

    const again = openStore(directory)
    expect(again.commit(batch(again))).toEqual([])
    for (const [key, digest] of truth) {
      expect(again.task(key)?.outputs).toEqual({ out: digest })
      expect(sha256(again.read(digest) ?? '')).toBe(digest)
    }
    again.close()
  }
})

it('opens after a process died at any step of opening it', () => {
  const counting = crashingFiles(Number.POSITIVE_INFINITY)
  openStore(join(folder, 'whole'), { files: counting.files }).close()
  for (let step = 1; step <= counting.calls(); step++) {
    const directory = join(folder, `step-${step}`)
    expect(() => openStore(directory, { files: crashingFiles(step).files })).toThrow(Crash)
    const store = openStore(directory)
    expect(store.commit([recordOf(1, bytesOf(1, LARGE_BYTES))])).toEqual([])
    store.close()
  }
})

it('leaves the old file in place when the process dies at any step of a delivery', () => {
  const directory = join(folder, 'store')
  const digest = sha256(bytesOf(1, LARGE_BYTES))
  const setup = openStore(directory)
  setup.commit([recordOf(1, bytesOf(1, LARGE_BYTES))])
  setup.close()
  const path = join(folder, 'out.bin')
  const counting = crashingFiles(Number.POSITIVE_INFINITY)
  const whole = openStore(directory, { files: counting.files })
  const before = counting.calls()
  whole.deliver(digest, path)
  const steps = counting.calls() - before
  whole.close()
  expect(steps).toBeGreaterThanOrEqual(4)

  const seen = new Set<string>()
  for (let step = 1; step <= steps; step++) {
    writeFileSync(path, 'old')
    const store = openStore(directory, { files: crashingFiles(before + step).files })
    crashed(() => store.deliver(digest, path))
    store.close()
    const reader = openStore(directory)
    seen.add(reader.fileDigest(path).sha256)
    reader.close()
  }
  expect([...seen].sort()).toEqual([sha256('old'), digest].sort())
})
