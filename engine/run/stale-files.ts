import { lstatSync, rmdirSync, unlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type Digest, recordDigest } from '../base/digest.ts'
import { decodeManifest } from '../base/manifest.ts'
import type { Store } from '../contract/store.ts'

/** The files of one cell of an output, as they were delivered: one file, or one for each item of a collection. */
export interface DeliveredPart {
  /** Path without extension (of one file) or of the folder (of a collection). */
  readonly base: string
  readonly extension: string
  readonly of: 'file' | 'collection'
  /** Of the file, or of the collection's manifest. */
  readonly digest: Digest
}

/** By pipeline file, by output, what was delivered last into one folder; bases are relative to it. */
type Record = { readonly [pipeline: string]: { readonly [output: string]: readonly DeliveredPart[] } }

export interface Cleared {
  readonly removed: number
  /** Changed since they were delivered, so somebody else's now. */
  readonly kept: number
}

/**
 * Removes what an earlier delivery of this output by this pipeline wrote and this one did not (items that are gone, a
 * cell that is no more), and notes this one. A file goes only if it still has the bytes it was delivered with, and no
 * other pipeline delivered an output of this name into this folder. What was delivered is remembered in the cache: with
 * the cache gone, or its list of the items, files stay.
 *
 * @param guard - throws if a file is not in a folder that may be written.
 */
export function clearStaleFiles(
  store: Store,
  delivery: {
    readonly pipeline: string
    readonly outDirectory: string
    readonly output: string
    readonly parts: readonly DeliveredPart[]
    readonly paths: () => readonly string[]
  },
  guard: (file: string) => void,
): Cleared {
  const { pipeline, outDirectory, output } = delivery
  const name = recordDigest('maskloom.delivered.1', outDirectory)
  const json = store.memo.get(name)
  const record = json === undefined ? {} : (JSON.parse(json) as Record)
  const before = record[pipeline]?.[output] ?? []
  const parts = delivery.parts.map(part => ({ ...part, base: relative(outDirectory, part.base) }))
  if (JSON.stringify(before) === JSON.stringify(parts)) return { removed: 0, kept: 0 }
  const others = Object.entries(record).some(([path, outputs]) => path !== pipeline && outputs[output] !== undefined)
  const cleared = before.length === 0 || others ? { removed: 0, kept: 0 } : clear()
  store.memo.set(name, JSON.stringify({ ...record, [pipeline]: { ...record[pipeline], [output]: parts } }))
  return cleared

  function clear(): Cleared {
    // As the least particular file system compares names.
    const delivered = new Set(delivery.paths().map(sameName))
    let removed = 0
    let kept = 0
    for (const [path, digest] of filesOf(store, outDirectory, before)) {
      if (delivered.has(sameName(path)) || !isFile(path)) continue
      guard(path)
      if (store.fileDigest(path).sha256 !== digest) {
        kept++
        continue
      }
      unlinkSync(path)
      removed++
      removeEmptyFolders(dirname(path), outDirectory)
    }
    return { removed, kept }
  }
}

const sameName = (path: string) => path.normalize('NFC').toLowerCase()

function* filesOf(store: Store, outDirectory: string, parts: readonly DeliveredPart[]): Iterable<[string, Digest]> {
  for (const { base, extension, of, digest } of parts) {
    if (of === 'file') {
      yield [join(outDirectory, `${base}.${extension}`), digest]
      continue
    }
    const bytes = store.read(digest)
    if (bytes === undefined) continue
    const { ids, digests } = decodeManifest(bytes)
    for (const [i, id] of ids.entries()) {
      const own = digests[i]
      if (own !== undefined) yield [join(outDirectory, base, `${id}.${extension}`), own]
    }
  }
}

/** A link was not put there by a delivery. */
function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function removeEmptyFolders(from: string, outDirectory: string): void {
  for (let folder = from; folder !== outDirectory; folder = dirname(folder)) {
    try {
      rmdirSync(folder)
    } catch {
      // Something else is in it.
      return
    }
  }
}
