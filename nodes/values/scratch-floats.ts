import { readSync, writeSync } from 'node:fs'

/**
 * Writes arrays one after the other from the start of an open file; on the thread that calls, since a few milliseconds
 * of work are less than the wait for a thread that may be inside a graph. Errors of the system come as they are.
 * @returns milliseconds.
 */
export function writeFloats(file: number, arrays: readonly Float32Array[]): number {
  const startedMs = performance.now()
  let at = 0
  for (const array of arrays) {
    const bytes = bytesOf(array)
    for (let done = 0; done < bytes.byteLength; )
      done += writeSync(file, bytes, done, bytes.byteLength - done, at + done)
    at += bytes.byteLength
  }
  return performance.now() - startedMs
}

/** Reads them back. @throws Error with the code `EIO` when the file is shorter. */
export function readFloats(file: number, lengths: readonly number[]): readonly Float32Array[] {
  let at = 0
  return lengths.map(length => {
    const array = new Float32Array(length)
    const bytes = bytesOf(array)
    for (let done = 0; done < bytes.byteLength; ) {
      const count = readSync(file, bytes, done, bytes.byteLength - done, at + done)
      if (count === 0) throw Object.assign(new Error('a scratch file is shorter than it was'), { code: 'EIO' })
      done += count
    }
    at += bytes.byteLength
    return array
  })
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
