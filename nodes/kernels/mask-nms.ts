import { indicesByGroup } from './groups.ts'
import { maskIou } from './mask-iou.ts'
import { maskCount, selectMasks } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'
import { argsortDescending } from './order.ts'

/**
 * Greedy non-maximum suppression on the IoU of masks. Walk by score descending; a mask is dropped when a survivor of its
 * group before it overlaps it too much. Masks without a pixel are dropped. With a threshold for each mask, that of the
 * mask that would be dropped counts.
 *
 * | rule | too much | equal scores | order of the result |
 * |---|---|---|---|
 * | `default` | IoU ≥ threshold | the earlier one wins | score descending, ties in source order |
 * | `openimages-2019` | IoU ≥ threshold | never suppress each other | source order |
 * | `sartorius` | IoU > threshold | the later one wins | score descending, ties in reverse source order |
 *
 * Sources: `openimages-2019` is nms_on_csvs.py of the 7th-place solution of Open Images 2019; `sartorius` is mask_nms of
 * TheoViel's solution of the Sartorius cell segmentation (there without groups), whose sort is a reversed ascending one.
 */
export type MaskNmsRule = 'default' | 'openimages-2019' | 'sartorius'

export interface MaskNmsOptions {
  /** Default `default`. */
  readonly rule?: MaskNmsRule
  /** [N] masks suppress each other only within their group (class). Absent: one group. */
  readonly groups?: Int32Array
}

export interface MaskNmsResult {
  /** Indices of the survivors, in the order of the rule. */
  readonly kept: Uint32Array
  /**
   * [N] what dropped a mask: the survivor of highest score that overlaps it too much; its own index when it has no
   * pixel; −1 for survivors.
   */
  readonly suppressedBy: Int32Array
}

/** Candidates whose overlaps are computed together; bounds the matrices to this many rows. */
const BLOCK = 512

export function maskNms(
  masks: MaskSet,
  scores: Float64Array,
  iouThreshold: number | ArrayLike<number>,
  options: MaskNmsOptions = {},
): MaskNmsResult {
  const rule = options.rule ?? 'default'
  const count = maskCount(masks)
  const order = walkOrder(scores, rule)
  const suppressedBy = new Int32Array(count).fill(-1)
  const thresholds = typeof iouThreshold === 'number' ? new Float64Array(count).fill(iouThreshold) : iouThreshold
  for (const members of indicesByGroup(order, options.groups).values()) {
    suppressGroup(masks, scores, members, thresholds, rule, suppressedBy)
  }
  const kept = rule === 'openimages-2019' ? Uint32Array.from({ length: count }, (_, i) => i) : order
  return { kept: kept.filter(index => suppressedBy[index] === -1), suppressedBy }
}

function suppressGroup(
  masks: MaskSet,
  scores: Float64Array,
  members: readonly number[],
  thresholds: ArrayLike<number>,
  rule: MaskNmsRule,
  suppressedBy: Int32Array,
): void {
  const survivors: number[] = []
  for (let first = 0; first < members.length; first += BLOCK) {
    const block = members.slice(first, first + BLOCK)
    const earlier = survivors.length
    const blockMasks = selectMasks(masks, block)
    const toEarlier = maskIou(blockMasks, selectMasks(masks, survivors))
    const toBlock = maskIou(blockMasks, blockMasks)
    /** Place in the block of each survivor that came from it. */
    const places: number[] = []
    for (let row = 0; row < block.length; row++) {
      const candidate = block[row]!
      const threshold = thresholds[candidate]!
      let by = masks.offsets[candidate] === masks.offsets[candidate + 1] ? candidate : -1
      for (let s = 0; s < survivors.length && by < 0; s++) {
        const iou = s < earlier ? toEarlier[row * earlier + s]! : toBlock[row * block.length + places[s - earlier]!]!
        if (rule === 'sartorius' ? iou <= threshold : iou < threshold) continue
        if (rule === 'openimages-2019' && scores[survivors[s]!] === scores[candidate]) continue
        by = survivors[s]!
      }
      suppressedBy[candidate] = by
      if (by >= 0) continue
      survivors.push(candidate)
      places.push(row)
    }
  }
}

function walkOrder(scores: Float64Array, rule: MaskNmsRule): Uint32Array {
  if (rule !== 'sartorius') return argsortDescending(scores)
  const last = scores.length - 1
  return argsortDescending(scores.toReversed()).map(index => last - index)
}
