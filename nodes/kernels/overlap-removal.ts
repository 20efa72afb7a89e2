import { differenceEach } from './mask-algebra.ts'
import { concatMasks, maskCount, selectMasks } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'
import { maskBoxesXyxy } from './rle.ts'

/**
 * Makes masks disjoint: every pixel stays with the mask that comes first in `order` (normally by score descending) and
 * is taken from all others. A mask may end empty. The result keeps the order of `masks`.
 *
 * The same set as TheoViel's `remove_overlap` and others, which subtract all earlier masks from each one. Only masks
 * whose boxes meet are subtracted.
 */
export function removeOverlaps(masks: MaskSet, order: ArrayLike<number>): MaskSet {
  const boxes = maskBoxesXyxy(masks)
  const trimmed: MaskSet[] = new Array(maskCount(masks))
  for (let rank = 0; rank < order.length; rank++) {
    const i = order[rank]!
    let mask = selectMasks(masks, [i])
    for (let earlier = 0; earlier < rank && mask.starts.length > 0; earlier++) {
      const j = order[earlier]!
      if (!boxesMeet(boxes, i, j)) continue
      mask = differenceEach(mask, selectMasks(masks, [j]))
    }
    trimmed[i] = mask
  }
  if (trimmed.length === 0) return masks
  return concatMasks(trimmed)
}

function boxesMeet(boxesXyxy: Float64Array, i: number, j: number): boolean {
  return (
    boxesXyxy[4 * i]! < boxesXyxy[4 * j + 2]! &&
    boxesXyxy[4 * j]! < boxesXyxy[4 * i + 2]! &&
    boxesXyxy[4 * i + 1]! < boxesXyxy[4 * j + 3]! &&
    boxesXyxy[4 * j + 1]! < boxesXyxy[4 * i + 3]!
  )
}
