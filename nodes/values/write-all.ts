import type { FileHandle } from 'node:fs/promises'

/** Writes every byte: a single `write` may stop early, as on a disk that gets full. */
export async function writeAll(to: Pick<FileHandle, 'write'>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await to.write(bytes, at)).bytesWritten
}
