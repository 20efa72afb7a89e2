import { compareText, TaskError } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import { encodeManifest } from '../base/manifest.ts'

/** The digests of one per-item port of one cell, in item order. */
export interface Column {
  /** Sorted by code unit; columns of the same items share the array. */
  readonly ids: readonly string[]
  readonly digests: (Digest | undefined)[]
  readonly failed: Set<number>
}

export function emptyColumn(ids: readonly string[]): Column {
  return { ids, digests: new Array(ids.length), failed: new Set() }
}

export function columnManifest(column: Column): Uint8Array {
  return encodeManifest({ ids: column.ids, digests: column.digests })
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
 * have; `left`: those of the first input, others may miss some.
 * @throws TaskError that lists the ids when an exact join does not fit.
 */
export function joinItems(
  address: string,
  join: 'exact' | 'inner' | 'left',
  inputs: readonly { readonly name: string; readonly ids: readonly string[] }[],
): Joined {
  const [first] = inputs
  if (first === undefined) throw new Error(`internal: ${address} has no per-item inputs to join`)
  if (inputs.every(input => sameIds(input.ids, first.ids))) {
    return { ids: first.ids, positions: inputs.map(() => 'same') }
  }
  if (join === 'exact') throw mismatch(address, inputs)
  const maps = inputs.map(input => new Map(input.ids.map((id, i) => [id, i])))
  const ids = join === 'left' ? first.ids : first.ids.filter(id => maps.every(map => map.has(id)))
  return { ids, positions: maps.map(map => Int32Array.from(ids, id => map.get(id) ?? -1)) }
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
