import { dirname, join } from 'node:path'
import { TaskError } from '../engine/base/diagnostic.ts'
import { type Digest, sha256 } from '../engine/base/digest.ts'
import type { NewBlob } from '../engine/contract/store.ts'
import { errorCode, type FileSystem, readFully, removeQuietly, writeDurably } from './files.ts'
import { hashFile } from './hash.ts'
import { explained } from './problem.ts'
import { scratchPath } from './scratch.ts'

/** Values up to this size live in the index; a file of its own costs more than that below it (ext4, 16 KB pages). */
export const INLINE_LIMIT_BYTES = 256 * 1024

const READ_ONLY = 0o444

/** Where the bytes of a large value are: `objects/ab/cdef…`, named by what is in them. */
export function objectPath(directory: string, digest: Digest): string {
  return join(directory, 'objects', digest.slice(0, 2), digest.slice(2))
}

export function objectSizeBytes(files: FileSystem, directory: string, digest: Digest): number | undefined {
  const found = files.statSync(objectPath(directory, digest), { throwIfNoEntry: false })
  return found?.isFile() ? found.size : undefined
}

/**
 * Makes the object of a value: complete under a temporary name, synced, then renamed. A correct one that is there
 * already stays (published values are never rewritten); a damaged one is replaced.
 */
export function publishObject(files: FileSystem, directory: string, blob: NewBlob): void {
  const target = objectPath(directory, blob.digest)
  const doing = `storing a value of ${blob.sizeBytes} bytes`
  explained(doing, target, () => {
    const there = objectSizeBytes(files, directory, blob.digest)
    if (there === blob.sizeBytes && hashFile(files, target).sha256 === blob.digest) return
    const finished =
      blob.content instanceof Uint8Array
        ? stageBytes(files, directory, blob, blob.content)
        : stageScratch(files, blob, blob.content.scratchPath)
    try {
      files.mkdirSync(dirname(target), { recursive: true })
      files.renameSync(finished, target)
    } catch (error) {
      if (blob.content instanceof Uint8Array) removeQuietly(files, finished)
      throw error
    }
  })
}

/** The verified bytes of a small value (large ones are renamed, not read). */
export function inlineBytes(files: FileSystem, blob: NewBlob): Uint8Array {
  const { content } = blob
  const bytes =
    content instanceof Uint8Array
      ? content
      : explained('reading a finished scratch file', content.scratchPath, () => readFully(files, content.scratchPath))
  requireMatch(blob, sha256(bytes), bytes.byteLength)
  return bytes
}

/** @throws TaskError when the bytes handed over are not the ones that were hashed. */
function requireMatch(blob: NewBlob, found: Digest, foundBytes: number): void {
  if (found === blob.digest && foundBytes === blob.sizeBytes) return
  throw new TaskError({
    code: 'io-failed',
    message: `A value changed between being computed and being stored: expected ${blob.sizeBytes} bytes with sha256 ${blob.digest}, found ${foundBytes} bytes with ${found}`,
    fix: 'run the command again; if it happens again, check memory and disk of this machine',
  })
}

export type ReadObject = { readonly bytes: Uint8Array } | 'missing' | 'damaged'

/** Reads and verifies. A file the disk cannot read is a damaged one: its value is made again. */
export function readObject(files: FileSystem, directory: string, digest: Digest): ReadObject {
  const path = objectPath(directory, digest)
  try {
    const bytes = readFully(files, path)
    return sha256(bytes) === digest ? { bytes } : 'damaged'
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing'
    if (code === 'EIO' || code === 'EISDIR') return 'damaged'
    return explained('reading a cached value', path, () => {
      throw error
    })
  }
}

export function removeObject(files: FileSystem, directory: string, digest: Digest): void {
  removeQuietly(files, objectPath(directory, digest))
}

function stageBytes(files: FileSystem, directory: string, blob: NewBlob, bytes: Uint8Array): string {
  requireMatch(blob, sha256(bytes), bytes.byteLength)
  const path = scratchPath(directory, 'blob')
  try {
    writeDurably(files, path, bytes, READ_ONLY)
  } catch (error) {
    removeQuietly(files, path)
    throw error
  }
  return path
}

function stageScratch(files: FileSystem, blob: NewBlob, scratch: string): string {
  const found = hashFile(files, scratch)
  requireMatch(blob, found.sha256, found.sizeBytes)
  const fd = files.openSync(scratch, 'r')
  try {
    files.fsyncSync(fd)
    files.fchmodSync(fd, READ_ONLY)
  } finally {
    files.closeSync(fd)
  }
  return scratch
}
