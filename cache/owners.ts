import type Database from 'better-sqlite3'
import type { Connection, Rows } from './connection.ts'
import { liveness, type Owner, ownerOf } from './owner.ts'

/** A process shows a sign of life this often, and counts as gone or stuck when none was seen for `EXPIRY_MS`. */
export const HEARTBEAT_MS = 5_000
export const EXPIRY_MS = 60_000
/** A sign of life that looks older than `EXPIRY_MS` may be a clock that jumped: a live process gets time for another. */
export const DOUBT_MS = 2 * HEARTBEAT_MS
/** Rows of processes that cannot be told alive or dead from here are removed after this. */
const FORGET_MS = 24 * 3600_000

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
      if (!isAlive(owner, nowMs, FORGET_MS)) connection.sql('DELETE FROM owner WHERE id = ?').run(owner.id)
    }
    const { host, boot, pid, start } = thisOwner()
    return connection.sql<{ id: number }>(SIGN_OF_LIFE).get(host, boot, pid, start, nowMs)!.id
  })
}

/** Number of the row of this process, if it has one. */
export function ownId(rows: Rows): number | undefined {
  const { host, boot, pid, start } = thisOwner()
  return rows
    .sql<{ id: number }>('SELECT id FROM owner WHERE host = ? AND boot = ? AND pid = ? AND start = ?')
    .get(host, boot, pid, start)?.id
}

/** The same for the heartbeat, which has a connection of its own. */
export function signOfLife(db: Database.Database, nowMs: number): void {
  const { host, boot, pid, start } = thisOwner()
  db.prepare(SIGN_OF_LIFE).get(host, boot, pid, start, nowMs)
}

export function ownerNamed(rows: Rows, id: number): OwnerRow | undefined {
  return rows.sql<OwnerRow>('SELECT id, host, boot, pid, start, beat_ms FROM owner WHERE id = ?').get(id)
}

/** Ids of owners whose process lives. */
export function liveOwners(rows: Rows, nowMs: number): ReadonlySet<number> {
  return new Set(
    allOwners(rows)
      .filter(owner => isAlive(owner, nowMs, EXPIRY_MS))
      .map(owner => owner.id),
  )
}

/**
 * Tells whether an owner still works: its process lives, as far as can be told, and has not been quiet for too long (a
 * stopped process is). Quiet is measured on our own clock from when we first saw its last sign of life, so that a
 * clock set forward does not end anybody's leases, and one set back does not make a dead process look alive for hours.
 */
export function watchOwners(monotonicMs: () => number, now: () => number): (owner: OwnerRow) => boolean {
  const seen = new Map<number, { readonly beatMs: number; readonly sinceMs: number }>()
  return owner => {
    if (liveness(owner) === 'dead') return false
    let last = seen.get(owner.id)
    if (last?.beatMs !== owner.beat_ms) {
      last = { beatMs: owner.beat_ms, sinceMs: monotonicMs() }
      seen.set(owner.id, last)
    }
    const looksOld = now() - owner.beat_ms >= EXPIRY_MS
    return monotonicMs() - last.sinceMs < (looksOld ? DOUBT_MS : EXPIRY_MS)
  }
}

let own: Owner | undefined

function thisOwner(): Owner {
  own ??= ownerOf(process.pid)
  return own
}

function allOwners(rows: Rows): OwnerRow[] {
  return rows.sql<OwnerRow>('SELECT id, host, boot, pid, start, beat_ms FROM owner').all()
}

function isAlive(owner: OwnerRow, nowMs: number, unheardMs: number): boolean {
  const state = liveness(owner)
  return state === 'alive' || (state === 'unknown' && nowMs - owner.beat_ms < unheardMs)
}
