import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { TaskError } from '../engine/base/diagnostic.ts'
import type { Digest } from '../engine/base/digest.ts'
import { eachChunk, errorCode, type FileSystem, removeQuietly, writeFully } from './files.ts'
import { explained } from './problem.ts'
import { scratchName } from './scratch.ts'

/** Temporary files beside a delivered one start with this. */
export const DELIVERY_PREFIX = '.maskloom-'

/** Verified bytes, or an object whose bytes are verified on the way. */
export type Source = { readonly bytes: Uint8Array } | { readonly objectPath: string }

/**
 * Puts a file in place: complete and synced under a temporary name, then renamed over whatever is there. False (and
 * nothing changed) if the source is gone or its bytes do not match the digest.
 *
 * @param tmpFolders folders to write the temporary file in, best first; the last one is on the target's file system.
 */
export function deliverFile(
  files: FileSystem,
  source: Source,
  digest: Digest,
  path: string,
  tmpFolders: readonly string[],
): boolean {
  return explained('delivering a result', path, () => {
    refuseFolder(files, path)
    files.mkdirSync(dirname(path), { recursive: true })
    for (const [i, folder] of tmpFolders.entries()) {
      const temporary = join(folder, (folder === dirname(path) ? DELIVERY_PREFIX : '') + scratchName())
      try {
        if (!writeVerified(files, source, digest, temporary)) return false
        files.renameSync(temporary, path)
        return true
      } catch (error) {
        // Another file system after all (same device, but mounted twice).
        if (errorCode(error) !== 'EXDEV' || i === tmpFolders.length - 1) throw error
      } finally {
        removeQuietly(files, temporary)
      }
    }
    throw new Error('internal: no folder for temporary files')
  })
}

/** False if there is nothing to copy or it does not match. */
function writeVerified(files: FileSystem, source: Source, digest: Digest, temporary: string): boolean {
  const from = 'bytes' in source ? undefined : openObject(files, source.objectPath)
  if (from === undefined && !('bytes' in source)) return false
  try {
    const to = files.openSync(temporary, 'wx', 0o644)
    try {
      const hash = createHash('sha256')
      const put = (chunk: Uint8Array): void => {
        hash.update(chunk)
        writeFully(files, to, chunk)
      }
      if ('bytes' in source) put(source.bytes)
      else if (from !== undefined) eachChunk(files, from, put)
      if (hash.digest('hex') !== digest) return false
      files.fsyncSync(to)
      return true
    } finally {
      files.closeSync(to)
    }
  } finally {
    if (from !== undefined) files.closeSync(from)
  }
}

function openObject(files: FileSystem, path: string): number | undefined {
  try {
    return files.openSync(path, 'r')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function refuseFolder(files: FileSystem, path: string): void {
  if (!files.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  throw new TaskError({
    code: 'not-permitted',
    message: `A result should become the file ${path}, but there is a folder of that name`,
    fix: 'move the folder away, or choose another place with --out',
  })
}
