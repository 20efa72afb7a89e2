import type { Digest, Key } from '../engine/base/digest.ts'
import type { TaskRecord, TaskRow } from '../engine/contract/store.ts'
import { packOutputs, sealOf, toBytes, unpackOutputs } from './codec.ts'
import type { Rows } from './connection.ts'

/** A task row as found, with what the writer needs to keep it fresh. */
export interface FoundTask extends TaskRow {
  readonly id: number
  readonly usedSeconds: number
}

interface Row {
  id: number
  ports: string
  digests: Buffer
  seal: Buffer
  duration_ms: number
  used: number
}

/** The row of a key; a row that does not fit its seal counts as none. */
export function findTask(rows: Rows, key: Key): FoundTask | undefined {
  const keyBytes = toBytes(key)
  const row = rows.sql<Row>('SELECT id, ports, digests, seal, duration_ms, used FROM task WHERE key = ?').get(keyBytes)
  if (row === undefined || !sealOf(keyBytes, row.ports, row.digests).equals(row.seal)) return undefined
  return {
    id: row.id,
    usedSeconds: row.used,
    durationMs: row.duration_ms,
    outputs: unpackOutputs(row.ports, row.digests),
  }
}

/** Do two results of one key disagree on a port that both have? */
export function disagree(known: TaskRow, record: TaskRecord): boolean {
  return Object.entries(record.outputs).some(([port, digest]) => {
    const before = known.outputs[port]
    return before !== undefined && before !== digest
  })
}

/**
 * Adds a task, inside a transaction. A key keeps its first digests: false if the record says otherwise. Ports the row
 * did not have yet (nobody wanted them the first time) are added to it.
 */
export function putTask(rows: Rows, record: TaskRecord, nowSeconds: number): boolean {
  const known = findTask(rows, record.key)
  if (known !== undefined && disagree(known, record)) return false
  const key = toBytes(record.key)
  const { ports, digests } = packOutputs({ ...record.outputs, ...known?.outputs })
  const durationMs = Math.max(record.durationMs, known?.durationMs ?? 0)
  rows
    .sql(
      `INSERT INTO task (key, recipe, ports, digests, seal, duration_ms, used) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET ports = excluded.ports, digests = excluded.digests, seal = excluded.seal,
         duration_ms = excluded.duration_ms, used = excluded.used`,
    )
    .run(key, recipeId(rows, record.recipe), ports, digests, sealOf(key, ports, digests), durationMs, nowSeconds)
  return true
}

export function getRecipe(rows: Rows, recipe: Digest): string | undefined {
  return (
    rows.sql<{ json: string | null }>('SELECT json FROM recipe WHERE digest = ?').get(toBytes(recipe))?.json ??
    undefined
  )
}

export function putRecipe(rows: Rows, recipe: Digest, json: string): void {
  rows
    .sql('INSERT INTO recipe (digest, json) VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET json = excluded.json')
    .run(toBytes(recipe), json)
}

function recipeId(rows: Rows, recipe: Digest): number {
  const digest = toBytes(recipe)
  const found = rows.sql<{ id: number }>('SELECT id FROM recipe WHERE digest = ?').get(digest)
  if (found !== undefined) return found.id
  return Number(rows.sql('INSERT INTO recipe (digest) VALUES (?)').run(digest).lastInsertRowid)
}
