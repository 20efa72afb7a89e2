import Database from 'better-sqlite3'
import { TaskError } from '../engine/base/diagnostic.ts'

/**
 * What SQLite's binding made in this thread. Nothing here may be collected as garbage: a binding that was built with
 * the headers of Node 24.19 or later ends the process when its objects are destroyed while no JavaScript runs
 * (nodejs/node#65446). Few are made: statements are prepared once for each connection, and closing one frees its memory.
 */
const kept: unknown[] = []

/** Opens a database. Statements and pragmas go through here as well. */
export function openDatabase(path: string, options: Database.Options = {}): Database.Database {
  const db = keep(connect(path, options))
  const prepare = db.prepare.bind(db)
  db.prepare = ((text: string) => keep(prepare(text))) as typeof db.prepare
  db.pragma = (text, { simple = false } = {}) => {
    const statement = db.prepare(`PRAGMA ${text}`)
    if (!statement.reader) return statement.run()
    return simple ? statement.pluck().get() : statement.all()
  }
  return db
}

function connect(path: string, options: Database.Options): Database.Database {
  try {
    return new Database(path, options)
  } catch (error) {
    throw isNotLoaded(error) ? notLoaded(error) : error
  }
}

/** The package is there and its compiled part is not, or was compiled for another version of Node. */
export function isNotLoaded(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return code === 'ERR_DLOPEN_FAILED' || String(message).startsWith('Could not locate the bindings file')
}

function notLoaded(cause: unknown): TaskError {
  return new TaskError(
    {
      code: 'store-not-built',
      message: `the compiled part of better-sqlite3 is missing, or was made for another version of Node than this (${process.version})`,
      fix: 'run `npm ci` with this version of Node; docs/troubleshooting.md says what compiling needs',
    },
    { cause },
  )
}

function keep<T>(made: T): T {
  kept.push(made)
  return made
}
