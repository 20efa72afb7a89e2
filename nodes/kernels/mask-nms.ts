import { indicesByGroup } from './groups.ts'
import { iouPairs } from './mask-iou.ts'
import type { MaskPairs } from './mask-lineage.ts'
import { maskCount } from './mask-sets.ts'
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
  const groups = options.groups === undefined ? [Array.from(order)] : indicesByGroup(order, options.groups).values()
  for (const members of groups) {
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
    const toEarlier = earlier === 0 ? undefined : iouPairs(masks, block, masks, survivors)
    const toBlock = iouPairs(masks, block, masks)
    /** Number among the survivors of each mask of the block, or −1. */
    const ranks = new Int32Array(block.length).fill(-1)
    for (let row = 0; row < block.length; row++) {
      const candidate = block[row]!
      const threshold = thresholds[candidate]!
      const drops = (survivor: number, iou: number) =>
        (rule === 'sartorius' ? iou > threshold : iou >= threshold) &&
        !(rule === 'openimages-2019' && scores[survivors[survivor]!] === scores[candidate])
      let by = Number.POSITIVE_INFINITY
      if (rule !== 'sartorius' && threshold <= 0) {
        // Then masks that share nothing overlap too much, too.
        const first = survivors.findIndex((_, survivor) => drops(survivor, 0))
        if (first >= 0) by = first
      } else {
        if (toEarlier !== undefined) by = firstOf(toEarlier, row, survivor => survivor, drops)
        by = Math.min(
          by,
          firstOf(toBlock, row, column => ranks[column]!, drops),
        )
      }
      const isEmpty = masks.offsets[candidate] === masks.offsets[candidate + 1]
      suppressedBy[candidate] = isEmpty ? candidate : (survivors[by] ?? -1)
      if (suppressedBy[candidate] !== -1) continue
      ranks[row] = survivors.length
      survivors.push(candidate)
    }
  }
}

/** The first survivor of a row of pairs that drops it; infinity if none does. */
function firstOf(
  { offsets, columns, values: ious }: MaskPairs,
  row: number,
  rankOf: (column: number) => number,
  drops: (survivor: number, iou: number) => boolean,
): number {
  let first = Number.POSITIVE_INFINITY
  for (let k = offsets[row]!; k < offsets[row + 1]!; k++) {
    const rank = rankOf(columns[k]!)
    if (rank >= 0 && rank < first && drops(rank, ious[k]!)) first = rank
  }
  return first
}

function walkOrder(scores: Float64Array, rule: MaskNmsRule): Uint32Array {
  if (rule !== 'sartorius') return argsortDescending(scores)
  const last = scores.length - 1
  return argsortDescending(scores.toReversed()).map(index => last - index)
}
