import type { Digest } from '../engine/base/digest.ts'
import { toHex } from './codec.ts'
import { type HousekeepingOptions, withIndex } from './housekeeping.ts'

/** What the store holds of one recipe: a node with its parameters. */
export interface RecipeUse {
  readonly recipe: Digest
  readonly json: string | undefined
  readonly results: number
  /** Of the values that are there; a value of several results counts for each. */
  readonly bytes: number
  readonly durationMs: number
  readonly lastUsedMs: number
}

interface Row {
  digest: Buffer
  json: string | null
  results: number
  bytes: number
  duration_ms: number
  used: number
}

/** Largest first. */
export function listStore(directory: string, options: HousekeepingOptions = {}): RecipeUse[] {
  return withIndex(directory, options, ({ connection }) =>
    connection
      .read(() => connection.sql<Row>(LIST).all())
      .map(row => ({
        recipe: toHex(row.digest),
        json: row.json ?? undefined,
        results: row.results,
        bytes: row.bytes,
        durationMs: row.duration_ms,
        lastUsedMs: row.used * 1000,
      })),
  )
}

/** A task's digests lie end to end in one column: `place` walks over them. */
const LIST = `
  WITH RECURSIVE
    place (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM place WHERE i + 1 < (SELECT max(length(digests)) / 32 FROM task)),
    held (recipe, bytes) AS (
      SELECT t.recipe, sum(b.size)
      FROM task t JOIN place p ON p.i * 32 < length(t.digests) JOIN blob b ON b.digest = substr(t.digests, p.i * 32 + 1, 32)
      GROUP BY t.recipe
    )
  SELECT r.digest, r.json, count(*) AS results, coalesce(h.bytes, 0) AS bytes, sum(t.duration_ms) AS duration_ms, max(t.used) AS used
  FROM task t JOIN recipe r ON r.id = t.recipe LEFT JOIN held h ON h.recipe = t.recipe
  GROUP BY t.recipe
  ORDER BY bytes DESC, results DESC, r.digest`
