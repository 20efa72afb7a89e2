import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { openStore } from '../../cache/open.ts'
import { type Digest, sha256 } from '../../engine/base/digest.ts'
import { bytesOf, keyOf, LARGE_BYTES } from '../contract/store.ts'
import { type Compiled, compileStore, ended, messages } from './compiled.ts'
import { brokenPromises } from './faulty-files.ts'

let compiled: Compiled
let folder: string

beforeAll(() => {
  compiled = compileStore()
})

afterAll(() => compiled.remove())

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-processes-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Commits tasks FIRST, FIRST + 1, … in batches until told otherwise; the same bytes for the same task as here. */
const WRITER = `
import { openStore } from './cache/open.js'
import { recordDigest, sha256 } from './engine/base/digest.js'
${bytesOf.toString()}
const [folder, first, count, batch] = process.argv.slice(2)
const store = openStore(folder)
process.send('open')
let refused = 0
for (let at = Number(first); at < Number(first) + Number(count); at += Number(batch)) {
  const records = []
  for (let seed = at; seed < at + Number(batch); seed++) {
    const bytes = bytesOf(seed, seed % 10 === 0 ? ${LARGE_BYTES} : 2000)
    const digest = sha256(bytes)
    records.push({ key: recordDigest('test.key', seed), recipe: sha256('r'), outputs: { out: digest }, durationMs: 1,
      blobs: [{ digest, sizeBytes: bytes.byteLength, content: bytes }] })
  }
  refused += store.commit(records).length
  process.send('committed')
}
store.close()
process.exitCode = refused === 0 ? 0 : 3
`

function truthOf(count: number): Map<Digest, Digest> {
  return new Map(
    Array.from({ length: count }, (_, seed) => [
      keyOf(seed),
      sha256(bytesOf(seed, seed % 10 === 0 ? LARGE_BYTES : 2000)),
    ]),
  )
}

it('takes commits of several processes at once, of the same tasks and of different ones', async () => {
  const children = [0, 0, 100].map(first => compiled.start(WRITER, [folder, String(first), '200', '10']))
  const ends = await Promise.all(children.map(ended))
  expect(ends).toEqual(ends.map(() => ({ code: 0, signal: null })))
  const truth = truthOf(300)
  expect(brokenPromises(folder, truth)).toEqual([])
  const store = openStore(folder)
  expect([...truth.keys()].filter(key => store.task(key) === undefined)).toEqual([])
  store.close()
})

it('opens a fresh store from several processes at once', async () => {
  const children = Array.from({ length: 4 }, (_, i) => compiled.start(WRITER, [folder, String(i * 10), '10', '10']))
  const ends = await Promise.all(children.map(ended))
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0])
  expect(brokenPromises(folder, truthOf(40))).toEqual([])
})

it('never has a row without its bytes after a writer was killed in the middle, twenty times', async () => {
  const truth = truthOf(3000)
  let known = 0
  for (let round = 0; round < 20; round++) {
    const child = compiled.start(WRITER, [folder, '0', '3000', '7'])
    const end = ended(child)
    // A different moment each time: right after some commits, or as soon as an object of the next one is there.
    await messages(child, 2 + round)
    await objectsReach(countObjects() + (round % 3))
    child.kill('SIGKILL')
    expect((await end).signal).toBe('SIGKILL')
    expect(brokenPromises(folder, truth)).toEqual([])
    const store = openStore(folder)
    const now = [...truth.keys()].filter(key => store.task(key) !== undefined).length
    expect(now).toBeGreaterThanOrEqual(known)
    known = now
    expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    store.close()
  }
  expect(known).toBeGreaterThan(0)
  expect(known).toBeLessThan(3000)
})

function countObjects(): number {
  const root = join(folder, 'objects')
  return readdirSync(root).reduce((sum, shard) => sum + readdirSync(join(root, shard)).length, 0)
}

async function objectsReach(count: number): Promise<void> {
  while (countObjects() < count) await new Promise(resolve => setImmediate(resolve))
}
