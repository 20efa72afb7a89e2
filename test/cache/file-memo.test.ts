import { appendFileSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore } from '../../cache/open.ts'
import { sha256 } from '../../engine/base/digest.ts'
import { faultyFiles } from './faulty-files.ts'

let folder: string
let path: string
let reads: number

const counting = faultyFiles((name, args) => {
  if (name === 'openSync' && args[0] === path) reads++
})

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-memo-'))
  path = join(folder, 'picture.png')
  reads = 0
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Opens the store in a world where the clock is `aheadMs` further than the file's times. */
function digestAt(aheadMs: number): string {
  const { mtimeMs, ctimeMs } = statSync(path)
  const store = openStore(join(folder, 'store'), { files: counting, now: () => Math.max(mtimeMs, ctimeMs) + aheadMs })
  const found = store.fileDigest(path).sha256
  store.close()
  return found
}

it('reads a file once, then only its times', () => {
  writeFileSync(path, 'pixels')
  for (let i = 0; i < 3; i++) expect(digestAt(10_000)).toBe(sha256('pixels'))
  expect(reads).toBe(1)
})

it('does not trust a file that was changed less than two seconds before it was read', () => {
  writeFileSync(path, 'pixels')
  expect([digestAt(1900), digestAt(1900), digestAt(2100), digestAt(2100)]).toEqual(Array(4).fill(sha256('pixels')))
  expect(reads).toBe(3)
})

it('does not trust a file whose times are in the future', () => {
  writeFileSync(path, 'pixels')
  digestAt(-5000)
  digestAt(-5000)
  expect(reads).toBe(2)
})

it('reads again after the file was touched, replaced, or changed under the same time and size', () => {
  writeFileSync(path, 'pixels')
  utimesSync(path, 1000, 1000)
  expect(digestAt(10_000)).toBe(sha256('pixels'))
  utimesSync(path, 2000, 2000)
  expect(digestAt(10_000)).toBe(sha256('pixels'))
  expect(reads).toBe(2)
  writeFileSync(path, 'PIXELS')
  utimesSync(path, 2000, 2000)
  expect(digestAt(10_000)).toBe(sha256('PIXELS'))
  writeFileSync(join(folder, 'other'), 'others')
  utimesSync(join(folder, 'other'), 2000, 2000)
  renameSync(join(folder, 'other'), path)
  expect(digestAt(10_000)).toBe(sha256('others'))
})

it('gives up on a file that changes while it is read', () => {
  writeFileSync(path, 'pixels')
  let growing = true
  let opened = false
  const files = faultyFiles((name, args) => {
    if (name === 'openSync' && args[0] === path) {
      reads++
      opened = true
    }
    if (name === 'readSync' && opened && growing) appendFileSync(path, 'x')
    if (name === 'readSync') opened = false
  })
  const store = openStore(join(folder, 'store'), { files })
  expect(() => store.fileDigest(path)).toThrow(/changed while it was being read/)
  expect(reads).toBe(3)
  growing = false
  expect(store.fileDigest(path)).toEqual({ sha256: sha256('pixelsxxx'), sizeBytes: 9 })
  store.close()
})
