import { createHash } from 'node:crypto'
import { canonical, type Json } from './canonical.ts'

/** sha256 of what was produced, as 64 lower-case hex digits. */
export type Digest = string
/** sha256 of what a task depends on, in the same form. */
export type Key = string

export function sha256(bytes: Uint8Array | string): Digest {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The same of bytes that come in pieces. */
export function openSha256(): { readonly update: (bytes: Uint8Array) => void; readonly digest: () => Digest } {
  const hash = createHash('sha256')
  return { update: bytes => void hash.update(bytes), digest: () => hash.digest('hex') }
}

/** Digest of a folder: of its files, as sorted pairs of relative path and digest. */
export function folderDigest(listing: readonly (readonly [path: string, sha256: Digest])[]): Digest {
  return recordDigest('maskloom.folder.1', listing)
}

/** Hash of a tagged record; the tag keeps two kinds of record from ever colliding. */
export function recordDigest(tag: string, ...fields: readonly Json[]): Digest {
  return sha256(canonical([tag, ...fields]))
}
