import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectGarbage } from '../../cache/collect.ts'
import { openStore } from '../../cache/open.ts'
import { exportRun, importStore } from '../../cache/transfer.ts'
import { recordDigest, sha256 } from '../../engine/base/digest.ts'
import type { Store } from '../../engine/contract/store.ts'
import { bytesOf, keyOf, recordOf } from '../contract/store.ts'

const DAY = 24 * 3600 * 1000
const START_MS = 1_800_000_000_000

let folder: string
let directory: string
const target = () => join(folder, 'target')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-recipes-'))
  directory = join(folder, 'store')
  withStore(START_MS, store => store.commit([0, 1, 2, 3, 4].map(seed => recordOf(seed, bytesOf(seed, 1000)))))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function withStore(nowMs: number, action: (store: Store) => void, path = directory): void {
  const store = openStore(path, { now: () => nowMs })
  action(store)
  store.close()
}

/** Seeds with the same remainder by 3 have one recipe; this run has that of 1 and 4. */
function start(store: Store, nowMs: number): void {
  const recipes = [recordDigest('test.recipe', 1), recordDigest('test.recipe', 'unheard of')]
  store.runs.start({ id: 'run', pipeline: 'p', path: '/p', startedMs: nowMs, paramsJson: '{}', recipes })
}

function present(path = directory): readonly number[] {
  const found: number[] = []
  withStore(
    START_MS,
    store => found.push(...[0, 1, 2, 3, 4].filter(seed => store.has(sha256(bytesOf(seed, 1000))))),
    path,
  )
  return found
}

describe('what a run may ask for', () => {
  it('is kept by collection while the run goes on, although nothing of it was looked at yet', () => {
    const nowMs = START_MS + DAY
    const running = openStore(directory, { now: () => nowMs })
    start(running, nowMs)
    const collect = () => collectGarbage(directory, { budgetBytes: 0, now: () => nowMs })
    expect(collect()).toMatchObject({ afterBytes: 2000, protectedBytes: 2000 })
    expect(present()).toEqual([1, 4])
    running.runs.finish('run', { finishedMs: nowMs, status: 'done', summaryJson: '{}' })
    running.close()
    expect(collect()).toMatchObject({ afterBytes: 0, protectedBytes: 0 })
  })

  it('is exported with the run, although it is older than the run', () => {
    withStore(START_MS + DAY, store => {
      start(store, START_MS + DAY)
      store.runs.finish('run', { finishedMs: START_MS + DAY, status: 'done', summaryJson: '{}' })
    })
    expect(exportRun(directory, 'run', target())).toMatchObject({ results: 2, values: 2, bytes: 2000 })
    expect(present(target())).toEqual([1, 4])
  })
})

describe('an exported cache', () => {
  function pragma(sql: string): void {
    const db = new Database(join(directory, 'index.db'))
    db.exec(sql)
    db.close()
  }

  it('of an older version is brought up to date first', () => {
    pragma('DROP TABLE run_recipe; PRAGMA user_version = 1')
    expect(importStore(target(), directory)).toMatchObject({ results: 5, values: 5 })
    expect(present(target())).toEqual([0, 1, 2, 3, 4])
  })

  it('of a newer version is refused, never taken for an empty one', () => {
    pragma('PRAGMA user_version = 99')
    expect(() => importStore(target(), directory)).toThrow(/written by a newer maskloom/)
  })

  it('whose index is no database any more is repaired first', () => {
    writeFileSync(join(directory, 'index.db'), 'not a database')
    expect(importStore(target(), directory)).toMatchObject({ results: 0 })
  })

  it('that turns out damaged on the way is an error, never taken for a small one', () => {
    withStore(START_MS, store =>
      store.commit(Array.from({ length: 400 }, (_, i) => recordOf(i + 10, bytesOf(i + 10, 10)))),
    )
    const path = join(directory, 'index.db')
    const bytes = readFileSync(path)
    const key = Buffer.from(keyOf(300), 'hex')
    // Once in the table, once in its index.
    for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key)) {
      const page = at - (at % 16384)
      bytes.fill(0xee, page, page + 16384)
    }
    writeFileSync(path, bytes)
    expect(() => importStore(target(), directory)).toThrow(/The index of the cache .* is damaged/)
  })
})
