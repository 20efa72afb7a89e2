import { join, resolve } from 'node:path'
import { TaskError } from '../engine/base/diagnostic.ts'
import type { NewBlob, Store, TaskRecord } from '../engine/contract/store.ts'
import { readBlob } from './blobs.ts'
import { sealOf, toHex, unpackOutputs } from './codec.ts'
import { openNative } from './connection.ts'
import { exists, nodeFiles } from './files.ts'
import { USED_GRAIN_SECONDS } from './late-writes.ts'
import { openStore } from './open.ts'
import { connectReader, type ReaderConnection } from './reader-connection.ts'
import { SCHEMA_VERSION, version } from './schema.ts'
import { getRecipe } from './tasks.ts'

export interface Transferred {
  readonly results: number
  readonly values: number
  readonly bytes: number
  /** Results the target knew already with other outputs; it keeps its own. */
  readonly refused: number
}

interface Row {
  id: number
  key: Buffer
  ports: string
  digests: Buffer
  seal: Buffer
  duration_ms: number
  recipe: Buffer
}

/** Rows read at once, and bytes committed at once. */
const ROWS = 100
const BATCH_BYTES = 32 * 1024 * 1024

/**
 * Copies what a run made or used into another folder, which is a store itself: to take it elsewhere, copy the folder
 * (or an archive of it) and `importStore` it there. Results of the run's cells for other items come along, and, since
 * use is noted every few hours only, what was used shortly before.
 *
 * @throws TaskError `unknown-run`
 */
export function exportRun(directory: string, runId: string, target: string): Transferred {
  return between(directory, target, (from, to) => {
    const { rows } = from
    const run = rows.ask(() => rows.sql<{ started_ms: number }>('SELECT started_ms FROM run WHERE id = ?').get(runId))
    if (run === undefined) {
      throw new TaskError({
        code: 'unknown-run',
        message: `The cache ${directory} has no record of a run ${runId}`,
        fix: 'list its runs with `maskloom runs`',
      })
    }
    return copyTasks(from, to, { usedSince: Math.floor(run.started_ms / 1000) - USED_GRAIN_SECONDS, runId })
  })
}

/** Copies everything in `source`, a store, into `directory`. */
export function importStore(directory: string, source: string): Transferred {
  return between(source, directory, (from, to) => copyTasks(from, to, { usedSince: 0, runId: '' }))
}

function between(source: string, target: string, copy: (from: Source, to: Store) => Transferred): Transferred {
  const directory = resolve(source)
  if (!exists(nodeFiles, join(directory, 'index.db'))) {
    throw new TaskError({
      code: 'bad-file',
      message: `Expected a cache folder, found no index.db in ${directory}`,
      fix: 'check the path',
    })
  }
  bringUpToDate(directory)
  const rows = connectReader(directory, nodeFiles, openNative)
  try {
    const to = openStore(target)
    try {
      return copy({ directory, rows }, to)
    } finally {
      to.close()
    }
  } finally {
    rows.close()
  }
}

/** An index that is damaged is repaired first, one of an older version migrated; a newer one is refused with advice. */
function bringUpToDate(directory: string): void {
  if (versionAt(join(directory, 'index.db')) !== SCHEMA_VERSION) openStore(directory).close()
}

/** Undefined: it cannot be read. */
function versionAt(path: string): number | undefined {
  try {
    const db = openNative(path, { readonly: true, fileMustExist: true })
    try {
      return version(db)
    } finally {
      db.close()
    }
  } catch {
    return undefined
  }
}

/** Which rows to copy: used since then, or of a cell of this run. */
interface Wanted {
  readonly usedSince: number
  readonly runId: string
}

/** A store that is only read: copying from it changes nothing there, not even when its values were last used. */
interface Source {
  readonly directory: string
  readonly rows: ReaderConnection
}

function copyTasks(from: Source, to: Store, wanted: Wanted): Transferred {
  const { rows, directory } = from
  const done = { results: 0, values: 0, bytes: 0, refused: 0 }
  let batch: TaskRecord[] = []
  let batchBytes = 0

  function commit(): void {
    for (const recipe of new Set(batch.map(record => record.recipe))) {
      const json = rows.ask(() => getRecipe(rows, recipe))
      if (json !== undefined) to.recipes.set(recipe, json)
    }
    done.refused += to.commit(batch).length
    batch = []
    batchBytes = 0
  }

  for (const row of wantedTasks(from, wanted)) {
    const outputs = unpackOutputs(row.ports, row.digests)
    const blobs: NewBlob[] = []
    for (const digest of new Set(Object.values(outputs))) {
      const found = rows.ask(() => readBlob(rows, nodeFiles, directory, digest))
      if (typeof found === 'object') blobs.push({ digest, sizeBytes: found.bytes.byteLength, content: found.bytes })
    }
    const bytes = blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0)
    batch.push({ key: toHex(row.key), recipe: toHex(row.recipe), outputs, durationMs: row.duration_ms, blobs })
    batchBytes += bytes
    done.results++
    done.values += blobs.length
    done.bytes += bytes
    if (batch.length >= ROWS || batchBytes >= BATCH_BYTES) commit()
  }
  commit()
  return done
}

/** Rows whose seal fits: a damaged one must not get a new seal on the other side. */
function* wantedTasks({ rows, directory }: Source, { usedSince, runId }: Wanted): Generator<Row> {
  for (let last = 0; ; ) {
    const some = rows.ask(() =>
      rows
        .sql<Row>(
          `SELECT t.id, t.key, t.ports, t.digests, t.seal, t.duration_ms, r.digest AS recipe FROM task t JOIN recipe r ON r.id = t.recipe
           WHERE t.id > ? AND (t.used >= ? OR t.recipe IN (SELECT recipe FROM run_recipe WHERE run = ?))
           ORDER BY t.id LIMIT ?`,
        )
        .all(last, usedSince, runId, ROWS),
    )
    if (some === undefined) {
      throw new TaskError({
        code: 'bad-file',
        message: `The index of the cache ${directory} is damaged`,
        fix: `repair it with \`maskloom cache verify --cache ${directory}\`, then try again`,
      })
    }
    if (some.length === 0) return
    yield* some.filter(row => sealOf(row.key, row.ports, row.digests).equals(row.seal))
    last = some.at(-1)?.id ?? last
  }
}
