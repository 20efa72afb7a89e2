import {
  type Candidates,
  type ClusterMembers,
  checkedWeights,
  clusterMembers,
  type FusedBoxes,
  type FusionOptions,
  fusedBoxes,
  type PooledBoxes,
  prepareCandidates,
} from './box-pool.ts'
import { bestNear, bestOf, newClusterCentres, placeCentre, WORTH_A_GRID } from './cluster-centres.ts'

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
  const candidates = prepareCandidates(pool, weights, options)
  const growing = newClusters(candidates.scores.length)
  const { labelOffsets } = candidates
  for (let label = 0; label < candidates.labels.length; label++) {
    const first = labelOffsets[label]!
    const last = labelOffsets[label + 1]!
    if (last - first < WORTH_A_GRID) growFromAll(growing, candidates, first, last, options.iouThreshold)
    else growFromNear(growing, candidates, first, last, options.iouThreshold)
  }
  const members = clusterMembers(growing)
  const scores = clusterScores(growing, members, candidates, pool.sources, weights, options)
  return fusedBoxes(pool, candidates, { ...growing, scores }, members)
}

function growFromAll(growing: GrowingClusters, candidates: Candidates, first: number, last: number, iou: number): void {
  const firstCluster = growing.count
  const fused = growing.boxesXyxy.subarray(4 * firstCluster)
  for (let rank = first; rank < last; rank++) {
    const best = bestOf(fused, growing.count - firstCluster, candidates.boxesXyxy, rank, iou)
    join(growing, best < 0 ? -1 : firstCluster + best, candidates, rank)
  }
}

function growFromNear(
  growing: GrowingClusters,
  candidates: Candidates,
  first: number,
  last: number,
  iou: number,
): void {
  const firstCluster = growing.count
  const centres = newClusterCentres(candidates.boxesXyxy.subarray(4 * first, 4 * last), iou)
  const fused = growing.boxesXyxy.subarray(4 * firstCluster)
  for (let rank = first; rank < last; rank++) {
    const best = bestNear(centres, fused, candidates.boxesXyxy, rank, iou)
    const cluster = join(growing, best < 0 ? -1 : firstCluster + best, candidates, rank) - firstCluster
    placeCentre(centres, cluster, fused)
  }
}

interface GrowingClusters {
  count: number
  readonly boxesXyxy: Float64Array
  readonly clusterOf: Int32Array
  /** Σ s · coordinate (4), Σ s and the members of each cluster. */
  readonly sums: Float64Array
}

const SUMS = 6

function newClusters(most: number): GrowingClusters {
  return {
    count: 0,
    boxesXyxy: new Float64Array(4 * most),
    clusterOf: new Int32Array(most),
    sums: new Float64Array(SUMS * most),
  }
}

function join(growing: GrowingClusters, best: number, { boxesXyxy, scores }: Candidates, rank: number): number {
  const cluster = best < 0 ? growing.count++ : best
  growing.clusterOf[rank] = cluster
  const { sums } = growing
  const at = SUMS * cluster
  const score = scores[rank]!
  const total = sums[at + 4]! + score
  const members = sums[at + 5]! + 1
  sums[at + 4] = total
  sums[at + 5] = members
  const fused = growing.boxesXyxy
  for (let side = 0; side < 4; side++) {
    const value = boxesXyxy[4 * rank + side]!
    const weighted = sums[at + side]! + score * value
    sums[at + side] = weighted
    const to = 4 * cluster + side
    // A founder keeps its own coordinates: s · x / s need not be x. While all scores are 0, members weigh alike.
    if (best < 0) fused[to] = value
    else fused[to] = total > 0 ? weighted / total : fused[to]! + (value - fused[to]!) / members
  }
  return cluster
}

function clusterScores(
  growing: GrowingClusters,
  { ranks, offsets }: ClusterMembers,
  { scores, indices }: Candidates,
  sources: Int32Array,
  weights: Float64Array,
  options: WbfOptions,
): Float64Array {
  const confidence = options.confidence ?? 'avg'
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0)
  const largest = weights.reduce((a, b) => Math.max(a, b), 0)
  const out = new Float64Array(growing.count)
  /** The cluster in which a source was last seen, plus 1. */
  const seen = new Uint32Array(weights.length)
  for (let k = 0; k < growing.count; k++) {
    const sum = growing.sums[SUMS * k + 4]!
    const members = offsets[k + 1]! - offsets[k]!
    if (confidence === 'avg') {
      const limited = ((sum / members) * Math.min(weights.length, members)) / totalWeight
      out[k] = options.allowOverflow ? sum / totalWeight : Math.min(1, limited)
      continue
    }
    // The first to join has the highest score.
    if (confidence === 'max') {
      out[k] = scores[ranks[offsets[k]!]!]! / largest
      continue
    }
    let memberWeight = 0
    let presentWeight = 0
    for (let m = offsets[k]!; m < offsets[k + 1]!; m++) {
      const source = sources[indices[ranks[m]!]!]!
      memberWeight += weights[source]!
      if (seen[source] !== k + 1) presentWeight += weights[source]!
      seen[source] = k + 1
    }
    out[k] =
      confidence === 'box-and-model-avg'
        ? ((sum / memberWeight) * presentWeight) / totalWeight
        : sum / (memberWeight + totalWeight - presentWeight)
  }
  return out
}
