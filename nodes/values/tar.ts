import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Digest, openSha256 } from '../../engine/base/digest.ts'
import { writeAll } from './write-all.ts'

/**
 * Archives of a few plain files in one folder, as `tar xf` reads them (POSIX.1-1988 ustar). Equal files give equal bytes:
 * sorted names, no owner, no time. Files are copied in pieces and never held in memory.
 */

const BLOCK = 512
const PIECE_BYTES = 1 << 20
const MOST_BYTES = 8 ** 11 - 1

/** A file to pack: its name in the archive and where its bytes are. */
export interface PackedFile {
  readonly name: string
  readonly path: string
}

/** Name and sha256 of each file, sorted by name. */
export type Listing = readonly (readonly [string, Digest])[]

/**
 * @returns name and sha256 of each file, sorted by name.
 * @throws TaskError `bad-value` for names that are no plain file names, repeated ones, and files of 8 GiB or more.
 */
export async function packTar(files: readonly PackedFile[], target: string): Promise<Listing> {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1))
  const listing: [string, Digest][] = []
  const to = await open(target, 'wx')
  try {
    for (const [i, { name, path }] of sorted.entries()) {
      if (!isPlainName(name) || sorted[i - 1]?.name === name) throw bad(`\`${name}\` cannot be packed under this name`)
      const from = await open(path, 'r')
      try {
        const { size } = await from.stat()
        if (size > MOST_BYTES) throw bad(`${name} has ${size} bytes; at most ${MOST_BYTES} can be packed`)
        await writeAll(to, header(name, size))
        const { bytes, digest } = await copy(from, to, size)
        if (bytes !== size) throw bad(`${name} changed while it was packed`)
        await writeAll(to, new Uint8Array(padding(size)))
        listing.push([name, digest])
      } finally {
        await from.close()
      }
    }
    await writeAll(to, new Uint8Array(2 * BLOCK))
  } finally {
    await to.close()
  }
  return listing
}

/**
 * Unpacks into a new folder.
 * @returns name and sha256 of each file, sorted by name.
 * @throws TaskError `bad-file` when the bytes are not such an archive.
 */
export async function unpackTar(archive: string, folder: string): Promise<Listing> {
  await mkdir(folder, { recursive: true })
  const from = await open(archive, 'r')
  const listing: [string, Digest][] = []
  try {
    const { size: total } = await stat(archive)
    const block = new Uint8Array(BLOCK)
    for (let at = 0; ; ) {
      const { bytesRead } = await from.read(block, 0, BLOCK, at)
      if (bytesRead < BLOCK) throw broken(`it ends after ${total} bytes inside a header`)
      if (block.every(byte => byte === 0)) break
      const { name, size } = readHeader(block, at)
      if (listing.some(([other]) => other >= name)) throw broken(`${name} is not in order`)
      if (at + BLOCK + size > total) throw broken(`${name} is cut`)
      listing.push([name, await extract(from, at + BLOCK, size, join(folder, name))])
      at += BLOCK + size + padding(size)
    }
  } finally {
    await from.close()
  }
  return listing
}

function header(name: string, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK)
  const put = (offset: number, text: string) => block.set(new TextEncoder().encode(text), offset)
  put(0, name)
  put(100, '0000644\0')
  put(108, '0000000\0')
  put(116, '0000000\0')
  put(124, `${size.toString(8).padStart(11, '0')}\0`)
  put(136, '00000000000\0')
  put(156, '0')
  put(257, 'ustar\x0000')
  put(148, `${checksum(block).toString(8).padStart(6, '0')}\0 `)
  return block
}

function readHeader(block: Uint8Array, at: number): { readonly name: string; readonly size: number } {
  const text = (offset: number, length: number) =>
    new TextDecoder().decode(block.subarray(offset, offset + length)).split('\0')[0]!
  const name = text(0, 100)
  const sizeText = text(124, 12)
  const right = Number.parseInt(text(148, 8), 8) === checksum(block) && text(257, 6) === 'ustar'
  if (!right || text(156, 1) !== '0' || !isPlainName(name) || !/^[0-7]{11}$/.test(sizeText))
    throw broken(`there is no header of a plain file at byte ${at}`)
  return { name, size: Number.parseInt(sizeText, 8) }
}

/** The sum of the bytes, those of the checksum itself as spaces. */
function checksum(block: Uint8Array): number {
  return block.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0)
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

async function copy(
  from: FileHandle,
  to: FileHandle,
  size: number,
): Promise<{ readonly bytes: number; readonly digest: Digest }> {
  const hash = openSha256()
  const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(size, 1)))
  for (let at = 0; ; ) {
    const { bytesRead } = await from.read(piece, 0, piece.length, at)
    if (bytesRead === 0) return { bytes: at, digest: hash.digest() }
    hash.update(piece.subarray(0, bytesRead))
    await writeAll(to, piece.subarray(0, bytesRead))
    at += bytesRead
  }
}

async function extract(from: FileHandle, start: number, size: number, path: string): Promise<Digest> {
  const to = await open(path, 'wx')
  const hash = openSha256()
  const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(size, 1)))
  try {
    for (let at = 0; at < size; ) {
      const { bytesRead } = await from.read(piece, 0, Math.min(piece.length, size - at), start + at)
      if (bytesRead === 0) throw broken('it is cut')
      hash.update(piece.subarray(0, bytesRead))
      await writeAll(to, piece.subarray(0, bytesRead))
      at += bytesRead
    }
  } finally {
    await to.close()
  }
  return hash.digest()
}

function isPlainName(name: string): boolean {
  return /^[^/\\\p{Cc}]+$/u.test(name) && name !== '.' && name !== '..' && new TextEncoder().encode(name).length <= 100
}

function bad(message: string): TaskError {
  return new TaskError({ code: 'bad-value', message })
}

function broken(message: string): TaskError {
  return new TaskError({ code: 'bad-file', message: `stored model: ${message}` })
}
