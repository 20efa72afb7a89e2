import type { MaskSet } from './masks.ts'

/**
 * The runs of one mask cut at column borders, for kernels that look at neighbours: piece k covers the rows
 * [tops[k], bottoms[k]) of column columns[k]. Columns rise, rows rise within a column, pieces of a column never touch.
 */
export interface ColumnRuns {
  readonly columns: Uint32Array
  readonly tops: Uint32Array
  readonly bottoms: Uint32Array
}

export function columnRunsOf(masks: MaskSet, index: number): ColumnRuns {
  const [height] = masks.sizeHw
  const first = masks.offsets[index]!
  const last = masks.offsets[index + 1]!
  let count = 0
  for (let run = first; run < last; run++) {
    count += Math.floor((masks.ends[run]! - 1) / height) - Math.floor(masks.starts[run]! / height) + 1
  }
  const columns = new Uint32Array(count)
  const tops = new Uint32Array(count)
  const bottoms = new Uint32Array(count)
  let k = 0
  for (let run = first; run < last; run++) {
    const end = masks.ends[run]!
    let x = Math.floor(masks.starts[run]! / height)
    let top = masks.starts[run]! - x * height
    for (let columnStart = x * height; columnStart < end; columnStart += height) {
      columns[k] = x++
      tops[k] = top
      bottoms[k++] = Math.min(height, end - columnStart)
      top = 0
    }
  }
  return { columns, tops, bottoms }
}
