import type { MaskSet } from './masks.ts'

/**
 * Where masks come from, for those who compare the same masks again and again (a search of thresholds): a set that was
 * given roots remembers, through every selection, which of the original masks each of its masks is, and the overlaps of
 * two roots are worked out once. It changes no result, travels with the masks and is lost when they change. By this symbol
 * the engine knows equal selections without a look at their runs (`engine/contract/kind.ts`).
 */
export const lineage: unique symbol = Symbol.for('maskloom.selection')

export interface Lineage {
  readonly root: MaskRoot
  /** [N] position of each mask in the root. */
  readonly indices: Uint32Array
}

export interface MaskRoot {
  readonly masks: MaskSet
  /** [masks] */
  readonly areasPx: Float64Array
  /** By the root they were compared with. */
  readonly shared: WeakMap<MaskRoot, MaskPairs>
}

/** Pairs of masks that share pixels, row by row: those of row i are offsets[i] … offsets[i + 1] − 1. */
export interface MaskPairs {
  readonly offsets: Uint32Array
  readonly columns: Uint32Array
  /** Shared pixels, or IoU. */
  readonly values: Float64Array
}

/** The same masks as the root of all that is selected from them. @param areasPx theirs, as `maskAreas` gives them. */
export function withLineage(masks: MaskSet, areasPx: Float64Array): MaskSet {
  const { sizeHw, starts, ends, offsets } = masks
  const plain = { sizeHw, starts, ends, offsets }
  const indices = Uint32Array.from({ length: areasPx.length }, (_, i) => i)
  return { ...plain, [lineage]: { root: { masks: plain, areasPx, shared: new WeakMap() }, indices } }
}

/** The masks at `picked` of a set with lineage. Their runs are copied when somebody reads them, and not before. */
export function selectFromRoot(
  { root, indices }: Lineage,
  picked: ArrayLike<number>,
  copyRuns: (masks: MaskSet, indices: ArrayLike<number>) => MaskSet,
): MaskSet {
  const own = new Uint32Array(picked.length)
  for (let k = 0; k < own.length; k++) own[k] = indices[picked[k]!]!
  let copied: MaskSet | undefined
  const runs = () => {
    copied ??= copyRuns(root.masks, own)
    return copied
  }
  return {
    sizeHw: root.masks.sizeHw,
    get starts() {
      return runs().starts
    },
    get ends() {
      return runs().ends
    },
    offsets: selectedOffsets(root.masks.offsets, own),
    [lineage]: { root, indices: own },
  }
}

/** Where the runs of each mask begin when only some are taken. */
export function selectedOffsets(offsets: Uint32Array, indices: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const selected = new Uint32Array(indices.length + 1)
  for (let k = 0; k < indices.length; k++) {
    const i = indices[k]!
    selected[k + 1] = selected[k]! + offsets[i + 1]! - offsets[i]!
  }
  return selected
}

/** Pairs of the roots of two sets, worked out the first time; undefined if a set has no lineage. */
export function rememberedPairs(
  a: MaskSet,
  b: MaskSet,
  compare: (a: MaskSet, b: MaskSet) => MaskPairs,
): MaskPairs | undefined {
  const from = a[lineage]?.root
  const to = b[lineage]?.root
  if (from === undefined || to === undefined) return undefined
  const known = from.shared.get(to) ?? compare(from.masks, to.masks)
  from.shared.set(to, known)
  return known
}
