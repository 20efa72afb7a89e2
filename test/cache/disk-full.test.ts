import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../cache/open.ts'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Digest, sha256 } from '../../engine/base/digest.ts'
import { bytesOf, keyOf, LARGE_BYTES, recordOf } from '../contract/store.ts'
import { brokenPromises, faultyFiles, objectsIn, systemError } from './faulty-files.ts'

let folder: string
let directory: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-full-'))
  directory = join(folder, 'store')
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** The problem an action reports; fails the test if it reports none, or one that is not meant for users. */
function problemOf(action: () => unknown): { code: string; message: string; fix: string } {
  try {
    action()
  } catch (error) {
    if (!(error instanceof TaskError)) throw error
    const { code, message, fix = '' } = error.diagnostic
    return { code, message, fix }
  }
  throw new Error('expected a problem')
}

describe('when the file system refuses', () => {
  const cases = [
    ['ENOSPC', 'disk-full', /--cache/],
    ['EDQUOT', 'disk-full', /gc/],
    ['EACCES', 'not-permitted', /writable/],
    ['EROFS', 'not-permitted', /--no-cache/],
    ['EMFILE', 'too-many-files', /ulimit/],
    ['EIO', 'io-failed', /check the disk/],
  ] as const
  const calls = ['openSync', 'writeSync', 'fsyncSync', 'renameSync', 'mkdirSync'] as const

  it.each(cases)('%s while a large value is stored says what, where and what to try', (errno, code, advice) => {
    for (const call of calls) {
      let armed = false
      let writes = 0
      const files = faultyFiles(name => {
        if (armed && name === call && (name !== 'writeSync' || ++writes === 1)) throw systemError(errno)
      })
      const store = openStore(join(directory, call), { files })
      const bytes = bytesOf(1, LARGE_BYTES)
      armed = true
      const problem = problemOf(() => store.commit([recordOf(0, bytesOf(0, 10)), recordOf(1, bytes)]))
      expect(problem.code).toBe(code)
      expect(problem.message).toContain(`${LARGE_BYTES} bytes`)
      expect(problem.message).toContain(join(directory, call))
      expect(problem.fix).toMatch(advice)
      armed = false
      expect(store.task(keyOf(0))).toBeUndefined()
      expect(store.has(sha256(bytes))).toBe(false)
      expect(readdirSync(join(directory, call, 'tmp'))).toEqual([])
      expect(objectsIn(join(directory, call))).toEqual([])
      expect(store.commit([recordOf(1, bytes)])).toEqual([])
      expect(store.has(sha256(bytes))).toBe(true)
      store.close()
    }
  })

  it('a write that stops short is continued', () => {
    const files = faultyFiles(() => {})
    const short = {
      ...files,
      writeSync: ((fd: number, bytes: Uint8Array, offset: number, length: number) =>
        files.writeSync(fd, bytes, offset, Math.min(length, 1000))) as typeof files.writeSync,
    }
    const store = openStore(directory, { files: short })
    const bytes = bytesOf(1, LARGE_BYTES)
    store.commit([recordOf(1, bytes)])
    expect(sha256(store.read(sha256(bytes)) ?? '')).toBe(sha256(bytes))
    store.close()
  })

  it('a full disk while delivering leaves nothing behind and names the file', () => {
    let armed = false
    const files = faultyFiles(name => {
      if (armed && name === 'writeSync') throw systemError('ENOSPC')
    })
    const store = openStore(directory, { files })
    store.commit([recordOf(1, bytesOf(1, LARGE_BYTES))])
    armed = true
    const path = join(folder, 'out', 'result.csv')
    const problem = problemOf(() => store.deliver(sha256(bytesOf(1, LARGE_BYTES)), path))
    expect(problem.code).toBe('disk-full')
    expect(problem.message).toContain(path)
    expect(existsSync(path)).toBe(false)
    expect(readdirSync(join(folder, 'out'))).toEqual([])
    expect(readdirSync(join(directory, 'tmp'))).toEqual([])
    store.close()
  })

  it('a source file the disk cannot read is reported with its path', () => {
    let armed = false
    const files = faultyFiles(name => {
      if (armed && name === 'readSync') throw systemError('EIO')
    })
    const store = openStore(directory, { files })
    writeFileSync(join(folder, 'picture.png'), 'pixels')
    armed = true
    const problem = problemOf(() => store.fileDigest(join(folder, 'picture.png')))
    expect(problem).toMatchObject({ code: 'io-failed' })
    expect(problem.message).toContain('picture.png')
    store.close()
  })

  it('a cached value the disk cannot read counts as damaged', () => {
    let armed = false
    const files = faultyFiles((name, args) => {
      if (armed && name === 'openSync' && String(args[0]).includes('objects')) throw systemError('EIO')
    })
    const remarks: string[] = []
    const store = openStore(directory, { files, remark: message => remarks.push(message) })
    store.commit([recordOf(1, bytesOf(1, LARGE_BYTES))])
    armed = true
    expect(store.read(sha256(bytesOf(1, LARGE_BYTES)))).toBeUndefined()
    expect(remarks).toHaveLength(1)
    store.close()
  })
})

describe('when SQLite runs out of space', () => {
  it('stores all of a batch or nothing, says so, and goes on once there is space', () => {
    const opened: Database.Database[] = []
    const store = openStore(directory, {
      database: (path, options) => {
        const db = new Database(path, options)
        opened.push(db)
        return db
      },
    })
    store.commit([recordOf(0, bytesOf(0, 1000))])
    const pages = Number(opened[0]?.pragma('page_count', { simple: true }))
    opened[0]?.pragma(`max_page_count = ${pages + 20}`)
    const batch = Array.from({ length: 10 }, (_, i) => recordOf(i + 1, bytesOf(i + 1, 100_000)))
    const problem = problemOf(() => store.commit(batch))
    expect(problem).toMatchObject({ code: 'disk-full' })
    expect(problem.message).toContain('10 results')
    expect(problem.fix).toContain('run the same command again')
    expect(store.stats().tasks).toBe(1)
    const truth = new Map<Digest, Digest>(batch.map(({ key, outputs }) => [key, outputs['out'] as Digest]))
    expect([...truth.keys()].filter(key => store.task(key) !== undefined)).toEqual([])
    opened[0]?.pragma('max_page_count = 1000000')
    expect(store.commit(batch)).toEqual([])
    store.close()
    expect(brokenPromises(directory, truth)).toEqual([])
  })
})

describe('on a file system that is really full', () => {
  const mountPoint = mkdtempSync(join(tmpdir(), 'store-tmpfs-'))
  const refusal = mountTmpfs(mountPoint)

  it.skipIf(refusal !== undefined)(
    `commits until the disk is full, reports it, and continues when there is space${refusal ?? ''}`,
    () => {
      try {
        const root = join(mountPoint, 'store')
        const store = openStore(root)
        const truth = new Map<Digest, Digest>()
        let problem: { code: string } | undefined
        for (let seed = 0; problem === undefined && seed < 2000; seed++) {
          const record = recordOf(seed, bytesOf(seed, seed % 2 === 0 ? LARGE_BYTES : 60_000))
          try {
            store.commit([record])
            truth.set(record.key, record.outputs['out'] as Digest)
          } catch {
            problem = problemOf(() => store.commit([record]))
          }
        }
        expect(problem?.code).toBe('disk-full')
        expect(truth.size).toBeGreaterThan(10)
        expect(readdirSync(join(root, 'tmp'))).toEqual([])
        expect(
          [...truth].filter(([key, digest]) => store.task(key) === undefined || store.read(digest) === undefined),
        ).toEqual([])
        for (const digest of [...truth.values()].slice(0, 10)) store.drop(digest)
        const late = recordOf(5000, bytesOf(5000, LARGE_BYTES))
        expect(store.commit([late])).toEqual([])
        store.close()
      } finally {
        execFileSync('umount', [mountPoint])
      }
    },
  )
})

/** Undefined when mounted, else in words why not (it becomes part of the title, so that a report shows it). */
function mountTmpfs(path: string): string | undefined {
  if (process.platform !== 'linux') return ' (left out: needs Linux)'
  try {
    mkdirSync(path, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', path], { stdio: 'pipe' })
    return undefined
  } catch {
    return ' (left out: mounting a tmpfs is not allowed here)'
  }
}
