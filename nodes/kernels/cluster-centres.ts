import { type BoxGrid, boxGrid } from './box-grid.ts'
import { pairIou } from './box-iou.ts'

/**
 * Where the centres of growing clusters lie, in the cells of a grid: each cluster is in the one cell of its centre and
 * moves with it.
 *
 * That is enough to find every cluster with IoU > t to a box. The IoU is at most the overlap of the intervals on one
 * axis over their union; for intervals of length a and b whose centres are d apart, that is above t only if
 * d < a · (1 − t) / 2t: when they overlap in part, (a + b) / 2 − d > t · ((a + b) / 2 + d); when one holds the other,
 * d ≤ |a − b| / 2; and in both cases b is between t · a and a / t. So the centres that count lie in a window around the
 * centre of the box, which for t ≥ 0.5 is no larger than the box.
 */
export interface ClusterCentres {
  readonly grid: BoxGrid
  /** Half of the window's side over that of the box. */
  readonly reach: number
  /** The cluster entered last in each cell, −1 if none. */
  readonly newest: Int32Array
  /** Its neighbours in its cell and its cell, for each cluster; −1 if none. */
  readonly older: Int32Array
  readonly newer: Int32Array
  readonly cellOf: Int32Array
}

/** From so many boxes of a label on, looking clusters up by place beats comparing with all of them. */
export const WORTH_A_GRID = 200

/** Wider than what rounding can do to an IoU. */
const MARGIN = 1e-9

/** Measured best: windows of a few cells with few clusters in them. */
const CELLS_PER_BOX = 1.5

/** Stands in for an infinite reach, whose product with 0 would be no number. */
const EVERYWHERE = 1e300

/** @param boxesXyxy [4n] every box that can join; clusters stay inside their extent. */
export function newClusterCentres(boxesXyxy: Float64Array, iouThreshold: number): ClusterCentres {
  const count = boxesXyxy.length / 4
  const grid = boxGrid(boxesXyxy, count, count, CELLS_PER_BOX)
  return {
    grid,
    // Infinite for a threshold of 0: then any overlap counts.
    reach: (1 - iouThreshold + MARGIN) / (2 * iouThreshold * (1 - MARGIN)) + MARGIN,
    newest: new Int32Array(grid.columns * grid.rows).fill(-1),
    older: new Int32Array(count).fill(-1),
    newer: new Int32Array(count).fill(-1),
    cellOf: new Int32Array(count).fill(-1),
  }
}

/** Enters cluster k, or moves it, to the centre of the k-th box. */
export function placeCentre(centres: ClusterCentres, k: number, boxesXyxy: Float64Array): void {
  const { grid, newest, older, newer, cellOf } = centres
  const column = columnOf(grid, (boxesXyxy[4 * k]! + boxesXyxy[4 * k + 2]!) / 2)
  const row = rowOf(grid, (boxesXyxy[4 * k + 1]! + boxesXyxy[4 * k + 3]!) / 2)
  const cell = row * grid.columns + column
  const left = cellOf[k]!
  if (cell === left) return
  if (left >= 0) {
    const below = older[k]!
    const above = newer[k]!
    if (above < 0) newest[left] = below
    else older[above] = below
    if (below >= 0) newer[below] = above
  }
  const below = newest[cell]!
  older[k] = below
  newer[k] = -1
  if (below >= 0) newer[below] = k
  newest[cell] = k
  cellOf[k] = cell
}

/** The cluster whose box has the highest IoU > threshold with box `index`, the older of equals; −1 if none. */
export function bestNear(
  centres: ClusterCentres,
  clusterBoxes: Float64Array,
  boxesXyxy: Float64Array,
  index: number,
  iouThreshold: number,
): number {
  const { grid, reach, newest, older } = centres
  const x1 = boxesXyxy[4 * index]!
  const y1 = boxesXyxy[4 * index + 1]!
  const x2 = boxesXyxy[4 * index + 2]!
  const y2 = boxesXyxy[4 * index + 3]!
  const across = Math.min(EVERYWHERE, reach * (x2 - x1))
  const down = Math.min(EVERYWHERE, reach * (y2 - y1))
  const first = columnOf(grid, (x1 + x2) / 2 - across)
  const last = columnOf(grid, (x1 + x2) / 2 + across)
  const bottom = rowOf(grid, (y1 + y2) / 2 + down)
  const area = (x2 - x1) * (y2 - y1)
  let best = -1
  let bestIou = iouThreshold
  for (let row = rowOf(grid, (y1 + y2) / 2 - down); row <= bottom; row++) {
    for (let cell = row * grid.columns + first; cell <= row * grid.columns + last; cell++) {
      for (let k = newest[cell]!; k >= 0; k = older[k]!) {
        const left = clusterBoxes[4 * k]!
        const right = clusterBoxes[4 * k + 2]!
        const width = Math.min(x2, right) - Math.max(x1, left)
        if (width <= 0) continue
        const top = clusterBoxes[4 * k + 1]!
        const low = clusterBoxes[4 * k + 3]!
        const height = Math.min(y2, low) - Math.max(y1, top)
        if (height <= 0) continue
        const overlap = width * height
        const iou = overlap / ((right - left) * (low - top) + area - overlap)
        if (iou > bestIou || (iou === bestIou && k < best)) {
          best = k
          bestIou = iou
        }
      }
    }
  }
  return best
}

/** The same among the first `count` clusters, without a grid. */
export function bestOf(
  clusterBoxes: Float64Array,
  count: number,
  boxesXyxy: Float64Array,
  index: number,
  iouThreshold: number,
): number {
  let best = -1
  let bestIou = iouThreshold
  for (let k = 0; k < count; k++) {
    const iou = pairIou(clusterBoxes, k, boxesXyxy, index)
    if (iou <= bestIou) continue
    best = k
    bestIou = iou
  }
  return best
}

function columnOf(grid: BoxGrid, x: number): number {
  return Math.min(grid.columns - 1, Math.max(0, Math.floor((x - grid.left) * grid.columnsPerPx)))
}

function rowOf(grid: BoxGrid, y: number): number {
  return Math.min(grid.rows - 1, Math.max(0, Math.floor((y - grid.top) * grid.rowsPerPx)))
}
