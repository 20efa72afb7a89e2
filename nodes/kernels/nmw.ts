import { pairIou } from './box-iou.ts'
import {
  checkedWeights,
  type FusedBoxes,
  type FusionOptions,
  fusedBoxes,
  type PooledBoxes,
  prepareCandidates,
} from './box-pool.ts'
import { bestNear, bestOf, newClusterCentres, placeCentre, WORTH_A_GRID } from './cluster-centres.ts'

/**
 * Non-maximum weighted (Zhou et al., CAD, 2017; ensemble-boxes 1.0.9). Boxes by weighted score descending join the
 * cluster of their label whose SEED (first box) has the highest IoU with them, if that is > `iouThreshold` (equal IoUs:
 * the older cluster); else they seed one. The fused box is the mean of the members weighted by score · IoU with the
 * seed; its score is the seed's. Weights are divided by the largest, so a box of the heaviest source keeps its score.
 *
 * Differs from ensemble-boxes: sums in doubles (results within 1e-6); a cluster of zero scores is its seed, not NaN;
 * sources of weight 0 take no part.
 */
export function nonMaximumWeighted(pool: PooledBoxes, options: FusionOptions): FusedBoxes {
  const given = checkedWeights(options)
  const largest = given.reduce((a, b) => Math.max(a, b), 0)
  const candidates = prepareCandidates(
    pool,
    given.map(weight => weight / largest),
    options,
  )
  const { boxesXyxy, scores, labelOffsets } = candidates
  const clusterOf = new Int32Array(scores.length)
  const seeds = new Uint32Array(scores.length)
  const seedBoxes = new Float64Array(4 * scores.length)
  /** Σ score · IoU · coordinate (4) and Σ score · IoU of each cluster. */
  const sums = new Float64Array(5 * scores.length)
  let count = 0
  for (let label = 0; label < candidates.labels.length; label++) {
    const firstCluster = count
    const first = labelOffsets[label]!
    const last = labelOffsets[label + 1]!
    const own = seedBoxes.subarray(4 * firstCluster)
    const centres =
      last - first < WORTH_A_GRID
        ? undefined
        : newClusterCentres(boxesXyxy.subarray(4 * first, 4 * last), options.iouThreshold)
    for (let rank = first; rank < last; rank++) {
      const best = centres
        ? bestNear(centres, own, boxesXyxy, rank, options.iouThreshold)
        : bestOf(own, count - firstCluster, boxesXyxy, rank, options.iouThreshold)
      const cluster = best < 0 ? count++ : firstCluster + best
      if (best < 0) {
        seeds[cluster] = rank
        seedBoxes.set(boxesXyxy.subarray(4 * rank, 4 * rank + 4), 4 * cluster)
        if (centres) placeCentre(centres, cluster - firstCluster, own)
      }
      const weight = scores[rank]! * (best < 0 ? 1 : pairIou(own, best, boxesXyxy, rank))
      clusterOf[rank] = cluster
      for (let side = 0; side < 4; side++) sums[5 * cluster + side]! += weight * boxesXyxy[4 * rank + side]!
      sums[5 * cluster + 4]! += weight
    }
  }
  const members = new Uint32Array(count)
  for (const cluster of clusterOf) members[cluster]!++
  const fused = new Float64Array(4 * count)
  const seedScores = new Float64Array(count)
  for (let k = 0; k < count; k++) {
    const total = sums[5 * k + 4]!
    const asSeed = total === 0 || members[k] === 1
    seedScores[k] = scores[seeds[k]!]!
    for (let side = 0; side < 4; side++) {
      fused[4 * k + side] = asSeed ? boxesXyxy[4 * seeds[k]! + side]! : sums[5 * k + side]! / total
    }
  }
  return fusedBoxes(pool, candidates, { count, boxesXyxy: fused, scores: seedScores, clusterOf })
}
