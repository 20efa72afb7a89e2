/** How far scores are from the share of detections that are right. */

export interface Reliability {
  readonly count: number
  /** Share of right ones; NaN of nothing, as all numbers below. */
  readonly accuracy: number
  readonly meanScore: number
  /** Expected calibration error: Σ over bins of share · |mean score − share right| (Naeini et al. 2015; Guo et al. 2017). */
  readonly ece: number
  /** The largest |mean score − share right| of a bin. */
  readonly mce: number
  /** Mean of (score − right)². */
  readonly brier: number
  readonly bins: readonly ReliabilityBin[]
}

export interface ReliabilityBin {
  /** Scores in (low, high], the first bin with its low end. */
  readonly low: number
  readonly high: number
  readonly count: number
  /** NaN in an empty bin. */
  readonly meanScore: number
  readonly accuracy: number
}

/** @param right [N] 1 = the detection is right. */
export function reliability(scores: Float64Array, right: Uint8Array, binCount: number): Reliability {
  const counts = new Float64Array(binCount)
  const scoreSums = new Float64Array(binCount)
  const rightSums = new Float64Array(binCount)
  let brier = 0
  for (let i = 0; i < scores.length; i++) {
    const bin = Math.max(0, Math.ceil(scores[i]! * binCount) - 1)
    counts[bin]!++
    scoreSums[bin]! += scores[i]!
    rightSums[bin]! += right[i]!
    brier += (scores[i]! - right[i]!) ** 2
  }
  const bins = Array.from(counts, (count, bin) => ({
    low: bin / binCount,
    high: (bin + 1) / binCount,
    count,
    meanScore: scoreSums[bin]! / count,
    accuracy: rightSums[bin]! / count,
  }))
  const filled = bins.filter(({ count }) => count > 0)
  const N = scores.length
  return {
    count: N,
    accuracy: rightSums.reduce((sum, value) => sum + value, 0) / N,
    meanScore: scoreSums.reduce((sum, value) => sum + value, 0) / N,
    ece: N === 0 ? Number.NaN : filled.reduce((sum, bin) => sum + (bin.count / N) * gap(bin), 0),
    mce: N === 0 ? Number.NaN : Math.max(...filled.map(gap)),
    brier: brier / N,
    bins,
  }
}

function gap({ meanScore, accuracy }: ReliabilityBin): number {
  return Math.abs(meanScore - accuracy)
}
