import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Key } from '../engine/base/digest.ts'
import type { Leases } from '../engine/contract/lease.ts'
import { toBytes } from './codec.ts'
import { connect, openNative } from './connection.ts'
import { type FileSystem, nodeFiles } from './files.ts'
import { registerOwner, workingOwners } from './owners.ts'

export interface LeaseOptions {
  readonly files?: FileSystem
  readonly now?: () => number
  readonly remark?: (message: string) => void
  /** Off in tests that set the clock. */
  readonly heartbeat?: boolean
}

/** Leases of this process in a store that was opened before (`openStore` makes the folder). */
export function openLeases(directory: string, options: LeaseOptions = {}): Leases {
  const root = resolve(directory)
  const { files = nodeFiles, now = Date.now, remark = () => {}, heartbeat = true } = options
  const connection = connect(root, { files, now, remark, database: openNative })
  registerOwner(connection, now())
  const beating = heartbeat ? startHeartbeat(join(root, 'index.db')) : undefined

  return {
    take: (segment, items) =>
      connection.write('taking work', () => {
        const me = registerOwner(connection, now())
        const working = workingOwners(connection, now())
        const taken: string[] = []
        const held: { item: string; processId: number; sinceMs: number }[] = []
        for (const item of items) {
          const lease = connection
            .sql<{ owner: number; taken_ms: number }>(
              'SELECT owner, taken_ms FROM lease WHERE segment = ? AND item = ?',
            )
            .get(toBytes(segment), item)
          const holder = lease === undefined || lease.owner === me ? undefined : working.get(lease.owner)
          if (lease !== undefined && holder !== undefined) {
            held.push({ item, processId: holder.pid, sinceMs: lease.taken_ms })
            continue
          }
          connection
            .sql(
              `INSERT INTO lease (segment, item, owner, taken_ms) VALUES (?, ?, ?, ?)
               ON CONFLICT (segment, item) DO UPDATE SET owner = excluded.owner, taken_ms = excluded.taken_ms`,
            )
            .run(toBytes(segment), item, me, now())
          taken.push(item)
        }
        return { taken, held }
      }),
    release: (segment: Key, items) => {
      connection.write('giving work back', () => {
        const me = registerOwner(connection, now())
        for (const item of items) {
          connection
            .sql('DELETE FROM lease WHERE segment = ? AND item = ? AND owner = ?')
            .run(toBytes(segment), item, me)
        }
      })
    },
    close: () => {
      void beating?.terminate()
      connection.write('giving all work back', () => {
        connection.sql('DELETE FROM lease WHERE owner = ?').run(registerOwner(connection, now()))
      })
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
