import {
  appendFileSync,
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openReader, openStore } from '../../cache/open.ts'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Digest, sha256 } from '../../engine/base/digest.ts'
import type { TaskRecord } from '../../engine/contract/store.ts'
import { bytesOf, keyOf, LARGE_BYTES, recordOf, wrongHits } from '../contract/store.ts'
import { brokenPromises, objectsIn } from './faulty-files.ts'

let folder: string
let remarks: string[]
const remark = (message: string): void => {
  remarks.push(message)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-damage-'))
  remarks = []
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const TASKS = 300
const truth = new Map<Digest, Digest>(
  Array.from({ length: TASKS }, (_, seed) => [keyOf(seed), sha256(bytesOf(seed, sizeOf(seed)))]),
)

function sizeOf(seed: number): number {
  if (seed === 0) return LARGE_BYTES
  return seed % 20 === 0 ? 40_000 : 500
}

function records(): TaskRecord[] {
  return Array.from({ length: TASKS }, (_, seed) => recordOf(seed, bytesOf(seed, sizeOf(seed))))
}

/** A closed store with all of `truth` in it. */
function fill(): string {
  const store = openStore(folder)
  store.commit(records())
  store.close()
  return join(folder, 'index.db')
}

/** How many results are still known, and that none of them is wrong. */
function survivors(): number {
  const store = openStore(folder, { remark })
  expect(wrongHits(store, truth)).toEqual([])
  const known = [...truth.keys()].filter(key => store.task(key) !== undefined).length
  expect(store.commit(records())).toEqual([])
  store.close()
  expect(brokenPromises(folder, truth)).toEqual([])
  return known
}

function asideFiles(): string[] {
  return existsSync(join(folder, 'aside')) ? readdirSync(join(folder, 'aside')).sort() : []
}

describe('a damaged index', () => {
  it.each([
    [0.9, TASKS],
    [0.5, 0],
    [0.2, 0],
    [0.05, 0],
  ])(
    'truncated to %d of its size is set aside; what can be trusted is taken over, at least %i results here',
    (share, atLeast) => {
      const path = fill()
      truncateSync(path, Math.floor(statSync(path).size * share))
      expect(survivors()).toBeGreaterThanOrEqual(atLeast)
      expect(remarks.join()).toMatch(/malformed.*set aside as .*aside/s)
      expect(asideFiles()[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-malformed-sqlite-corrupt\.db$/)
    },
  )

  it('truncated by one page loses little', () => {
    const path = fill()
    truncateSync(path, statSync(path).size - 16384)
    expect(survivors()).toBeGreaterThan(TASKS / 2)
  })

  it.each(['overwritten with text', 'filled with zeros', 'cut inside its header'])('%s is set aside', how => {
    const path = fill()
    const size = statSync(path).size
    if (how === 'overwritten with text') writeFileSync(path, 'not a database '.repeat(5000))
    if (how === 'filled with zeros') writeFileSync(path, new Uint8Array(size))
    if (how === 'cut inside its header') truncateSync(path, 50)
    expect(survivors()).toBe(0)
    expect(asideFiles().filter(name => name.endsWith('.db'))).toHaveLength(1)
    expect(remarks.join()).toContain('set aside')
  })

  it('emptied while a log is beside it is set aside with the log', () => {
    const path = fill()
    writeFileSync(path, '')
    writeFileSync(`${path}-wal`, 'left behind')
    expect(survivors()).toBe(0)
    expect(asideFiles().map(name => name.slice(21))).toEqual(['emptied.db', 'emptied.db-wal'])
  })

  it('gone, with its log left behind, does not get that log replayed into the next one', () => {
    const path = fill()
    const store = openStore(folder)
    store.commit([recordOf(1000, bytesOf(1000, 5000))])
    copyFileSync(`${path}-wal`, `${path}-kept`)
    store.close()
    unlinkSync(path)
    renameSync(`${path}-kept`, `${path}-wal`)
    expect(survivors()).toBe(0)
    expect(asideFiles().map(name => name.slice(21))).toEqual(['orphan-log.db-wal'])
    expect(remarks.join()).toContain('is gone')
  })

  it('of another program is set aside, not written to', () => {
    const path = fill()
    rmSync(path)
    const other = new Database(path)
    other.exec('CREATE TABLE photo (name TEXT); INSERT INTO photo VALUES (1)')
    other.close()
    const before = sha256(readFileSync(path))
    expect(survivors()).toBe(0)
    const [name = ''] = asideFiles()
    expect(sha256(readFileSync(join(folder, 'aside', name)))).toBe(before)
  })

  it('with any one page overwritten never gives a wrong hit, and heals', () => {
    const path = fill()
    const whole = readFileSync(path)
    const pages = whole.byteLength / 16384
    let setAside = 0
    for (let page = 0; page < pages; page++) {
      rmSync(join(folder, 'aside'), { recursive: true, force: true })
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
      const damaged = Buffer.from(whole)
      damaged.set(bytesOf(page, 8000), page * 16384 + 2000)
      writeFileSync(path, damaged)
      survivors()
      setAside += asideFiles().length > 0 ? 1 : 0
    }
    expect(setAside).toBeGreaterThan(0)
  })

  it('that breaks while it is open is replaced, and the commit goes through', () => {
    const path = fill()
    const store = openStore(folder, { remark })
    const reader = openReader(folder)
    expect(reader.task(keyOf(1))).toBeDefined()
    const fd = openSync(path, 'r+')
    ftruncateSync(fd, 16384 * 3)
    closeSync(fd)
    for (let seed = 2000; seed < 2200; seed++) expect(store.commit([recordOf(seed, bytesOf(seed, 500))])).toEqual([])
    expect(remarks.join()).toContain('set aside')
    expect(store.task(keyOf(2000))).toBeDefined()
    expect(wrongHits(store, truth)).toEqual([])
    expect(reader.task(keyOf(2199))?.outputs).toEqual(store.task(keyOf(2199))?.outputs)
    reader.close()
    store.close()
  })

  it('replaced by one process is noticed by another that has it open, which then writes into the new one', () => {
    const path = fill()
    const first = openStore(folder)
    const second = openStore(folder, { remark })
    expect(second.task(keyOf(1))).toBeDefined()
    const fd = openSync(path, 'r+')
    writeSync(fd, bytesOf(1, 16384 * 4), 0, 16384 * 4, 16384)
    closeSync(fd)
    for (let seed = 0; seed < TASKS; seed++) first.commit([recordOf(seed, bytesOf(seed, sizeOf(seed)))])
    expect(asideFiles().filter(name => name.endsWith('.db'))).toHaveLength(1)
    second.commit([recordOf(3000, bytesOf(3000, 10))])
    second.close()
    expect(first.task(keyOf(3000))).toBeDefined()
    first.close()
    expect(brokenPromises(folder, truth)).toEqual([])
    expect(asideFiles().filter(name => name.endsWith('.db'))).toHaveLength(1)
  })

  it('written by a newer version is refused and left as it is', () => {
    const path = fill()
    const db = new Database(path)
    db.pragma('user_version = 99')
    db.close()
    expect(() => openStore(folder)).toThrow(/newer maskloom/)
    expect(openReader(folder).task(keyOf(1))).toBeUndefined()
    expect(asideFiles()).toEqual([])
  })

  it('whose lock file somebody wrote into still opens', () => {
    fill()
    writeFileSync(join(folder, 'open.lock'), 'hello '.repeat(1000))
    expect(survivors()).toBe(TASKS)
  })
})

describe('a wrong hit', () => {
  it('is noticed when the outputs of two rows are exchanged', () => {
    const path = fill()
    const db = new Database(path)
    const [a, b] = db.prepare<[], { id: number; digests: Buffer; seal: Buffer }>('SELECT * FROM task LIMIT 2').all()
    const set = db.prepare('UPDATE task SET digests = ?, seal = ? WHERE id = ?')
    set.run(b?.digests, b?.seal, a?.id)
    set.run(a?.digests, a?.seal, b?.id)
    db.close()
    expect(survivors()).toBe(TASKS - 2)
  })

  it('is noticed when the bytes of two inline values are exchanged', () => {
    const path = fill()
    const db = new Database(path)
    const [a, b] = db.prepare<[], { blob: number; content: Buffer }>('SELECT * FROM bytes LIMIT 2').all()
    const set = db.prepare('UPDATE bytes SET content = ? WHERE blob = ?')
    set.run(b?.content, a?.blob)
    set.run(a?.content, b?.blob)
    db.close()
    const store = openStore(folder, { remark })
    const lost = [...truth.values()].filter(digest => store.read(digest) === undefined)
    expect(lost).toHaveLength(2)
    expect(lost.map(digest => store.has(digest))).toEqual([false, false])
    expect(remarks).toHaveLength(2)
    store.close()
    expect(survivors()).toBe(TASKS)
  })
})

describe('a large value', () => {
  const digest = sha256(bytesOf(0, LARGE_BYTES))

  it.each(['deleted', 'truncated', 'one byte changed', 'grown'])('%s reads as lost and can be stored again', how => {
    fill()
    const [path = ''] = objectsIn(folder)
    chmodSync(path, 0o644)
    if (how === 'deleted') unlinkSync(path)
    if (how === 'truncated') truncateSync(path, 1000)
    if (how === 'one byte changed') writeFileSync(path, readFileSync(path).fill(1, 777, 778))
    if (how === 'grown') appendFileSync(path, 'x')
    const reader = openReader(folder)
    expect(reader.read(digest)).toBeUndefined()
    expect(reader.task(keyOf(0))?.outputs).toEqual({ out: digest })
    const store = openStore(folder, { remark })
    expect(store.deliver(digest, join(folder, 'out.bin'))).toBe(false)
    expect(existsSync(join(folder, 'out.bin'))).toBe(false)
    expect(store.read(digest)).toBeUndefined()
    expect(store.has(digest)).toBe(false)
    expect(store.task(keyOf(0))?.outputs).toEqual({ out: digest })
    store.commit([recordOf(0, bytesOf(0, LARGE_BYTES))])
    expect(sha256(store.read(digest) ?? '')).toBe(digest)
    expect(sha256(reader.read(digest) ?? '')).toBe(digest)
    store.close()
    reader.close()
  })

  it('damaged without anybody having read it is replaced by the next commit of its task', () => {
    fill()
    const [path = ''] = objectsIn(folder)
    chmodSync(path, 0o644)
    writeFileSync(path, readFileSync(path).fill(1, 777, 778))
    const store = openStore(folder)
    store.commit([recordOf(0, bytesOf(0, LARGE_BYTES))])
    expect(sha256(store.read(digest) ?? '')).toBe(digest)
    store.close()
  })

  it('is found again by its name after the index was lost, and gets its row back', () => {
    const path = fill()
    rmSync(path)
    const reader = openReader(folder)
    expect(sha256(reader.read(digest) ?? '')).toBe(digest)
    const store = openStore(folder, { remark })
    expect(remarks.join()).toContain('is gone')
    expect(store.has(digest)).toBe(true)
    expect(store.stats().blobs).toBe(0)
    expect(sha256(store.read(digest) ?? '')).toBe(digest)
    store.close()
    const again = openStore(folder)
    expect(again.stats()).toMatchObject({ blobs: 1, blobBytes: LARGE_BYTES, fileBlobs: 1 })
    again.close()
    reader.close()
  })
})

it('a reader lets go of an index that was moved away, although it still finds everything in it', () => {
  const store = openStore(folder)
  store.commit([recordOf(0, bytesOf(0, 100)), recordOf(1, bytesOf(1, 100))])
  const reader = openReader(folder)
  vi.useFakeTimers({ toFake: ['performance'] })
  expect(reader.task(keyOf(0))).toBeDefined()
  for (const suffix of ['', '-wal', '-shm']) {
    const path = join(folder, `index.db${suffix}`)
    if (existsSync(path)) renameSync(path, `${path}.moved`)
  }
  store.commit([recordOf(1, bytesOf(1, 100))])
  vi.advanceTimersByTime(50)
  expect(reader.task(keyOf(0))).toBeUndefined()
  expect(reader.task(keyOf(1))).toBeDefined()
  vi.useRealTimers()
  reader.close()
  store.close()
})

it('reports a store that cannot be opened with what to try', () => {
  writeFileSync(join(folder, 'file'), '')
  expect(() => openStore(join(folder, 'file', 'store'))).toThrow(TaskError)
})
