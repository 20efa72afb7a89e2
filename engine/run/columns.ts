import { compareText, TaskError } from '../base/diagnostic.ts'
import { type Digest, sha256 } from '../base/digest.ts'
import { decodeManifest, encodeManifest, type Manifest } from '../base/manifest.ts'

/** The digests of one per-item port of one cell, in item order. */
export interface Column {
  /** Sorted by code unit; columns of the same items share the array. */
  readonly ids: readonly string[]
  readonly digests: (Digest | undefined)[]
  readonly failed: Set<number>
  /** Of its manifest, once nothing in it changes any more. */
  manifestDigest?: Digest
}

export function emptyColumn(ids: readonly string[]): Column {
  return { ids, digests: new Array(ids.length), failed: new Set() }
}

/**
 * A column whose manifest was stored. It is read only when somebody asks for single items: a run that finds a whole group
 * does not.
 * @param bytes - verified.
 * @param ids - those of the manifest, if they are there already.
 */
export function storedColumn(bytes: Uint8Array, manifestDigest: Digest, ids?: readonly string[]): Column {
  let manifest: Manifest | undefined
  let failed: Set<number> | undefined
  const decoded = () => {
    manifest ??= decodeManifest(bytes)
    return manifest
  }
  return {
    get ids() {
      return ids ?? decoded().ids
    },
    get digests() {
      return decoded().digests as (Digest | undefined)[]
    },
    get failed() {
      failed ??= new Set(hasFailures(bytes) ? [...decoded().digests.keys()].filter(i => !decoded().digests[i]) : [])
      return failed
    },
    manifestDigest,
  }
}

function hasFailures(manifest: Uint8Array): boolean {
  return Buffer.from(manifest.buffer, manifest.byteOffset, manifest.byteLength).includes('\t!\n')
}

/** Of its manifest, as it is now. */
export function columnDigest(column: Column): Digest {
  return column.manifestDigest ?? sha256(columnManifest(column))
}

export function columnManifest(column: Column): Uint8Array {
  return encodeManifest({ ids: column.ids, digests: column.digests })
}

/** The part of a column that a selection chooses. */
export function narrowColumn(column: Column, selected: ReadonlySet<string> | undefined): Column {
  if (selected === undefined) return column
  const kept = [...column.ids.keys()].filter(item => selected.has(column.ids[item]!))
  return {
    ids: kept.map(item => column.ids[item]!),
    digests: kept.map(item => column.digests[item]),
    failed: new Set(kept.flatMap((item, i) => (column.failed.has(item) ? [i] : []))),
  }
}

/** For each of the joined ids: its position in a column, or −1. */
export type Positions = Int32Array | 'same'

export interface Joined {
  readonly ids: readonly string[]
  /** By input. */
  readonly positions: readonly Positions[]
}

/**
 * Items of a step from the items of its per-item inputs. `exact` (default): all must have the same; `inner`: those all
 * have; `left`: those of the first input, others may miss some; `outer`: those of any. With a selection, only the
 * selected ids take part.
 * @throws TaskError that lists the ids when an exact join does not fit.
 */
export function joinItems(
  address: string,
  join: 'exact' | 'inner' | 'left' | 'outer',
  written: readonly { readonly name: string; readonly ids: readonly string[] }[],
  selected?: ReadonlySet<string>,
): Joined {
  const narrowed = (ids: readonly string[]) => (selected === undefined ? ids : ids.filter(id => selected.has(id)))
  const inputs = written.map(({ name, ids }) => ({ name, ids: narrowed(ids) }))
  const [first] = inputs
  if (first === undefined) throw new Error(`internal: ${address} has no per-item inputs to join`)
  const same = inputs.every(input => sameIds(input.ids, first.ids))
  if (same && selected === undefined) return { ids: first.ids, positions: inputs.map(() => 'same') }
  if (!same && join === 'exact') throw mismatch(address, inputs)
  const maps = written.map(input => new Map(input.ids.map((id, i) => [id, i])))
  const ids = joinedIds(join, first.ids, inputs)
  return { ids, positions: maps.map(map => Int32Array.from(ids, id => map.get(id) ?? -1)) }
}

function joinedIds(
  join: 'exact' | 'inner' | 'left' | 'outer',
  first: readonly string[],
  inputs: readonly { readonly ids: readonly string[] }[],
): readonly string[] {
  if (join === 'outer') return [...new Set(inputs.flatMap(input => input.ids))].sort(compareText)
  if (join !== 'inner') return first
  const sets = inputs.map(input => new Set(input.ids))
  return first.filter(id => sets.every(set => set.has(id)))
}

export function positionOf(positions: Positions, item: number): number {
  return positions === 'same' ? item : positions[item]!
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((id, i) => id === b[i]))
}

function mismatch(
  address: string,
  inputs: readonly { readonly name: string; readonly ids: readonly string[] }[],
): TaskError {
  const all = new Set(inputs.flatMap(input => input.ids))
  const lines = inputs.map(input => {
    const own = new Set(input.ids)
    const missing = [...all].filter(id => !own.has(id)).sort(compareText)
    const shown = missing.slice(0, 5).join(', ') + (missing.length > 5 ? `, … (${missing.length} in all)` : '')
    return { message: `\`${input.name}\` has ${own.size} items${missing.length === 0 ? '' : `, and lacks ${shown}`}` }
  })
  return new TaskError({
    code: 'items-differ',
    message: `the inputs of \`${address}\` do not have the same items`,
    notes: lines,
    fix: 'add the missing ones, or say `join: inner` (items all have) or `join: left` (items of the first input) on the step',
  })
}
