import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { setAside, setAsideOrphanLog } from './aside.ts'
import { errorCode, exists, type FileSystem } from './files.ts'
import { exclusively } from './mutex.ts'
import { openDatabase } from './native.ts'
import { explained, isBusy, isDamage, storeProblem } from './problem.ts'
import { salvage } from './salvage.ts'
import { APPLICATION_ID, migrate } from './schema.ts'

export type OpenDatabase = (path: string, options: Database.Options) => Database.Database

/** SQLite waits this long for another writer; then we ask again, `BUSY_TRIES` times in all. */
export const BUSY_TIMEOUT_MS = 15_000
const BUSY_TRIES = 8

/** Zero bytes long beside a log: nothing to take over, and SQLite must not replay the log. */
const EMPTIED = 'emptied'

export interface Rows {
  /** Prepared once per connection. Ask again in every `read` or `write`: a repaired database is a new connection. */
  readonly sql: <Row = unknown>(text: string) => Database.Statement<unknown[], Row>
  /** Runs `action`; after a repair, a second time. */
  readonly read: <T>(action: () => T) => T
}

/** The writer's connection to the index. */
export interface Connection extends Rows {
  /** `read`, in one transaction: for an `action` that asks many times. It must not write. */
  readonly readTogether: <T>(action: () => T) => T
  /** Runs `action` in one IMMEDIATE transaction (or in the one already open); it may be run more than once. */
  readonly write: <T>(doing: string, action: () => T) => T
  /** A statement that returns nothing and steps many times (vacuuming). */
  readonly exec: (doing: string, text: string) => void
  readonly close: () => void
}

export interface ConnectionOptions {
  readonly files: FileSystem
  readonly now: () => number
  readonly remark: (message: string) => void
  readonly database: OpenDatabase
}

export const openNative: OpenDatabase = openDatabase

/**
 * Opens or makes `index.db`. A database that turns out damaged, now or later, is set aside and replaced by a fresh one
 * that takes over every row that can still be trusted; the interrupted action is then run again.
 */
export function connect(directory: string, options: ConnectionOptions): Connection {
  const { files, remark } = options
  const path = join(directory, 'index.db')
  const statements = new Map<string, Database.Statement<unknown[], unknown>>()
  let db = explained('opening the cache index', path, () =>
    exclusively(directory, () => openOrReplace(directory, options)),
  )
  let inode = inodeOf(files, path)

  function reopen(damage: string | undefined): void {
    statements.clear()
    db.close()
    exclusively(directory, () => {
      // Another process may have replaced it already.
      const mine = damage !== undefined && inodeOf(files, path) === inode
      db = mine ? replaceDamaged(directory, damage, options) : openOrReplace(directory, options)
      inode = inodeOf(files, path)
    })
  }

  function attempt<T>(doing: string, action: () => T): T {
    let repaired = false
    for (let tries = 1; ; tries++) {
      try {
        return action()
      } catch (error) {
        const code = errorCode(error)
        if (isBusy(code) && tries < BUSY_TRIES) continue
        if (!isDamage(code) || repaired) throw storeProblem(error, doing, path)
        repaired = true
        reopen(`malformed (${code})`)
      }
    }
  }

  function sql<Row>(text: string): Database.Statement<unknown[], Row> {
    let statement = statements.get(text)
    if (statement === undefined) {
      statement = db.prepare(text)
      statements.set(text, statement)
    }
    return statement as Database.Statement<unknown[], Row>
  }

  function transact<T>(action: () => T): T {
    if (inodeOf(files, path) !== inode) {
      reopen(undefined)
      remark(`the cache index ${path} was replaced while in use; continuing with the new one`)
    }
    sql('BEGIN IMMEDIATE').run()
    try {
      const result = action()
      sql('COMMIT').run()
      return result
    } catch (error) {
      if (db.inTransaction) sql('ROLLBACK').run()
      throw error
    }
  }

  function inSnapshot<T>(action: () => T): T {
    sql('BEGIN').run()
    try {
      return action()
    } finally {
      if (db.inTransaction) sql('COMMIT').run()
    }
  }

  return {
    sql,
    read: action => (db.inTransaction ? action() : attempt('reading the cache index', action)),
    readTogether: action =>
      db.inTransaction ? action() : attempt('reading the cache index', () => inSnapshot(action)),
    write: (doing, action) => (db.inTransaction ? action() : attempt(doing, () => transact(action))),
    exec: (doing, text) => attempt(doing, () => void db.exec(text)),
    close: () => {
      if (db.open) db.close()
    },
  }
}

function openOrReplace(directory: string, options: ConnectionOptions): Database.Database {
  const { files, now, remark } = options
  const path = join(directory, 'index.db')
  if (setAsideOrphanLog(files, directory, now()))
    remark(`set aside the log of a cache index that is gone (${path}-wal)`)
  const emptied = exists(files, path) && files.statSync(path).size === 0 && exists(files, `${path}-wal`)
  if (emptied) return replaceDamaged(directory, EMPTIED, options)
  try {
    const db = openChecked(path, options)
    if (typeof db !== 'string') return db
    return replaceDamaged(directory, db, options)
  } catch (error) {
    const code = errorCode(error)
    if (!isDamage(code)) throw storeProblem(error, 'opening the cache index', path)
    return replaceDamaged(directory, `malformed (${code})`, options)
  }
}

function replaceDamaged(directory: string, damage: string, options: ConnectionOptions): Database.Database {
  const { files, now, remark } = options
  const path = join(directory, 'index.db')
  const aside = setAside(
    files,
    directory,
    damage
      .replaceAll(/[^a-zA-Z]+/g, '-')
      .replace(/-$/, '')
      .toLowerCase(),
    now(),
  )
  const fresh = openChecked(path, options)
  if (typeof fresh === 'string') throw new Error(`internal: a fresh cache index is ${fresh}`)
  const saved = damage === EMPTIED ? { tasks: 0, blobs: 0 } : salvage(aside, fresh, options.database)
  remark(
    `the cache index was damaged: ${damage}. It is set aside as ${aside}; ${saved.tasks} results and ${saved.blobs} small values could be taken over, the rest is made again when needed`,
  )
  return fresh
}

/** An open, current database, or in words what is wrong with it. */
function openChecked(path: string, options: ConnectionOptions): Database.Database | string {
  const db = options.database(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    const damage = prepareDatabase(db, path)
    if (damage === undefined) return db
    db.close()
    return damage
  } catch (error) {
    db.close()
    throw error
  }
}

function prepareDatabase(db: Database.Database, path: string): string | undefined {
  const tables = db.prepare<[], { n: number }>('SELECT count(*) AS n FROM sqlite_schema').get()?.n ?? 0
  if (tables === 0) {
    // Both must be set before the first table. 16 KB pages: +40–75 % at 100 KB values. Free pages can be given back.
    db.pragma('page_size = 16384')
    db.pragma('auto_vacuum = INCREMENTAL')
  } else if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    return 'not a maskloom index'
  }
  db.pragma('journal_mode = WAL')
  // Rows can be made again and blobs are synced by hand: a power cut may cost the last commits, never consistency.
  db.pragma('synchronous = NORMAL')
  db.pragma('foreign_keys = ON')
  db.pragma('cache_size = -65536')
  // Pages are written by key, that is at random: the longer the log, the more often one page is written back only once.
  db.pragma('wal_autocheckpoint = 4000')
  db.pragma('journal_size_limit = 67108864')
  migrate(db, path)
  return undefined
}

/** Which file it is; undefined if there is none, or nothing in it: an index in use is never empty. */
function inodeOf(files: FileSystem, path: string): bigint | undefined {
  const found = files.statSync(path, { bigint: true, throwIfNoEntry: false })
  return found === undefined || found.size === 0n ? undefined : found.ino
}
