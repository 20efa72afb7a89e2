import * as fs from 'node:fs'

/**
 * Every file-system call of the store, except SQLite's own, so that tests can make any of them fail. All are
 * synchronous: one process writes, in short batches, and nothing may happen between the steps of a commit.
 */
export type FileSystem = Pick<
  typeof fs,
  | 'openSync'
  | 'closeSync'
  | 'readSync'
  | 'writeSync'
  | 'fsyncSync'
  | 'fchmodSync'
  | 'statSync'
  | 'fstatSync'
  | 'renameSync'
  | 'unlinkSync'
  | 'rmSync'
  | 'mkdirSync'
  | 'readdirSync'
  | 'statfsSync'
>

export const nodeFiles: FileSystem = fs

/** Bytes moved per system call when a file is hashed or copied. */
export const CHUNK_BYTES = 1 << 20

/** Writes all of `bytes`: a single `write` may stop early. */
export function writeFully(files: FileSystem, fd: number, bytes: Uint8Array): void {
  let done = 0
  while (done < bytes.byteLength) done += files.writeSync(fd, bytes, done, bytes.byteLength - done)
}

/** A new file with these bytes, on the disk when this returns. The caller removes it after an error. */
export function writeDurably(files: FileSystem, path: string, bytes: Uint8Array, mode: number): void {
  const fd = files.openSync(path, 'wx', mode)
  try {
    writeFully(files, fd, bytes)
    files.fsyncSync(fd)
  } finally {
    files.closeSync(fd)
  }
}

/** All bytes, in a buffer of their own that starts at offset 0 (typed arrays can be laid over it). */
export function readFully(files: FileSystem, path: string): Buffer {
  const fd = files.openSync(path, 'r')
  try {
    const bytes = Buffer.allocUnsafeSlow(files.fstatSync(fd).size)
    let done = 0
    while (done < bytes.byteLength) {
      const count = files.readSync(fd, bytes, done, bytes.byteLength - done, null)
      if (count === 0) break
      done += count
    }
    return done === bytes.byteLength ? bytes : bytes.subarray(0, done)
  } finally {
    files.closeSync(fd)
  }
}

/** Hands an open file to `take` in order, at most `CHUNK_BYTES` at a time; the chunk's memory is used again. */
export function eachChunk(files: FileSystem, fd: number, take: (chunk: Uint8Array) => void): void {
  // Taken away while in use, so that nobody who reads inside `take` gets the same one.
  const chunk = spareChunk ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
  spareChunk = undefined
  try {
    for (;;) {
      const count = files.readSync(fd, chunk, 0, CHUNK_BYTES, null)
      if (count === 0) return
      take(chunk.subarray(0, count))
    }
  } finally {
    spareChunk = chunk
  }
}

/** Getting a megabyte costs more than hashing a small file. */
let spareChunk: Buffer | undefined

/** Removes a file if it is there; a failure to clean up never hides the error that led here. */
export function removeQuietly(files: FileSystem, path: string): void {
  try {
    files.unlinkSync(path)
  } catch (error) {
    // Gone already, or it will be swept; or a folder in which a program worked.
    if (!['EISDIR', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return
    try {
      files.rmSync(path, { recursive: true, force: true })
    } catch {
      // It will be swept.
    }
  }
}

export function exists(files: FileSystem, path: string): boolean {
  return files.statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** The code of a system or SQLite error ("ENOENT", "SQLITE_FULL"), or undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
