import { TaskError } from '../engine/base/diagnostic.ts'
import type { Digest } from '../engine/base/digest.ts'
import { toBytes } from './codec.ts'
import type { Connection } from './connection.ts'

/** "Used" is only as fresh as this: a run that finds everything cached writes nothing. */
export const USED_GRAIN_SECONDS = 6 * 3600

/** Written together once this many wait. */
const FLUSH_AT = 1000

/** A file whose content is known, as the numbers of its `stat`. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/**
 * Small writes that nobody waits for: last use of rows, hashes of source files, objects found without a row. They ride
 * along with the next commit; lost in a crash, they cost nothing but the work of finding them out again.
 */
export interface LateWrites {
  readonly usedTask: (id: number, usedSeconds: number) => void
  readonly usedBlob: (id: number, usedSeconds: number) => void
  readonly adopt: (digest: Digest, sizeBytes: number) => void
  readonly file: (identity: FileIdentity, sha256: Digest) => void
  readonly pendingFile: (identity: FileIdentity) => Digest | undefined
  /** Writes what waits, inside a transaction of the caller, who calls `clear` once it is committed. */
  readonly apply: () => void
  readonly clear: () => void
  /** Both, in a transaction of their own; a full disk is no reason to fail here. */
  readonly flush: () => void
}

export function openLateWrites(connection: Connection, now: () => number): LateWrites {
  const tasks = new Set<number>()
  const blobs = new Set<number>()
  const adopted = new Map<Digest, number>()
  const fileHashes = new Map<string, { identity: FileIdentity; sha256: Digest }>()

  function seconds(): number {
    return Math.floor(now() / 1000)
  }

  function apply(): void {
    const { sql } = connection
    for (const id of tasks) sql('UPDATE task SET used = ? WHERE id = ?').run(seconds(), id)
    for (const id of blobs) sql('UPDATE blob SET used = ? WHERE id = ?').run(seconds(), id)
    for (const [digest, sizeBytes] of adopted) {
      sql('INSERT INTO blob (digest, size, inline, cost_ms, used) VALUES (?, ?, 0, 0, ?) ON CONFLICT DO NOTHING').run(
        toBytes(digest),
        sizeBytes,
        seconds(),
      )
    }
    for (const { identity, sha256 } of fileHashes.values()) {
      sql(
        `INSERT INTO file (dev, ino, size, mtime_ns, ctime_ns, sha256, used) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (dev, ino) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,
           ctime_ns = excluded.ctime_ns, sha256 = excluded.sha256, used = excluded.used`,
      ).run(...identityColumns(identity), toBytes(sha256), seconds())
    }
  }

  function clear(): void {
    tasks.clear()
    blobs.clear()
    adopted.clear()
    fileHashes.clear()
  }

  function flush(): void {
    if (tasks.size + blobs.size + adopted.size + fileHashes.size === 0) return
    try {
      connection.write('noting which cached values were used', apply)
    } catch (error) {
      if (!(error instanceof TaskError)) throw error
    }
    clear()
  }

  function added(): void {
    if (tasks.size + blobs.size + adopted.size + fileHashes.size >= FLUSH_AT) flush()
  }

  function isStale(usedSeconds: number): boolean {
    return usedSeconds < seconds() - USED_GRAIN_SECONDS
  }

  return {
    usedTask: (id, usedSeconds) => {
      if (isStale(usedSeconds)) {
        tasks.add(id)
        added()
      }
    },
    usedBlob: (id, usedSeconds) => {
      if (isStale(usedSeconds)) {
        blobs.add(id)
        added()
      }
    },
    adopt: (digest, sizeBytes) => {
      adopted.set(digest, sizeBytes)
      added()
    },
    file: (identity, sha256) => {
      fileHashes.set(identityKey(identity), { identity, sha256 })
      added()
    },
    pendingFile: identity => (fileHashes.size === 0 ? undefined : fileHashes.get(identityKey(identity))?.sha256),
    apply,
    clear,
    flush,
  }
}

/** As SQLite stores them: 64-bit signed. */
export function identityColumns(identity: FileIdentity): bigint[] {
  const { dev, ino, size, mtimeNs, ctimeNs } = identity
  return [dev, ino, size, mtimeNs, ctimeNs].map(n => BigInt.asIntN(64, n))
}

function identityKey(identity: FileIdentity): string {
  return identityColumns(identity).join(':')
}
