/** Samples in rising order, known by their number and by place. */
export interface SortedSamples {
  readonly count: number
  readonly at: (place: number) => number
}

/**
 * The value below which `percent` of the samples lie, interpolated between neighbours as numpy.percentile does (linear):
 * position percent / 100 · (n − 1) among the sorted samples, in doubles. Of no samples 0.
 */
export function percentileOf({ count, at }: SortedSamples, percent: number): number {
  if (count === 0) return 0
  const position = (percent / 100) * (count - 1)
  const below = Math.floor(position)
  const share = position - below
  const low = at(below)
  const high = at(Math.min(below + 1, count - 1))
  // numpy's two ways round: exact at both ends.
  return share >= 0.5 ? high - (high - low) * (1 - share) : low + (high - low) * share
}

/** Samples of whole numbers from 0 as [largest + 1] counts. */
export function sortedByCounts(counts: Float64Array): SortedSamples {
  let count = 0
  for (const one of counts) count += one
  return {
    count,
    at: place => {
      let before = 0
      for (let value = 0; value < counts.length; value++) {
        before += counts[value]!
        if (place < before) return value
      }
      return counts.length - 1
    },
  }
}
