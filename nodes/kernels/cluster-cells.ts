import { type BoxGrid, boxGrid } from './box-grid.ts'

/**
 * Where the boxes of growing clusters lie: the cells of a grid that each has touched so far. A box that moves is entered
 * in the new cells too and stays in the old ones, so whoever looks must still compare; nothing that overlaps is missed.
 */
export interface ClusterCells {
  readonly grid: BoxGrid
  /** Newest entry of each cell, and for each entry its cluster and the entry before. */
  readonly newest: Int32Array
  entryCluster: Int32Array
  entryBefore: Int32Array
  entries: number
  /** First and last column and row (4 numbers) in which each cluster is entered. */
  readonly spans: Int32Array
  /** The search that met a cluster last. */
  readonly metBy: Uint32Array
  searches: number
}

/** @param boxesXyxy [4n] every box that can join; clusters stay inside their extent. */
export function newClusterCells(boxesXyxy: Float64Array): ClusterCells {
  const count = boxesXyxy.length / 4
  const grid = boxGrid(boxesXyxy, count, count)
  return {
    grid,
    newest: new Int32Array(grid.columns * grid.rows).fill(-1),
    entryCluster: new Int32Array(4 * count),
    entryBefore: new Int32Array(4 * count),
    entries: 0,
    spans: new Int32Array(4 * count).fill(-1),
    metBy: new Uint32Array(count),
    searches: 0,
  }
}

/** Enters cluster k at its box, the k-th of `boxesXyxy`. */
export function placeCluster(cells: ClusterCells, k: number, boxesXyxy: Float64Array, at: number): void {
  const { grid, spans, newest } = cells
  const left = column(grid, boxesXyxy[at]!)
  const right = column(grid, boxesXyxy[at + 2]!)
  const top = row(grid, boxesXyxy[at + 1]!)
  const bottom = row(grid, boxesXyxy[at + 3]!)
  // A new cluster's span is −1 … −1, which holds no cell.
  const knownLeft = spans[4 * k]!
  const knownRight = spans[4 * k + 1]!
  const knownTop = spans[4 * k + 2]!
  const knownBottom = spans[4 * k + 3]!
  if (left >= knownLeft && right <= knownRight && top >= knownTop && bottom <= knownBottom) return
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      if (x >= knownLeft && x <= knownRight && y >= knownTop && y <= knownBottom) continue
      if (cells.entries === cells.entryCluster.length) {
        cells.entryCluster = doubled(cells.entryCluster)
        cells.entryBefore = doubled(cells.entryBefore)
      }
      const cell = y * grid.columns + x
      cells.entryCluster[cells.entries] = k
      cells.entryBefore[cells.entries] = newest[cell]!
      newest[cell] = cells.entries++
    }
  }
  // Only a full rectangle may be called known; the last one is.
  spans[4 * k] = left
  spans[4 * k + 1] = right
  spans[4 * k + 2] = top
  spans[4 * k + 3] = bottom
}

/** Writes the clusters that may overlap the box at `at`, each once, to `out`; returns how many. */
export function clustersNear(cells: ClusterCells, boxesXyxy: Float64Array, at: number, out: Int32Array): number {
  const { grid, newest, metBy } = cells
  const search = ++cells.searches
  const right = column(grid, boxesXyxy[at + 2]!)
  const bottom = row(grid, boxesXyxy[at + 3]!)
  let count = 0
  for (let y = row(grid, boxesXyxy[at + 1]!); y <= bottom; y++) {
    for (let x = column(grid, boxesXyxy[at]!); x <= right; x++) {
      for (let entry = newest[y * grid.columns + x]!; entry >= 0; entry = cells.entryBefore[entry]!) {
        const k = cells.entryCluster[entry]!
        if (metBy[k] === search) continue
        metBy[k] = search
        out[count++] = k
      }
    }
  }
  return count
}

function column(grid: BoxGrid, x: number): number {
  return Math.min(grid.columns - 1, Math.max(0, Math.floor((x - grid.left) * grid.columnsPerPx)))
}

function row(grid: BoxGrid, y: number): number {
  return Math.min(grid.rows - 1, Math.max(0, Math.floor((y - grid.top) * grid.rowsPerPx)))
}

function doubled(values: Int32Array): Int32Array {
  const larger = new Int32Array(2 * values.length)
  larger.set(values)
  return larger
}
