import Database from 'better-sqlite3'

/**
 * What SQLite's binding made in this thread. Nothing here may be collected as garbage: a binding that was built with
 * the headers of Node 24.19 or later ends the process when its objects are destroyed while no JavaScript runs
 * (nodejs/node#65446). Few are made: statements are prepared once for each connection, and closing one frees its memory.
 */
const kept: unknown[] = []

/** Opens a database. Statements and pragmas go through here as well. */
export function openDatabase(path: string, options: Database.Options = {}): Database.Database {
  const db = keep(new Database(path, options))
  const prepare = db.prepare.bind(db)
  db.prepare = ((text: string) => keep(prepare(text))) as typeof db.prepare
  db.pragma = (text, { simple = false } = {}) => {
    const statement = db.prepare(`PRAGMA ${text}`)
    if (!statement.reader) return statement.run()
    return simple ? statement.pluck().get() : statement.all()
  }
  return db
}

function keep<T>(made: T): T {
  kept.push(made)
  return made
}
