/**
 * Assignment of rows to columns with the largest total gain; every row or every column, whichever are fewer, gets a
 * partner. Shortest augmenting paths (Jonker, Volgenant 1987; Crouse 2016): n²·m steps for n ≤ m.
 * @param gains [rows · columns] row-major, finite.
 * @returns [rows] column of each row, −1 for rows left over.
 */
export function assignMaximum(gains: Float64Array, rows: number, columns: number): Int32Array {
  if (rows > columns) {
    const turned = assignMaximum(transposed(gains, rows, columns), columns, rows)
    const out = new Int32Array(rows).fill(-1)
    for (let column = 0; column < columns; column++) out[turned[column]!] = column
    return out
  }
  // Potentials and paths are 1-based; row and column 0 are the entry of each search.
  const rowPotential = new Float64Array(rows + 1)
  const columnPotential = new Float64Array(columns + 1)
  const rowOf = new Int32Array(columns + 1)
  const before = new Int32Array(columns + 1)
  for (let row = 1; row <= rows; row++) {
    const distance = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY)
    const settled = new Uint8Array(columns + 1)
    rowOf[0] = row
    let column = 0
    while (rowOf[column] !== 0) {
      settled[column] = 1
      const current = rowOf[column]!
      let step = Number.POSITIVE_INFINITY
      let next = 0
      for (let j = 1; j <= columns; j++) {
        if (settled[j] === 1) continue
        const cost = -gains[(current - 1) * columns + j - 1]! - rowPotential[current]! - columnPotential[j]!
        if (cost < distance[j]!) {
          distance[j] = cost
          before[j] = column
        }
        if (distance[j]! < step) {
          step = distance[j]!
          next = j
        }
      }
      for (let j = 0; j <= columns; j++) {
        if (settled[j] === 1) {
          rowPotential[rowOf[j]!]! += step
          columnPotential[j]! -= step
        } else distance[j]! -= step
      }
      column = next
    }
    while (column !== 0) {
      rowOf[column] = rowOf[before[column]!]!
      column = before[column]!
    }
  }
  const out = new Int32Array(rows).fill(-1)
  for (let j = 1; j <= columns; j++) if (rowOf[j] !== 0) out[rowOf[j]! - 1] = j - 1
  return out
}

function transposed(values: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(values.length)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j]!
  return out
}
