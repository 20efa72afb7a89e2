import type Database from 'better-sqlite3'
import type { Connection, Rows } from './connection.ts'
import { liveness, type Owner, ownerOf } from './owner.ts'

/** A process shows a sign of life this often, and counts as gone or stuck when the last one is `EXPIRY_MS` old. */
export const HEARTBEAT_MS = 5_000
export const EXPIRY_MS = 60_000

export interface OwnerRow extends Owner {
  readonly id: number
  readonly beat_ms: number
}

const SIGN_OF_LIFE = `INSERT INTO owner (host, boot, pid, start, beat_ms) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (host, boot, pid, start) DO UPDATE SET beat_ms = excluded.beat_ms RETURNING id`

/** The row of this process, made if needed, with a fresh sign of life; rows of processes that are gone, and their leases, go. */
export function registerOwner(connection: Connection, nowMs: number): number {
  return connection.write('registering this process in the cache', () => {
    for (const owner of allOwners(connection)) {
      if (!isAlive(owner, nowMs)) connection.sql('DELETE FROM owner WHERE id = ?').run(owner.id)
    }
    return connection.sql<{ id: number }>(SIGN_OF_LIFE).get(...ownColumns(nowMs))?.id as number
  })
}

/** The same for the heartbeat, which has a connection of its own. */
export function signOfLife(db: Database.Database, nowMs: number): void {
  db.prepare(SIGN_OF_LIFE).get(...ownColumns(nowMs))
}

/** Ids of owners whose process lives. */
export function liveOwners(rows: Rows, nowMs: number): ReadonlySet<number> {
  return new Set(
    allOwners(rows)
      .filter(owner => isAlive(owner, nowMs))
      .map(owner => owner.id),
  )
}

/** Owners that may hold leases: they live, as far as can be told, and have shown it lately (a stopped process has not). */
export function workingOwners(rows: Rows, nowMs: number): ReadonlyMap<number, OwnerRow> {
  const working = allOwners(rows).filter(owner => isAlive(owner, nowMs) && nowMs - owner.beat_ms < EXPIRY_MS)
  return new Map(working.map(owner => [owner.id, owner]))
}

function ownColumns(nowMs: number): (string | number)[] {
  const me = ownerOf(process.pid)
  return [me.host, me.boot, me.pid, me.start, nowMs]
}

function allOwners(rows: Rows): OwnerRow[] {
  return rows.sql<OwnerRow>('SELECT id, host, boot, pid, start, beat_ms FROM owner').all()
}

function isAlive(owner: OwnerRow, nowMs: number): boolean {
  const state = liveness(owner)
  return state === 'alive' || (state === 'unknown' && nowMs - owner.beat_ms < EXPIRY_MS)
}
