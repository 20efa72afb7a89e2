import { maskIou } from './mask-iou.ts'
import { type FusedMasks, fusedMasks, type MaskCluster, type PooledMasks } from './mask-pool.ts'
import { selectMasks } from './mask-sets.ts'
import { voteMasks } from './mask-vote.ts'

export interface CrossSourceOptions {
  /** [sources] ≥ 0, not all 0; divided by their sum. */
  readonly weights: ArrayLike<number>
  /** Partners have IoU > this. Default 0.5. */
  readonly iouThreshold?: number
  /** Best-scored results to keep. Default all. */
  readonly max?: number
}

/**
 * Fusion by matching across sources, as in chicm's solution of Open Images 2019 (`general_ensemble`). Source by source,
 * instance by instance in their order: one that is not used yet takes from every other source the unused instance of its
 * label with the highest mask IoU, if that is > threshold (the first of equals); all of them are then used. Its score is
 * Σ weight · score (a source without a partner adds nothing), its mask Σ weight · mask / Σ weight over those present
 * > 0.5; an instance alone keeps its mask and has weight · score.
 *
 * Differs from the program, which knows used instances by their score, so that instances of equal score exclude each
 * other: here each instance is itself.
 */
export function crossSourceFusion(pool: PooledMasks, options: CrossSourceOptions): FusedMasks {
  const { masks, scores, labels, sources } = pool
  const total = Array.from(options.weights).reduce((sum, weight) => sum + weight, 0)
  if (!(total > 0)) throw new RangeError('the weights of the sources add up to 0')
  const weights = Float64Array.from(options.weights, weight => weight / total)
  const threshold = options.iouThreshold ?? 0.5
  const used = new Uint8Array(scores.length)
  const clusters: MaskCluster[] = []
  const bySource = Array.from(weights, (_, source) => [...sources.keys()].filter(i => sources[i] === source))
  for (const index of bySource.flat()) {
    if (used[index] === 1) continue
    used[index] = 1
    const members = [index]
    const own = selectMasks(masks, [index])
    bySource.forEach((candidates, source) => {
      if (source === sources[index]) return
      const open = candidates.filter(i => used[i] === 0 && labels[i] === labels[index])
      const ious = maskIou(own, selectMasks(masks, open))
      let best = -1
      for (let k = 0; k < open.length; k++) if (ious[k]! > (best < 0 ? threshold : ious[best]!)) best = k
      if (best < 0) return
      used[open[best]!] = 1
      members.push(open[best]!)
    })
    const shares = members.map(i => weights[sources[i]!]!)
    clusters.push({
      mask: members.length === 1 ? own : voteMasks(selectMasks(masks, members), shares, 0.5),
      score: members.reduce((sum, i, k) => sum + shares[k]! * scores[i]!, 0),
      label: labels[index]!,
      members,
    })
  }
  const order = clusters.toSorted((a, b) => b.score - a.score)
  return fusedMasks(pool, order.slice(0, options.max ?? order.length))
}
