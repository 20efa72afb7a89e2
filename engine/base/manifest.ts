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
  const lines = new TextDecoder().decode(bytes).split('\n')
  const ids: string[] = []
  const digests: (Digest | undefined)[] = []
  for (let i = 1; i < lines.length - 1; i++) {
    const line = lines[i] as string
    const tab = line.indexOf('\t')
    ids.push(line.slice(0, tab))
    const digest = line.slice(tab + 1)
    digests.push(digest === '!' ? undefined : digest)
  }
  return { ids, digests }
}

export function manifestDigest(manifest: Manifest): Digest {
  return sha256(encodeManifest(manifest))
}
