import { dirname, resolve } from 'node:path'
import { toHex } from './codec.ts'
import type { Connection } from './connection.ts'
import { exists, type FileSystem, nodeFiles } from './files.ts'
import { type HousekeepingOptions, type OpenIndex, withIndex } from './housekeeping.ts'
import { USED_GRAIN_SECONDS } from './late-writes.ts'
import { removeObject } from './objects.ts'
import { adoptOrphans } from './orphans.ts'
import { liveOwners } from './owners.ts'
import { pruneRows } from './prune.ts'

export interface CollectOptions extends HousekeepingOptions {
  readonly budgetBytes: number
}

export interface Collected {
  readonly budgetBytes: number
  readonly beforeBytes: number
  readonly afterBytes: number
  readonly droppedValues: number
  /** Time it would take to make the dropped values again. */
  readonly droppedCostMs: number
  /** Values that runs going on now may need; they are kept, over budget if need be. */
  readonly protectedBytes: number
  /** Rows of results that no run has asked for in a long time. */
  readonly droppedRows: number
}

/** Collection stops this far below the budget, so that the next run does not collect again. */
const SLACK = 0.9
/** A value unused for this long counts half of what it costs to make. */
const HALF_LIFE_SECONDS = 14 * 24 * 3600
/** Listed at once, and dropped in one transaction. */
const LISTED = 5000
const BATCH = 500

interface Candidate {
  id: number
  digest: Buffer
  size: number
  inline: number
  cost_ms: number
  used: number
}

/**
 * Brings the store under its budget by dropping bytes, never by dropping what is known: cheapest to make again, per
 * byte, first; the longer unused, the cheaper. What runs that are going on have looked at, or may ask for, is kept.
 */
export function collectGarbage(directory: string, options: CollectOptions): Collected {
  return withIndex(directory, options, index => {
    const { connection, nowMs } = index
    const { budgetBytes } = options
    const live = liveRuns(connection, nowMs)
    const liveSince = Math.floor(Math.min(...live.map(run => run.started_ms)) / 1000) - USED_GRAIN_SECONDS
    connection.write('marking what runs need', () => pin(connection, live))
    connection.write('adopting values without a row', () => adoptOrphans(connection, index.files, index.directory))
    const beforeBytes = storedBytes(connection)
    const excessBytes = beforeBytes > budgetBytes ? beforeBytes - budgetBytes * SLACK : 0
    const dropped = dropCheapest(index, excessBytes, liveSince)
    const droppedRows = pruneRows(connection, Math.floor(nowMs / 1000), liveSince)
    giveBackPages(connection)
    return {
      budgetBytes,
      beforeBytes,
      afterBytes: beforeBytes - dropped.bytes,
      droppedValues: dropped.values,
      droppedCostMs: dropped.costMs,
      protectedBytes: protectedBytes(connection, liveSince),
      droppedRows,
    }
  })
}

interface LiveRun {
  id: string
  started_ms: number
  owner: number | null
}

/** Runs that are going on now, in any process. */
function liveRuns(connection: Connection, nowMs: number): readonly LiveRun[] {
  return connection.read(() => {
    const live = liveOwners(connection, nowMs)
    return connection
      .sql<LiveRun>("SELECT id, started_ms, owner FROM run WHERE status = 'running'")
      .all()
      .filter(run => run.owner !== null && live.has(run.owner))
  })
}

/** A run may ask for any output of its recipes before it has looked at it: those are kept as well as what it used. */
function pin(connection: Connection, live: readonly LiveRun[]): void {
  const { sql } = connection
  sql('CREATE TEMP TABLE IF NOT EXISTS pinned (digest BLOB PRIMARY KEY)').run()
  sql('DELETE FROM temp.pinned').run()
  for (const { id } of live) sql(PIN).run(id)
}

const PIN = `INSERT OR IGNORE INTO temp.pinned
  WITH RECURSIVE place (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM place WHERE i + 1 < (SELECT max(length(digests)) / 32 FROM task))
  SELECT substr(t.digests, p.i * 32 + 1, 32) FROM task t JOIN place p ON p.i * 32 < length(t.digests)
  WHERE t.recipe IN (SELECT recipe FROM run_recipe WHERE run = ?)`

function dropCheapest(
  index: OpenIndex,
  excessBytes: number,
  liveSince: number,
): { bytes: number; values: number; costMs: number } {
  const { connection, files, directory, nowMs } = index
  const dropped = { bytes: 0, values: 0, costMs: 0 }
  while (dropped.bytes < excessBytes) {
    const candidates = connection.read(() =>
      connection.sql<Candidate>(CHEAPEST).all(liveSince, Math.floor(nowMs / 1000), HALF_LIFE_SECONDS, LISTED),
    )
    if (candidates.length === 0) break
    for (let first = 0; first < candidates.length && dropped.bytes < excessBytes; first += BATCH) {
      const batch = connection.write('dropping cached values', () => {
        const gone: Candidate[] = []
        let bytes = dropped.bytes
        for (const candidate of candidates.slice(first, first + BATCH)) {
          if (bytes >= excessBytes) break
          // A run that started meanwhile may have used it since it was listed.
          const { changes } = connection
            .sql('DELETE FROM blob WHERE id = ? AND used = ?')
            .run(candidate.id, candidate.used)
          if (changes === 0) continue
          if (candidate.inline === 0) removeObject(files, directory, toHex(candidate.digest))
          bytes += candidate.size
          gone.push(candidate)
        }
        return gone
      })
      for (const { size, cost_ms } of batch) {
        dropped.bytes += size
        dropped.values++
        dropped.costMs += cost_ms
      }
    }
  }
  return dropped
}

/** 4096: what a small value costs beyond its bytes, so that tiny ones do not count as infinitely worth keeping. */
const CHEAPEST = `SELECT id, digest, size, inline, cost_ms, used FROM blob
  WHERE used < ? AND digest NOT IN (SELECT digest FROM temp.pinned)
  ORDER BY cost_ms / (size + 4096.0) * pow(0.5, (? - used) * 1.0 / ?), id LIMIT ?`

function storedBytes(connection: Connection): number {
  return connection.read(
    () => connection.sql<{ bytes: number }>('SELECT coalesce(sum(size), 0) AS bytes FROM blob').get()?.bytes ?? 0,
  )
}

function protectedBytes(connection: Connection, liveSince: number): number {
  if (liveSince === Number.POSITIVE_INFINITY) return 0
  return connection.read(
    () =>
      connection
        .sql<{ bytes: number }>(
          'SELECT coalesce(sum(size), 0) AS bytes FROM blob WHERE used >= ? OR digest IN (SELECT digest FROM temp.pinned)',
        )
        .get(liveSince)?.bytes ?? 0,
  )
}

/** Free pages go back to the file system, some at a time so that nobody waits long. */
function giveBackPages(connection: Connection): void {
  const free = (): number =>
    connection.sql<{ freelist_count: number }>('PRAGMA freelist_count').get()?.freelist_count ?? 0
  for (let left = free(); left > 0; ) {
    connection.exec('giving space back', 'PRAGMA incremental_vacuum(1000)')
    const now = free()
    if (now >= left) break
    left = now
  }
}

/** A quarter of the disk, at most 100 GB: the budget when nobody set one. The folder need not be there yet. */
export function defaultBudgetBytes(directory: string, files: FileSystem = nodeFiles): number {
  const { blocks, bsize } = files.statfsSync(nearestFolder(directory, files))
  return Math.min(100e9, Math.floor((blocks * bsize) / 4))
}

function nearestFolder(directory: string, files: FileSystem): string {
  const root = resolve(directory)
  return exists(files, root) || dirname(root) === root ? root : nearestFolder(dirname(root), files)
}
