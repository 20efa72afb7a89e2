import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openReader, openStore } from '../../cache/open.ts'
import { migrate, version } from '../../cache/schema.ts'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { bytesOf, keyOf, recordOf } from '../contract/store.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-connection-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('while another process keeps the index to itself', () => {
  it('a commit asks several times, then fails without the words "database is locked"', () => {
    let begins = 0
    const store = openStore(folder, {
      database: (path, options) => {
        const verbose = (sql: unknown): void => {
          if (sql === 'BEGIN IMMEDIATE') begins++
        }
        return new Database(path, { ...options, timeout: 1, verbose })
      },
    })
    begins = 0
    const other = new Database(join(folder, 'index.db'))
    other.exec('BEGIN IMMEDIATE')
    const problem = (() => {
      try {
        store.commit([recordOf(1, bytesOf(1, 10))])
      } catch (error) {
        if (error instanceof TaskError) return error.diagnostic
      }
      return undefined
    })()
    expect(problem?.code).toBe('store-busy')
    expect(JSON.stringify(problem)).not.toMatch(/locked/)
    expect(begins).toBe(8)
    other.exec('COMMIT')
    other.close()
    expect(store.commit([recordOf(1, bytesOf(1, 10))])).toEqual([])
    store.close()
  })

  it('rows can be read', () => {
    const store = openStore(folder)
    store.commit([recordOf(1, bytesOf(1, 10))])
    const other = new Database(join(folder, 'index.db'))
    other.exec('BEGIN IMMEDIATE')
    const reader = openReader(folder)
    expect(reader.task(keyOf(1))).toEqual(store.task(keyOf(1)))
    reader.close()
    other.close()
    store.close()
  })
})

describe('migrations', () => {
  it('run once each, in order, and only those that are missing', () => {
    const path = join(folder, 'x.db')
    const db = new Database(path)
    migrate(db, path, ['CREATE TABLE a (x)'])
    migrate(db, path, ['CREATE TABLE a (x)', 'INSERT INTO a VALUES (1)', 'UPDATE a SET x = x + 1'])
    migrate(db, path, ['CREATE TABLE a (x)', 'INSERT INTO a VALUES (1)', 'UPDATE a SET x = x + 1'])
    expect(db.prepare('SELECT x FROM a').pluck().all()).toEqual([2])
    expect(version(db)).toBe(3)
    db.close()
  })

  it('leave the database as it was when one fails', () => {
    const path = join(folder, 'x.db')
    const db = new Database(path)
    migrate(db, path, ['CREATE TABLE a (x)'])
    expect(() => migrate(db, path, ['', 'CREATE TABLE b (x)', 'nonsense'])).toThrow(/syntax/)
    expect(version(db)).toBe(1)
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE name = 'b'").all()).toEqual([])
    db.close()
  })
})

describe('when values were last used', () => {
  const hour = 3600 * 1000

  function usedTimes(): unknown {
    const db = new Database(join(folder, 'index.db'), { readonly: true })
    const times = db.prepare('SELECT t.used AS task, b.used AS blob FROM task t, blob b').get()
    db.close()
    return times
  }

  it('is written only when hours out of date', () => {
    const record = recordOf(1, bytesOf(1, 10))
    const at = (nowMs: number, use: boolean): void => {
      const store = openStore(folder, { now: () => nowMs })
      if (nowMs === 0) store.commit([record])
      if (use)
        expect([store.task(record.key)?.durationMs, store.has(record.outputs['out'] as string)]).toEqual([5, true])
      store.close()
    }
    at(0, false)
    at(5 * hour, true)
    expect(usedTimes()).toEqual({ task: 0, blob: 0 })
    at(7 * hour, true)
    expect(usedTimes()).toEqual({ task: 7 * 3600, blob: 7 * 3600 })
    at(30 * hour, false)
    expect(usedTimes()).toEqual({ task: 7 * 3600, blob: 7 * 3600 })
  })
})
