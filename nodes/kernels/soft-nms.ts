import { pairIou } from './box-iou.ts'
import { indicesByGroup } from './groups.ts'
import { argsortDescending } from './order.ts'

export interface SoftNmsOptions {
  /** `linear`: score · (1 − IoU) where IoU > `iouThreshold`. `gaussian`: score · exp(−IoU² / sigma) for every IoU. */
  readonly decay: 'linear' | 'gaussian'
  /** Only linear looks at it. Default 0.5. */
  readonly iouThreshold?: number
  /** Linear: also at IoU = threshold (the paper and mmcv). Default false (ensemble-boxes). */
  readonly atThreshold?: boolean
  /** Only gaussian looks at it. Default 0.5. */
  readonly sigma?: number
  /** A box whose score has fallen below is dropped. Default 0.001. */
  readonly minScore?: number
  /** [N] boxes decay each other only within their group. */
  readonly groups?: Int32Array
}

export interface SoftNmsResult {
  /** Survivors by decayed score descending, ties in source order. */
  readonly kept: Uint32Array
  /** Their decayed scores, in the same order. */
  readonly scores: Float64Array
}

/**
 * Soft-NMS (Bodla et al. 2017): take the box of highest current score (ties: lower index), let it decay all that are
 * left, repeat; boxes with a current score < `minScore` are dropped, whenever they fall (also a box that started there,
 * which mmcv keeps if it is the first). Boxes without area neither decay nor are decayed.
 *
 * Differs from ensemble-boxes 1.0.9, which returns the scores the boxes had before they decayed and drops those with a
 * final score ≤ the limit.
 */
export function softNms(boxesXyxy: Float64Array, scores: Float64Array, options: SoftNmsOptions): SoftNmsResult {
  const current = scores.slice()
  const kept: number[] = []
  for (const group of indicesByGroup(scores.keys(), options.groups).values()) {
    decayGroup(boxesXyxy, current, group, options, kept)
  }
  kept.sort((a, b) => a - b)
  const order = argsortDescending(Float64Array.from(kept, i => current[i]!))
  const sorted = order.map(rank => kept[rank]!)
  return { kept: sorted, scores: Float64Array.from(sorted, i => current[i]!) }
}

function decayGroup(
  boxes: Float64Array,
  current: Float64Array,
  group: number[],
  options: SoftNmsOptions,
  kept: number[],
): void {
  const minScore = options.minScore ?? 0.001
  const left = Uint32Array.from(group)
  let count = drop(left, left.length, current, minScore)
  while (count > 0) {
    let best = 0
    for (let k = 1; k < count; k++) if (current[left[k]!]! > current[left[best]!]!) best = k
    const taken = left[best]!
    kept.push(taken)
    // Keeps source order among the rest, so that ties stay with the lower index.
    left.copyWithin(best, best + 1, count)
    count--
    for (let k = 0; k < count; k++) current[left[k]!]! *= decayFactor(boxes, taken, left[k]!, options)
    count = drop(left, count, current, minScore)
  }
}

function drop(left: Uint32Array, count: number, current: Float64Array, minScore: number): number {
  let to = 0
  for (let k = 0; k < count; k++) {
    const index = left[k]!
    if (current[index]! >= minScore) left[to++] = index
  }
  return to
}

function decayFactor(boxes: Float64Array, i: number, j: number, options: SoftNmsOptions): number {
  const iou = pairIou(boxes, i, boxes, j)
  if (iou === 0) return 1
  if (options.decay === 'gaussian') return Math.exp(-(iou * iou) / (options.sigma ?? 0.5))
  const threshold = options.iouThreshold ?? 0.5
  return iou > threshold || (options.atThreshold && iou === threshold) ? 1 - iou : 1
}
