import type { Connection } from './connection.ts'

/** Rows used in one of this many latest runs are never dropped, nor those used within `KEEP_SECONDS`. */
const KEEP_RUNS = 20
const KEEP_SECONDS = 90 * 24 * 3600

/**
 * Drops the rows of results, recipes, runs and file hashes that nothing has asked for in a long time; without this the
 * index would only ever grow. Returns how many results.
 */
export function pruneRows(connection: Connection, nowSeconds: number, liveSince: number): number {
  return connection.write('dropping old rows', () => {
    const { sql } = connection
    const oldestKept = sql<{ started_ms: number }>(
      'SELECT started_ms FROM run ORDER BY started_ms DESC LIMIT 1 OFFSET ?',
    ).get(KEEP_RUNS - 1)
    // Fewer runs than that: the oldest one bounds it, and with none at all only the age counts.
    const first =
      oldestKept ?? sql<{ started_ms: number | null }>('SELECT min(started_ms) AS started_ms FROM run').get()
    const runsSince =
      first?.started_ms === null || first === undefined ? Number.POSITIVE_INFINITY : first.started_ms / 1000
    const cutoff = Math.floor(Math.min(runsSince, nowSeconds - KEEP_SECONDS, liveSince))
    const dropped = sql('DELETE FROM task WHERE used < ?').run(cutoff).changes
    sql('DELETE FROM file WHERE used < ?').run(cutoff)
    sql('DELETE FROM run WHERE started_ms < ?').run(cutoff * 1000)
    if (dropped > 0 && liveSince === Number.POSITIVE_INFINITY) {
      sql(
        'DELETE FROM recipe WHERE id NOT IN (SELECT recipe FROM task) AND digest NOT IN (SELECT recipe FROM cell)',
      ).run()
    }
    return dropped
  })
}
