import type { Connection, Rows } from './connection.ts'
import { liveness, type Owner, ownerOf } from './owner.ts'

/** An owner on another host counts as gone when its heartbeat is older than this. */
export const EXPIRY_MS = 60_000

interface Row extends Owner {
  id: number
  beat_ms: number
}

/** The row of this process, made if needed; rows of processes that are gone, and their leases, go. */
export function registerOwner(connection: Connection, nowMs: number): number {
  return connection.write('registering this process in the cache', () => {
    for (const owner of allOwners(connection)) {
      if (!isAlive(owner, nowMs)) connection.sql('DELETE FROM owner WHERE id = ?').run(owner.id)
    }
    const me = ownerOf(process.pid)
    return connection
      .sql<{ id: number }>(
        `INSERT INTO owner (host, boot, pid, start, beat_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (host, boot, pid, start) DO UPDATE SET beat_ms = excluded.beat_ms RETURNING id`,
      )
      .get(me.host, me.boot, me.pid, me.start, nowMs)?.id as number
  })
}

/** Ids of owners whose process lives. */
export function liveOwners(rows: Rows, nowMs: number): ReadonlySet<number> {
  return new Set(
    allOwners(rows)
      .filter(owner => isAlive(owner, nowMs))
      .map(owner => owner.id),
  )
}

function allOwners(rows: Rows): Row[] {
  return rows.sql<Row>('SELECT id, host, boot, pid, start, beat_ms FROM owner').all()
}

function isAlive(owner: Row, nowMs: number): boolean {
  const state = liveness(owner)
  return state === 'alive' || (state === 'unknown' && nowMs - owner.beat_ms < EXPIRY_MS)
}
