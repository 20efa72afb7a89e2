import type { Digest } from '../engine/base/digest.ts'
import { type FileSystem, removeQuietly, writeDurably } from './files.ts'
import { hashFile } from './hash.ts'
import { objectPath, objectSizeBytes } from './objects.ts'
import { explained } from './problem.ts'

export interface BlobFiles {
  /** `StoreReader.file`. */
  readonly file: (digest: Digest) => string | undefined
  /** Removes the files that were made for it. */
  readonly close: () => void
}

/**
 * Values as files, for readers that do not want them in memory. A large value is a file already: its bytes are hashed the
 * first time it is asked for. A small one lives in the index and is written to a scratch file once.
 */
export function openBlobFiles(
  files: FileSystem,
  directory: string | undefined,
  read: (digest: Digest) => Uint8Array | undefined,
  scratchFile: (extension: string) => string,
): BlobFiles {
  const known = new Map<Digest, string>()
  const made: string[] = []

  function find(digest: Digest): string | undefined {
    if (directory !== undefined && objectSizeBytes(files, directory, digest) !== undefined) {
      const path = objectPath(directory, digest)
      // A damaged one is lost: whoever makes it again replaces it.
      return explained('reading a cached value', path, () => hashFile(files, path).sha256) === digest ? path : undefined
    }
    const bytes = read(digest)
    if (bytes === undefined) return undefined
    const path = scratchFile('value')
    explained('writing a scratch file', path, () => writeDurably(files, path, bytes, 0o444))
    made.push(path)
    return path
  }

  return {
    file(digest) {
      const before = known.get(digest)
      if (before !== undefined && files.statSync(before, { throwIfNoEntry: false })?.isFile()) return before
      const found = find(digest)
      if (found === undefined) known.delete(digest)
      else known.set(digest, found)
      return found
    },
    close() {
      for (const path of made) removeQuietly(files, path)
      known.clear()
    },
  }
}
