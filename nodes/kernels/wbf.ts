import {
  type Candidates,
  type Cluster,
  checkedWeights,
  type FusedBoxes,
  type FusionOptions,
  fusedBoxes,
  type PooledBoxes,
  prepareCandidates,
} from './box-pool.ts'

/**
 * How the score of a cluster comes from its members (T boxes of weighted scores s = score · weight, of N sources whose
 * weights sum to W):
 * - `avg`: mean(s) · min(N, T) / W, at most 1; with `allowOverflow` mean(s) · T / W, which may exceed 1.
 * - `max`: max(s) / largest weight.
 * - `box-and-model-avg`: Σs / Σ member weights · (weights of the distinct sources present) / W.
 * - `absent-model-aware-avg`: Σs / (Σ member weights + weights of the sources absent from the cluster).
 */
export type WbfConfidence = 'avg' | 'max' | 'box-and-model-avg' | 'absent-model-aware-avg'

export interface WbfOptions extends FusionOptions {
  /** Default `avg`. */
  readonly confidence?: WbfConfidence
  readonly allowOverflow?: boolean
}

/**
 * Weighted boxes fusion (Solovyev, Wang, Gabruseva 2021; ensemble-boxes 1.0.9). Boxes by weighted score descending join
 * the cluster of their label whose CURRENT fused box has the highest IoU with them, if that is > `iouThreshold` (equal
 * IoUs: the older cluster); else they found one. A fused box is the mean of its members weighted by s.
 *
 * Differs from ensemble-boxes where that is wrong: sums in doubles, not float32 (results within 1e-6); a cluster whose
 * scores are all 0 is the plain mean of its boxes, not NaN; sources of weight 0 found no clusters; `avg` without
 * overflow never exceeds 1 (there: a source of great weight with several boxes in a cluster).
 */
export function weightedBoxesFusion(pool: PooledBoxes, options: WbfOptions): FusedBoxes {
  const weights = checkedWeights(options)
  const clusters: Cluster[] = []
  for (const candidates of prepareCandidates(pool, weights, options)) {
    fuseLabel(candidates, pool.sources, weights, options, clusters)
  }
  return fusedBoxes(clusters)
}

function fuseLabel(
  candidates: Candidates,
  sources: Int32Array,
  weights: Float64Array,
  options: WbfOptions,
  clusters: Cluster[],
): void {
  const { boxesXyxy, scores, indices } = candidates
  const count = scores.length
  const members: number[][] = []
  /** x1, y1, x2, y2, area of each fused box. */
  const fused = new Float64Array(5 * count)
  /** Sums of s · coordinate, of s, and of plain coordinates. */
  const sums = new Float64Array(9 * count)
  for (let i = 0; i < count; i++) {
    const best = bestCluster(fused, members.length, boxesXyxy, 4 * i, options.iouThreshold)
    const cluster = best < 0 ? members.length : best
    if (best < 0) members.push([i])
    else members[cluster]!.push(i)
    const at = 9 * cluster
    const score = scores[i]!
    for (let side = 0; side < 4; side++) {
      const value = boxesXyxy[4 * i + side]!
      sums[at + side]! += score * value
      sums[at + 5 + side]! += value
    }
    sums[at + 4]! += score
    const total = sums[at + 4]!
    const joined = members[cluster]!.length
    const to = 5 * cluster
    for (let side = 0; side < 4; side++) {
      // A founder keeps its own coordinates: s · x / s need not be x.
      if (best < 0) fused[to + side] = boxesXyxy[4 * i + side]!
      else fused[to + side] = total > 0 ? sums[at + side]! / total : sums[at + 5 + side]! / joined
    }
    fused[to + 4] = (fused[to + 2]! - fused[to]!) * (fused[to + 3]! - fused[to + 1]!)
  }
  for (let k = 0; k < members.length; k++) {
    const to = 5 * k
    clusters.push({
      boxXyxy: [fused[to]!, fused[to + 1]!, fused[to + 2]!, fused[to + 3]!],
      score: clusterScore(members[k]!, candidates, sources, weights, options),
      label: candidates.label,
      members: members[k]!.map(rank => indices[rank]!),
    })
  }
}

/** The cluster of highest IoU > threshold with the box, the older of equals; −1 if there is none. */
function bestCluster(
  fused: Float64Array,
  count: number,
  boxes: Float64Array,
  at: number,
  iouThreshold: number,
): number {
  const x1 = boxes[at]!
  const y1 = boxes[at + 1]!
  const x2 = boxes[at + 2]!
  const y2 = boxes[at + 3]!
  const area = (x2 - x1) * (y2 - y1)
  let best = -1
  let bestIou = iouThreshold
  for (let k = 0, base = 0; k < count; k++, base += 5) {
    const left = fused[base]!
    const right = fused[base + 2]!
    const width = Math.min(x2, right) - Math.max(x1, left)
    if (!(width > 0)) continue
    const top = fused[base + 1]!
    const bottom = fused[base + 3]!
    const height = Math.min(y2, bottom) - Math.max(y1, top)
    if (!(height > 0)) continue
    const overlap = width * height
    const iou = overlap / (fused[base + 4]! + area - overlap)
    if (iou > bestIou) {
      best = k
      bestIou = iou
    }
  }
  return best
}

function clusterScore(
  ranks: readonly number[],
  { scores, indices }: Candidates,
  sources: Int32Array,
  weights: Float64Array,
  options: WbfOptions,
): number {
  let sum = 0
  let highest = 0
  let memberWeight = 0
  const present = new Set<number>()
  for (const rank of ranks) {
    const source = sources[indices[rank]!]!
    sum += scores[rank]!
    highest = Math.max(highest, scores[rank]!)
    memberWeight += weights[source]!
    present.add(source)
  }
  let totalWeight = 0
  let absentWeight = 0
  let largest = 0
  for (let source = 0; source < weights.length; source++) {
    totalWeight += weights[source]!
    largest = Math.max(largest, weights[source]!)
    if (!present.has(source)) absentWeight += weights[source]!
  }
  switch (options.confidence ?? 'avg') {
    case 'max':
      return highest / largest
    case 'box-and-model-avg':
      return ((sum / memberWeight) * (totalWeight - absentWeight)) / totalWeight
    case 'absent-model-aware-avg':
      return sum / (memberWeight + absentWeight)
    case 'avg': {
      if (options.allowOverflow) return sum / totalWeight
      return Math.min(1, ((sum / ranks.length) * Math.min(weights.length, ranks.length)) / totalWeight)
    }
  }
}
