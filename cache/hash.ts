import { createHash } from 'node:crypto'
import type { Digest } from '../engine/base/digest.ts'
import { eachChunk, type FileSystem } from './files.ts'

/** sha256 of a file's bytes, read in chunks. */
export function hashFile(files: FileSystem, path: string): { sha256: Digest; sizeBytes: number } {
  const fd = files.openSync(path, 'r')
  try {
    return hashOpenFile(files, fd)
  } finally {
    files.closeSync(fd)
  }
}

/** The same from the current position of an open file to its end. */
export function hashOpenFile(files: FileSystem, fd: number): { sha256: Digest; sizeBytes: number } {
  const hash = createHash('sha256')
  let sizeBytes = 0
  eachChunk(files, fd, chunk => {
    hash.update(chunk)
    sizeBytes += chunk.byteLength
  })
  return { sha256: hash.digest('hex'), sizeBytes }
}
