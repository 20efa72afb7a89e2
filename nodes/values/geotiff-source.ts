import { type FileHandle, open } from 'node:fs/promises'

/** Bytes read at once while nothing is known of the file. */
const MOST_BYTES = 64 * 1024 ** 2

/** What may lie beyond the end of a short file: the reader asks for the first kilobytes before it knows the size. */
const HEADER_BYTES = 8192

export interface GeotiffSource {
  readonly source: {
    fetch: (slices: readonly { readonly offset: number; readonly length: number }[]) => Promise<ArrayBuffer[]>
    readonly fileSize: number
    close: () => Promise<void>
  }
  /** Allows longer reads, once the size of a block is known. */
  readonly allow: (bytes: number) => void
}

/**
 * A file for the package geotiff that believes no header: what lies beyond the end or is longer than a block can be is an
 * error, before memory is taken for it.
 */
export async function openGeotiffSource(path: string): Promise<GeotiffSource> {
  const file = await open(path, 'r')
  const { size } = await file.stat()
  let most = MOST_BYTES
  return {
    source: {
      fetch: slices => Promise.all(slices.map(({ offset, length }) => read(file, size, most, offset, length))),
      fileSize: size,
      close: () => file.close(),
    },
    allow: bytes => {
      most = bytes
    },
  }
}

async function read(
  file: FileHandle,
  size: number,
  most: number,
  offset: number,
  length: number,
): Promise<ArrayBuffer> {
  if (!(Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length >= 0))
    throw new Error(`it names a place that cannot be: ${length} bytes at ${offset}`)
  if (length > most) throw new Error(`it claims a part of ${length} bytes where ${most} are the most there can be`)
  if (offset >= size || (length > HEADER_BYTES && offset + length > size))
    throw new Error(`it is cut off: ${length} bytes at ${offset} are beyond its end at ${size}`)
  const bytes = new Uint8Array(length)
  await file.read(bytes, 0, Math.min(length, size - offset), offset)
  return bytes.buffer
}
