import type Database from 'better-sqlite3'
import { sha256 } from '../engine/base/digest.ts'
import { sealOf, toHex } from './codec.ts'
import type { OpenDatabase } from './connection.ts'

/** Rows asked for at once; a stretch that cannot be read at once is read row by row. */
const STRETCH = 64
/** Give up on a table after this many unreadable stretches without a single row. */
const PATIENCE = 64

interface TaskRow {
  id: number
  key: Buffer
  ports: string
  digests: Buffer
  seal: Buffer
  duration_ms: number
  used: number
  recipe: Buffer
  json: string | null
}

interface BlobRow {
  id: number
  digest: Buffer
  size: number
  cost_ms: number
  used: number
  content: Buffer
}

/**
 * Copies what can be trusted from a damaged index into a fresh one: task rows whose seal fits and inline blobs whose
 * bytes match their digest. Everything else (memos, records of runs) is history or quickly made again. Never throws
 * because of the damaged side.
 */
export function salvage(
  damagedPath: string,
  fresh: Database.Database,
  open: OpenDatabase,
): { tasks: number; blobs: number } {
  const saved = { tasks: 0, blobs: 0 }
  const damaged = attempt(() => openTolerant(damagedPath, open))
  if (damaged === undefined) return saved
  try {
    fresh
      .transaction(() => {
        saved.tasks = salvageTasks(damaged, fresh)
        saved.blobs = salvageBlobs(damaged, fresh)
      })
      .immediate()
  } finally {
    attempt(() => damaged.close())
  }
  return saved
}

/** `writable_schema` also makes SQLite open a file that is shorter than its header says. */
function openTolerant(path: string, open: OpenDatabase): Database.Database {
  const db = open(path, { readonly: true, fileMustExist: true })
  db.unsafeMode(true)
  db.pragma('writable_schema = ON')
  return db
}

function salvageTasks(damaged: Database.Database, fresh: Database.Database): number {
  const addRecipe = fresh.prepare('INSERT INTO recipe (digest, json) VALUES (?, ?) ON CONFLICT DO NOTHING')
  const add = fresh.prepare(
    `INSERT INTO task (key, recipe, ports, digests, seal, duration_ms, used)
     VALUES (?, (SELECT id FROM recipe WHERE digest = ?), ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  )
  const select = `SELECT t.id, t.key, t.ports, t.digests, t.seal, t.duration_ms, t.used, r.digest AS recipe, r.json
                  FROM task t JOIN recipe r ON r.id = t.recipe`
  return eachReadable<TaskRow>(damaged, select, 't.id', row => {
    if (![row.key, row.digests, row.seal, row.recipe].every(Buffer.isBuffer) || typeof row.ports !== 'string')
      return false
    if (!sealOf(row.key, row.ports, row.digests).equals(row.seal)) return false
    addRecipe.run(row.recipe, row.json)
    add.run(row.key, row.recipe, row.ports, row.digests, row.seal, row.duration_ms, row.used)
    return true
  })
}

function salvageBlobs(damaged: Database.Database, fresh: Database.Database): number {
  const addBlob = fresh.prepare(
    'INSERT INTO blob (digest, size, inline, cost_ms, used) VALUES (?, ?, 1, ?, ?) ON CONFLICT DO NOTHING',
  )
  const addBytes = fresh.prepare('INSERT INTO bytes (blob, content) VALUES (?, ?)')
  const select = `SELECT b.id, b.digest, b.size, b.cost_ms, b.used, y.content FROM blob b JOIN bytes y ON y.blob = b.id`
  return eachReadable<BlobRow>(damaged, select, 'b.id', row => {
    if (!Buffer.isBuffer(row.digest) || !Buffer.isBuffer(row.content)) return false
    if (sha256(row.content) !== toHex(row.digest)) return false
    const added = addBlob.run(row.digest, row.size, row.cost_ms, row.used)
    if (added.changes === 1) addBytes.run(added.lastInsertRowid, row.content)
    return true
  })
}

/** Walks a table by rowid, over unreadable stretches; `take` says whether a row was good. Returns how many were. */
function eachReadable<Row extends { id: number }>(
  db: Database.Database,
  select: string,
  rowid: string,
  take: (row: Row) => boolean,
): number {
  const following = attempt(() =>
    db.prepare<[number], Row>(`${select} WHERE ${rowid} >= ? ORDER BY ${rowid} LIMIT ${STRETCH}`),
  )
  const single = attempt(() => db.prepare<[number], Row>(`${select} WHERE ${rowid} = ?`))
  if (following === undefined || single === undefined) return 0
  let good = 0
  let barren = 0
  for (let next = 1; barren < PATIENCE; ) {
    let rows = attempt(() => following.all(next))
    if (rows?.length === 0) break
    if (rows === undefined) {
      rows = oneByOne(single, next)
      barren = rows.length === 0 ? barren + 1 : 0
      next += STRETCH
    } else {
      next = (rows.at(-1)?.id ?? next) + 1
    }
    good += rows.filter(take).length
  }
  return good
}

function oneByOne<Row>(single: Database.Statement<[number], Row>, first: number): Row[] {
  return Array.from({ length: STRETCH }, (_, i) => attempt(() => single.get(first + i))).filter(
    row => row !== undefined,
  )
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}
