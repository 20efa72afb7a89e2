/** The label that occurs most often; of equally many the smallest (numpy's argmax of bincount). −1 without labels. */
export function majorityLabel(labels: Int32Array): number {
  const counts: number[] = []
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  let best = -1
  counts.forEach((count, label) => {
    if (best < 0 || count > counts[best]!) best = label
  })
  return best
}

/** [N] the column of the largest value in each row of `values` [N · columns]; of equal ones the first. */
export function argmaxRows(values: Float32Array, columns: number): Int32Array {
  const best = new Int32Array(values.length / columns)
  for (let row = 0; row < best.length; row++) {
    const from = row * columns
    for (let column = 1; column < columns; column++)
      if (values[from + column]! > values[from + best[row]!]!) best[row] = column
  }
  return best
}
