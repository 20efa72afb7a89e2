/**
 * Weighted arithmetic mean of equally long arrays, element by element: Σ wᵢ·xᵢ / Σ wᵢ, summed in doubles in the order of
 * the list, rounded to float32 once. Weights are ≥ 0 and not all 0.
 */
export function weightedMean(arrays: readonly Float32Array[], weights: readonly number[]): Float32Array {
  const length = arrays[0]!.length
  const sums = new Float64Array(length)
  let total = 0
  for (const [i, array] of arrays.entries()) {
    const weight = weights[i]!
    total += weight
    for (let at = 0; at < length; at++) sums[at]! += weight * array[at]!
  }
  const mean = new Float32Array(length)
  for (let at = 0; at < length; at++) mean[at] = sums[at]! / total
  return mean
}
