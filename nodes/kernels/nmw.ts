import { pairIou } from './box-iou.ts'
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
  const weights = given.map(weight => weight / largest)
  const clusters: Cluster[] = []
  for (const candidates of prepareCandidates(pool, weights, options)) {
    fuseLabel(candidates, options.iouThreshold, clusters)
  }
  return fusedBoxes(clusters)
}

function fuseLabel({ boxesXyxy, scores, indices, label }: Candidates, iouThreshold: number, clusters: Cluster[]): void {
  const count = scores.length
  const members: number[][] = []
  const seeds = new Uint32Array(count)
  /** Sums of score · IoU · coordinate, and of score · IoU. */
  const sums = new Float64Array(5 * count)
  for (let i = 0; i < count; i++) {
    let best = -1
    let bestIou = iouThreshold
    for (let k = 0; k < members.length; k++) {
      const iou = pairIou(boxesXyxy, i, boxesXyxy, seeds[k]!)
      if (iou > bestIou) {
        best = k
        bestIou = iou
      }
    }
    const cluster = best < 0 ? members.length : best
    if (best < 0) {
      seeds[cluster] = i
      members.push([])
    }
    members[cluster]!.push(i)
    const weight = scores[i]! * (best < 0 ? 1 : bestIou)
    for (let side = 0; side < 4; side++) sums[5 * cluster + side]! += weight * boxesXyxy[4 * i + side]!
    sums[5 * cluster + 4]! += weight
  }
  for (let k = 0; k < members.length; k++) {
    const total = sums[5 * k + 4]!
    const plain = total === 0 || members[k]!.length === 1
    const side = (n: number) => (plain ? boxesXyxy[4 * seeds[k]! + n]! : sums[5 * k + n]! / total)
    clusters.push({
      boxXyxy: [side(0), side(1), side(2), side(3)],
      score: scores[seeds[k]!]!,
      label,
      members: members[k]!.map(rank => indices[rank]!),
    })
  }
}
