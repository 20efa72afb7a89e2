/**
 * The member of an ensemble that stands out by how little its probabilities spread (Open Cities, third place): the one
 * whose values above 0 have the smallest population standard deviation. Members without a value above 0 (NaN) come last;
 * of equal ones the first counts.
 */
export function leastSpreadMember(members: readonly ArrayLike<number>[]): number {
  let least = 0
  let leastSpread = Number.NaN
  for (const [index, values] of members.entries()) {
    const spread = positiveSpread(values)
    if (Number.isNaN(spread) || (!Number.isNaN(leastSpread) && spread >= leastSpread)) continue
    least = index
    leastSpread = spread
  }
  return least
}

/** Population standard deviation of the values > 0, in doubles, mean first; NaN if there are none. */
export function positiveSpread(values: ArrayLike<number>): number {
  let count = 0
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    if (!(values[i]! > 0)) continue
    count++
    sum += values[i]!
  }
  const mean = sum / count
  let squares = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > 0) squares += (values[i]! - mean) ** 2
  return Math.sqrt(squares / count)
}

/** The largest value; −∞ of none. */
export function largestOf(values: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) if (values[i]! > largest) largest = values[i]!
  return largest
}
