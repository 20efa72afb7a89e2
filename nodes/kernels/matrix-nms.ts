import { argsortDescending } from './order.ts'

export interface MatrixNmsOptions {
  /** `gaussian`: exp(−sigma · IoU²). `linear`: 1 − IoU. */
  readonly decay: 'gaussian' | 'linear'
  /** Only gaussian looks at it. Default 2. */
  readonly sigma?: number
  /** Survivors have a decayed score ≥ this. Default 0. */
  readonly minScore?: number
  /** [N] instances decay each other only within their group (class). */
  readonly groups?: Int32Array
}

export interface MatrixNmsResult {
  /** By decayed score descending, ties in source order. */
  readonly kept: Uint32Array
  readonly scores: Float64Array
}

/**
 * Matrix NMS (Wang et al., SOLOv2, 2020; mmdetection's `mask_matrix_nms`): every instance is decayed once, by all of its
 * group with a better score (ties: lower index), each as if it were the only one, relative to how much that one is
 * itself overlapped: score_j · min over i < j of f(IoU_ij) / f(max over h < i of IoU_hi), at most score_j.
 *
 * Linear with an i that coincides with a better one (f = 0): that i is left out of the minimum. mmdetection divides by 0
 * there and lets through infinity, or NaN if j coincides too.
 * @param ious [N · N] symmetric, of boxes or of masks.
 */
export function matrixNms(ious: Float64Array, scores: Float64Array, options: MatrixNmsOptions): MatrixNmsResult {
  const count = scores.length
  const order = argsortDescending(scores)
  const sigma = options.sigma ?? 2
  const decay = (iou: number) => (options.decay === 'gaussian' ? Math.exp(-sigma * iou * iou) : 1 - iou)
  const same = (i: number, j: number) => options.groups === undefined || options.groups[i] === options.groups[j]
  /** f of the highest IoU with a better one, by rank. */
  const own = new Float64Array(count)
  const decayed = scores.slice()
  for (let rank = 0; rank < count; rank++) {
    const j = order[rank]!
    let highest = 0
    let factor = 1
    for (let better = 0; better < rank; better++) {
      const i = order[better]!
      if (!same(i, j)) continue
      const iou = ious[i * count + j]!
      if (iou > highest) highest = iou
      if (own[better]! > 0) factor = Math.min(factor, decay(iou) / own[better]!)
    }
    own[rank] = decay(highest)
    decayed[j]! *= factor
  }
  const minScore = options.minScore ?? 0
  const kept = argsortDescending(decayed).filter(index => decayed[index]! >= minScore)
  return { kept, scores: Float64Array.from(kept, index => decayed[index]!) }
}
