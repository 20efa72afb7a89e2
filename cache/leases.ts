import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { TaskError } from '../engine/base/diagnostic.ts'
import type { LeaseAnswer, LeaseHolder, LeaseName, Leases } from '../engine/contract/lease.ts'
import { toBytes } from './codec.ts'
import { connect, openNative } from './connection.ts'
import { type FileSystem, nodeFiles } from './files.ts'
import { openHeldHere } from './held-here.ts'
import { type OwnerRow, ownerNamed, ownId, registerOwner, watchOwners } from './owners.ts'

export interface LeaseOptions {
  readonly files?: FileSystem
  readonly now?: () => number
  /** A clock that never jumps. */
  readonly monotonicMs?: () => number
  readonly remark?: (message: string) => void
  /** Off in tests that set the clock. */
  readonly heartbeat?: boolean
}

/** Leases given back wait this long for a `take` to ride along with: a transaction costs more than what is in it. */
const RELEASE_DELAY_MS = 50

/** Leases of this process in a store that was opened before (`openStore` makes the folder). */
export function openLeases(directory: string, options: LeaseOptions = {}): Leases {
  const root = resolve(directory)
  const { files = nodeFiles, now = Date.now, remark = () => {}, heartbeat = true } = options
  const connection = connect(root, { files, now, remark, database: openNative })
  const works = watchOwners(options.monotonicMs ?? (() => performance.now()), now)
  registerOwner(connection, now())
  const here = openHeldHere(root)
  const beating = heartbeat ? startHeartbeat(join(root, 'index.db')) : undefined
  let returned: LeaseName[] = []
  let timer: NodeJS.Timeout | undefined

  /** Inside a transaction. The index may have been replaced, and with it every owner's number. */
  function me(): number {
    return ownId(connection) ?? registerOwner(connection, now())
  }

  function takeSet(names: readonly LeaseName[], own: number, nowMs: number): LeaseHolder | undefined {
    const holders = names.map(name => holderOf(name, own))
    const holder = holders.find(one => one !== undefined)
    if (holder !== undefined) return holder
    for (const { segment, item } of names) {
      connection
        .sql(
          `INSERT INTO lease (segment, item, owner, taken_ms) VALUES (?, ?, ?, ?)
           ON CONFLICT (segment, item) DO UPDATE SET owner = excluded.owner, taken_ms = excluded.taken_ms`,
        )
        .run(toBytes(segment), item, own, nowMs)
      here.hold({ segment, item })
    }
    return undefined
  }

  function holderOf({ segment, item }: LeaseName, own: number): LeaseHolder | undefined {
    const lease = connection
      .sql<{ owner: number; taken_ms: number }>('SELECT owner, taken_ms FROM lease WHERE segment = ? AND item = ?')
      .get(toBytes(segment), item)
    if (lease === undefined || (lease.owner === own && !here.isTaken({ segment, item }))) return undefined
    const owner = ownerNamed(connection, lease.owner)
    if (owner === undefined || (lease.owner !== own && !works(owner))) return undefined
    return { processId: owner.pid, runId: runOf(owner), sinceMs: lease.taken_ms }
  }

  function runOf(owner: OwnerRow): string | undefined {
    return connection
      .sql<{ id: string }>('SELECT id FROM run WHERE owner = ? ORDER BY started_ms DESC LIMIT 1')
      .get(owner.id)?.id
  }

  function giveBack(names: readonly LeaseName[]): void {
    const own = me()
    for (const { segment, item } of names) {
      if (!here.drop({ segment, item })) continue
      connection.sql('DELETE FROM lease WHERE segment = ? AND item = ? AND owner = ?').run(toBytes(segment), item, own)
    }
  }

  function write<T>(doing: string, action: () => T): T | undefined {
    clearTimeout(timer)
    timer = undefined
    const names = returned
    try {
      const result = connection.write(doing, () => {
        giveBack(names)
        return action()
      })
      returned = []
      return result
    } catch (error) {
      if (!(error instanceof TaskError)) throw error
      return undefined
    }
  }

  return {
    take(sets): LeaseAnswer {
      const answer = write('taking work', () => {
        const own = me()
        const nowMs = now()
        const others = connection.sql<{ n: number }>('SELECT count(*) AS n FROM owner').get()!.n > 1
        const shared = others || here.hasCompany()
        return { holders: sets.map(names => takeSet(names, own, nowMs)), shared }
      })
      return answer ?? { holders: sets.map(() => undefined), shared: true }
    },
    release(names) {
      returned.push(...names)
      timer ??= setTimeout(() => write('giving work back', () => {}), RELEASE_DELAY_MS).unref()
    },
    close() {
      void beating?.terminate()
      write('giving all work back', () => giveBack(here.rest()))
      here.close()
      connection.close()
    },
  }
}

/** The thread does not keep the process alive, and ends with it. */
function startHeartbeat(path: string): Worker {
  const here = import.meta.url
  const url = here.endsWith('.ts') ? new URL('../dist/cache/heartbeat.js', here) : new URL('heartbeat.js', here)
  const worker = new Worker(url, { name: 'heartbeat', workerData: { path } })
  worker.unref()
  // Without a heartbeat the leases of this process run out early: work may be done twice, nothing worse.
  worker.on('error', () => {})
  return worker
}
