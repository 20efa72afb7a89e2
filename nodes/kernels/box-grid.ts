/** A regular grid over the extent of some boxes; boxes that overlap always share a cell. */
export interface BoxGrid {
  readonly columns: number
  readonly rows: number
  readonly left: number
  readonly top: number
  readonly columnsPerPx: number
  readonly rowsPerPx: number
}

/** More columns or rows cost more in wide boxes than they save in narrow ones. */
const MAX_SIDE = 64

/**
 * Cells about as large as the mean box (1 / `perBox` of its sides), at most `maxCells`. The first `count` boxes decide;
 * coordinates are finite. A box belongs to the cells from floor((x1 − left) · columnsPerPx) to that of x2, capped at the
 * last, and rows likewise.
 */
export function boxGrid(boxesXyxy: Float64Array | Float32Array, count: number, maxCells: number, perBox = 1): BoxGrid {
  let left = Number.POSITIVE_INFINITY
  let top = Number.POSITIVE_INFINITY
  let right = Number.NEGATIVE_INFINITY
  let bottom = Number.NEGATIVE_INFINITY
  let widths = 0
  let heights = 0
  for (let i = 0; i < 4 * count; i += 4) {
    const x1 = boxesXyxy[i]!
    const y1 = boxesXyxy[i + 1]!
    const x2 = boxesXyxy[i + 2]!
    const y2 = boxesXyxy[i + 3]!
    // Sides may be negative: such boxes have no area, but they must not fall out of the grid.
    left = Math.min(left, x1, x2)
    top = Math.min(top, y1, y2)
    right = Math.max(right, x1, x2)
    bottom = Math.max(bottom, y1, y2)
    widths += Math.abs(x2 - x1)
    heights += Math.abs(y2 - y1)
  }
  const limit = Math.max(1, Math.min(MAX_SIDE, Math.floor(Math.sqrt(maxCells))))
  const columns = sides(right - left, widths / (count * perBox), limit)
  const rows = sides(bottom - top, heights / (count * perBox), limit)
  return {
    columns,
    rows,
    left,
    top,
    columnsPerPx: perPx(columns, right - left),
    rowsPerPx: perPx(rows, bottom - top),
  }
}

function sides(extent: number, mean: number, limit: number): number {
  if (!(extent > 0 && mean > 0)) return 1
  return Math.max(1, Math.min(limit, Math.ceil(extent / mean)))
}

/** 0 (all in the first cell) when the extent is 0, or so small that the quotient overflows. */
function perPx(cells: number, extent: number): number {
  const rate = cells / extent
  return Number.isFinite(rate) ? rate : 0
}
