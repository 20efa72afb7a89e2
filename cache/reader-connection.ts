import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { BUSY_TIMEOUT_MS, type OpenDatabase, type Rows } from './connection.ts'
import { errorCode, type FileSystem } from './files.ts'
import { isBusy, isDamage, storeProblem } from './problem.ts'
import { SCHEMA_VERSION, version } from './schema.ts'

/** How often to look whether the index is still the one that is open: often enough, and not with every question. */
const LOOK_EVERY_MS = 50

export interface ReaderConnection extends Rows {
  /** Runs `action` on an open index; undefined while there is none or it is damaged (the writer will repair it). */
  readonly ask: <T>(action: () => T | undefined) => T | undefined
  readonly close: () => void
}

/**
 * A read-only connection. It sees rows as soon as the writer has committed them. It may be opened before the index
 * exists, and when it misses something, or now and then, it looks whether the index was replaced by another file meanwhile.
 */
export function connectReader(directory: string, files: FileSystem, open: OpenDatabase): ReaderConnection {
  const path = join(directory, 'index.db')
  const statements = new Map<string, Database.Statement<unknown[], unknown>>()
  let db: Database.Database | undefined
  let inode: bigint | undefined
  let lookedMs = Number.NEGATIVE_INFINITY

  function inodeNow(): bigint | undefined {
    return files.statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
  }

  function close(): void {
    statements.clear()
    db?.close()
    db = undefined
  }

  function reopen(): boolean {
    close()
    inode = inodeNow()
    if (inode === undefined) return false
    db = open(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    if (version(db) === SCHEMA_VERSION) return true
    close()
    return false
  }

  /** An index that was moved away still answers whoever has it open, and knows nothing of what came after it. */
  function forsakeOld(): void {
    const nowMs = performance.now()
    if (db === undefined || nowMs - lookedMs < LOOK_EVERY_MS) return
    lookedMs = nowMs
    if (inodeNow() !== inode) close()
  }

  function sql<Row>(text: string): Database.Statement<unknown[], Row> {
    if (db === undefined) throw new Error('internal: the cache index is not open')
    let statement = statements.get(text)
    if (statement === undefined) {
      statement = db.prepare(text)
      statements.set(text, statement)
    }
    return statement as Database.Statement<unknown[], Row>
  }

  function tolerant<T>(action: () => T): T | undefined {
    try {
      return action()
    } catch (error) {
      const code = errorCode(error)
      // SQLite has waited its full timeout for a log to be recovered, or the index is being replaced right now.
      if (!isDamage(code) && !isBusy(code) && code !== 'SQLITE_CANTOPEN') {
        throw storeProblem(error, 'reading the cache index', path)
      }
      close()
      return undefined
    }
  }

  return {
    sql,
    read: action => action(),
    ask: action => {
      forsakeOld()
      const found = tolerant(() => (db !== undefined || reopen() ? action() : undefined))
      if (found !== undefined || (db !== undefined && inodeNow() === inode)) return found
      return tolerant(() => (reopen() ? action() : undefined))
    },
    close,
  }
}
