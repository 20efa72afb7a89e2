import type { Digest } from './digest.ts'
import { sha256 } from './digest.ts'

/**
 * The list behind a collection digest: one line per item, sorted by id: id, tab, digest (or `!` for an item that
 * failed). Stored as a blob like any value; its sha256 is the collection's digest.
 */
export interface Manifest {
  readonly ids: readonly string[]
  /** Undefined: the item failed. */
  readonly digests: readonly (Digest | undefined)[]
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  let text = 'maskloom.collection.1\n'
  for (let i = 0; i < manifest.ids.length; i++) text += `${manifest.ids[i]}\t${manifest.digests[i] ?? '!'}\n`
  return new TextEncoder().encode(text)
}

export function decodeManifest(bytes: Uint8Array): Manifest {
  const text = new TextDecoder().decode(bytes)
  const ids: string[] = []
  const digests: (Digest | undefined)[] = []
  let from = text.indexOf('\n') + 1
  for (let to = text.indexOf('\n', from); to >= 0; from = to + 1, to = text.indexOf('\n', from)) {
    const tab = text.indexOf('\t', from)
    ids.push(text.slice(from, tab))
    digests.push(to === tab + 2 && text[tab + 1] === '!' ? undefined : text.slice(tab + 1, to))
  }
  return { ids, digests }
}

export function manifestDigest(manifest: Manifest): Digest {
  return sha256(encodeManifest(manifest))
}
