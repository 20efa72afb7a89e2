import type { MaskSet } from './masks.ts'

/**
 * Where masks come from, for those who compare the same masks again and again (a search of thresholds): a set that was
 * given roots remembers, through every selection, which of the original masks each of its masks is, and the overlaps of
 * two roots are worked out once. It changes no result, travels with the masks and is lost when they change.
 */
export const lineage: unique symbol = Symbol('lineage')

export interface Lineage {
  readonly root: MaskRoot
  /** [N] position of each mask in the root. */
  readonly indices: Uint32Array
}

export interface MaskRoot {
  readonly count: number
  /** Shared pixels [count · other count] by the root they are compared with; `unknown` where nobody asked yet. */
  readonly shared: WeakMap<MaskRoot, Uint32Array>
}

export const unknown = 0xffffffff

/** Pairs that are remembered for two roots: 1 MiB. Larger sets are compared afresh each time. */
const maxPairs = 2 ** 18

/** The same masks as the root of all that is selected from them. */
export function withLineage(masks: MaskSet): MaskSet {
  const count = masks.offsets.length - 1
  const indices = Uint32Array.from({ length: count }, (_, i) => i)
  return { ...masks, [lineage]: { root: { count, shared: new WeakMap() }, indices } }
}

/** What a selection of masks inherits. */
export function selectedLineage(masks: MaskSet, picked: ArrayLike<number>): { readonly [lineage]?: Lineage } {
  const own = masks[lineage]
  if (own === undefined) return {}
  const indices = Uint32Array.from({ length: picked.length }, (_, k) => own.indices[picked[k]!]!)
  return { [lineage]: { root: own.root, indices } }
}

/** Known shared pixels of all pairs of these roots; undefined if they are not remembered. */
export function sharedOf(a: MaskRoot, b: MaskRoot): Uint32Array | undefined {
  const known = a.shared.get(b)
  if (known !== undefined) return known
  if (a.count * b.count > maxPairs) return undefined
  const made = new Uint32Array(a.count * b.count).fill(unknown)
  a.shared.set(b, made)
  return made
}
