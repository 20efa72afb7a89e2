import { TaskError } from '../engine/base/diagnostic.ts'
import type { Digest } from '../engine/base/digest.ts'
import type { FileDigest } from '../engine/contract/store.ts'
import type { Connection } from './connection.ts'
import { errorCode, type FileSystem } from './files.ts'
import { hashOpenFile } from './hash.ts'
import { type FileIdentity, identityColumns, type LateWrites } from './late-writes.ts'
import { explained } from './problem.ts'

/** A file changed this shortly before it was hashed may change again without its times changing. */
const SETTLED_MS = 2000
const TRIES = 3

/** Where hashes of files are remembered: in the index, or in memory. */
export interface FileMemory {
  readonly get: (identity: FileIdentity) => Digest | undefined
  readonly set: (identity: FileIdentity, sha256: Digest) => void
}

/**
 * sha256 of a file's content. Remembered by device, inode, size, modification and change time, but only if both times
 * were at least two seconds in the past when it was hashed; a file newer than that is hashed again the next time.
 *
 * @throws TaskError `bad-file` if there is no such file, `input-changed` if it keeps changing while it is read.
 */
export function fileDigest(files: FileSystem, memory: FileMemory, now: () => number, path: string): FileDigest {
  return explained('reading a file', path, () => {
    const known = identityOf(files, path)
    const remembered = memory.get(known)
    if (remembered !== undefined) return { sha256: remembered, sizeBytes: Number(known.size) }
    for (let tries = 0; tries < TRIES; tries++) {
      const result = hashUnchanged(files, path, now)
      if (result === undefined) continue
      if (result.settled) memory.set(result.identity, result.sha256)
      return { sha256: result.sha256, sizeBytes: Number(result.identity.size) }
    }
    throw new TaskError({
      code: 'input-changed',
      message: `The file ${path} changed while it was being read, ${TRIES} times in a row`,
      fix: 'wait until whatever writes it has finished, then run the command again',
    })
  })
}

/**
 * `fileDigest` of many absolute paths, in order. All are looked at first and remembered ones asked for in one read
 * transaction, since beginning one costs more than the row.
 */
export function fileDigests(
  files: FileSystem,
  connection: Connection,
  memory: FileMemory,
  now: () => number,
  paths: readonly string[],
): readonly FileDigest[] {
  const identities = paths.map(path => explained('reading a file', path, () => identityOf(files, path)))
  const remembered = connection.readTogether(() => identities.map(identity => memory.get(identity)))
  return paths.map((path, i) => {
    const sha256 = remembered[i]
    return sha256 === undefined
      ? fileDigest(files, memory, now, path)
      : { sha256, sizeBytes: Number(identities[i]?.size) }
  })
}

/** The memory of a store on disk; new hashes wait in `late` for the next commit. */
export function indexedFileMemory(connection: Connection, late: LateWrites): FileMemory {
  return {
    get: identity => {
      const pending = late.pendingFile(identity)
      if (pending !== undefined) return pending
      return connection.read(
        () =>
          connection
            .sql<{ digest: Digest }>(
              'SELECT lower(hex(sha256)) AS digest FROM file WHERE dev = ? AND ino = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?',
            )
            .get(...identityColumns(identity))?.digest,
      )
    },
    set: late.file,
  }
}

function hashUnchanged(
  files: FileSystem,
  path: string,
  now: () => number,
): { identity: FileIdentity; sha256: Digest; settled: boolean } | undefined {
  const startedMs = now()
  const fd = files.openSync(path, 'r')
  try {
    const before = files.fstatSync(fd, { bigint: true })
    const { sha256 } = hashOpenFile(files, fd)
    const after = files.fstatSync(fd, { bigint: true })
    if (identityColumns(before).join() !== identityColumns(after).join()) return undefined
    const changedMs = Math.max(Number(after.mtimeNs / 1_000_000n), Number(after.ctimeNs / 1_000_000n))
    return { identity: after, sha256, settled: startedMs - changedMs >= SETTLED_MS }
  } finally {
    files.closeSync(fd)
  }
}

function identityOf(files: FileSystem, path: string): FileIdentity {
  try {
    const found = files.statSync(path, { bigint: true })
    if (found.isFile()) return found
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
    throw new TaskError(
      { code: 'bad-file', message: `There is no file ${path}`, fix: 'check the path' },
      { cause: error },
    )
  }
  throw new TaskError({
    code: 'bad-file',
    message: `Expected a file, found something else: ${path}`,
    fix: 'check the path',
  })
}
