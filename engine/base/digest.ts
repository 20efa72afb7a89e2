import { createHash } from 'node:crypto'
import { canonical, type Json } from './canonical.ts'

/** sha256 as 64 lower-case hex digits: of what was produced (`Digest`) or of what a task depends on (`Key`). */
export type Digest = string & { readonly __brand?: 'digest' }
export type Key = string & { readonly __brand?: 'key' }

export function sha256(bytes: Uint8Array | string): Digest {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Hash of a tagged record; the tag keeps two kinds of record from ever colliding. */
export function recordDigest(tag: string, ...fields: readonly Json[]): Digest {
  return sha256(canonical([tag, ...fields]))
}
