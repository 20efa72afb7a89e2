import { toHex } from './codec.ts'
import type { Connection } from './connection.ts'
import { type FileSystem, nodeFiles } from './files.ts'
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
 * byte, first; the longer unused, the cheaper. What runs that are going on may have looked at is kept.
 */
export function collectGarbage(directory: string, options: CollectOptions): Collected {
  return withIndex(directory, options, index => {
    const { connection, nowMs } = index
    const { budgetBytes } = options
    const liveSince = oldestLiveRunSeconds(connection, nowMs)
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

/** Since when a run that goes on now may have used something; infinite if there is none. "Used" lags by its grain. */
function oldestLiveRunSeconds(connection: Connection, nowMs: number): number {
  return connection.read(() => {
    const live = liveOwners(connection, nowMs)
    const running = connection
      .sql<{ started_ms: number; owner: number | null }>("SELECT started_ms, owner FROM run WHERE status = 'running'")
      .all()
      .filter(run => run.owner !== null && live.has(run.owner))
    return Math.floor(Math.min(...running.map(run => run.started_ms)) / 1000) - USED_GRAIN_SECONDS
  })
}

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
const CHEAPEST = `SELECT id, digest, size, inline, cost_ms, used FROM blob WHERE used < ?
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
        .sql<{ bytes: number }>('SELECT coalesce(sum(size), 0) AS bytes FROM blob WHERE used >= ?')
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

/** A quarter of the disk, at most 100 GB: the budget when nobody set one. */
export function defaultBudgetBytes(directory: string, files: FileSystem = nodeFiles): number {
  const { blocks, bsize } = files.statfsSync(directory)
  return Math.min(100e9, Math.floor((blocks * bsize) / 4))
}
