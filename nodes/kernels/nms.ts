import { type BoxGrid, boxGrid } from './box-grid.ts'
import { argsortDescending } from './order.ts'

export interface NmsOptions {
  /** [N] boxes suppress each other only within their group (class, pyramid level). Absent: one group. */
  readonly groups?: Int32Array
  /** [N] in the place of `iouThreshold`: the limit of the box that would be dropped. */
  readonly iouThresholds?: ArrayLike<number>
  /** Stop when this many have survived, over all groups together. */
  readonly max?: number
}

/**
 * Greedy non-maximum suppression: walk the boxes by score descending (ties by index); a box survives unless its IoU with
 * a survivor of its group is > `iouThreshold` ≥ 0 (torchvision.ops.nms and batched_nms, but in doubles). Boxes without
 * area suppress nothing and are not suppressed.
 *
 * Lazy: a box is compared with the survivors before it, so a cap ends the walk early; the result is the same as that of
 * the full run cut to `max`. Survivors are kept in a grid, so a box only meets those that lie near it.
 * @returns indices of the survivors, in that order.
 */
export function greedyNms(
  boxesXyxy: Float64Array | Float32Array,
  scores: Float64Array | Float32Array,
  iouThreshold: number,
  options: NmsOptions = {},
): Uint32Array {
  const order = argsortDescending(scores)
  const count = order.length
  const max = Math.min(options.max ?? count, count)
  const { iouThresholds } = options
  const { groupOf, groupCount } = denseGroups(options.groups, count)
  const grid = boxGrid(boxesXyxy, count, (4 * count) / groupCount)
  const cells = grid.columns * grid.rows
  const kept = new Uint32Array(max)
  // Survivors as x1, y1, x2, y2, area side by side.
  const survivors = new Float64Array(5 * max)
  // Chains of survivors, one for each group and cell: the newest entry, and from each entry the one before it.
  const newest = new Int32Array(cells * groupCount).fill(-1)
  let chains: Chains = { survivor: new Int32Array(4 * max + 16), older: new Int32Array(4 * max + 16), count: 0 }
  let keptCount = 0
  for (let rank = 0; rank < count && keptCount < max; rank++) {
    const index = order[rank]!
    const x1 = boxesXyxy[4 * index]!
    const y1 = boxesXyxy[4 * index + 1]!
    const x2 = boxesXyxy[4 * index + 2]!
    const y2 = boxesXyxy[4 * index + 3]!
    const area = (x2 - x1) * (y2 - y1)
    const limit = iouThresholds === undefined ? iouThreshold : iouThresholds[index]!
    const group = groupOf === undefined ? 0 : groupOf[index]! * cells
    const left = column(grid, x1)
    const right = column(grid, x2)
    const bottom = row(grid, y2)
    let suppressed = false
    const { survivor, older } = chains
    for (let y = row(grid, y1); y <= bottom && !suppressed; y++) {
      for (let x = left; x <= right && !suppressed; x++) {
        for (let entry = newest[group + y * grid.columns + x]!; entry >= 0; entry = older[entry]!) {
          const base = 5 * survivor[entry]!
          const width = Math.min(x2, survivors[base + 2]!) - Math.max(x1, survivors[base]!)
          if (!(width > 0)) continue
          const height = Math.min(y2, survivors[base + 3]!) - Math.max(y1, survivors[base + 1]!)
          if (!(height > 0)) continue
          const overlap = width * height
          if (overlap / (area + survivors[base + 4]! - overlap) > limit) {
            suppressed = true
            break
          }
        }
      }
    }
    if (suppressed) continue
    survivors[5 * keptCount] = x1
    survivors[5 * keptCount + 1] = y1
    survivors[5 * keptCount + 2] = x2
    survivors[5 * keptCount + 3] = y2
    survivors[5 * keptCount + 4] = area
    const top = row(grid, y1)
    chains = withRoom(chains, Math.max(0, (bottom - top + 1) * (right - left + 1)))
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const cell = group + y * grid.columns + x
        chains.survivor[chains.count] = keptCount
        chains.older[chains.count] = newest[cell]!
        newest[cell] = chains.count++
      }
    }
    kept[keptCount++] = index
  }
  return kept.slice(0, keptCount)
}

interface Chains {
  /** Which survivor an entry stands for. */
  readonly survivor: Int32Array
  readonly older: Int32Array
  count: number
}

function withRoom(chains: Chains, entries: number): Chains {
  if (chains.count + entries <= chains.older.length) return chains
  const length = 2 * (chains.count + entries)
  const survivor = new Int32Array(length)
  const older = new Int32Array(length)
  survivor.set(chains.survivor)
  older.set(chains.older)
  return { survivor, older, count: chains.count }
}

function column(grid: BoxGrid, x: number): number {
  return Math.min(grid.columns - 1, Math.floor((x - grid.left) * grid.columnsPerPx))
}

function row(grid: BoxGrid, y: number): number {
  return Math.min(grid.rows - 1, Math.floor((y - grid.top) * grid.rowsPerPx))
}

/** Groups numbered 0, 1, 2 … in order of appearance. */
function denseGroups(
  groups: Int32Array | undefined,
  count: number,
): { groupOf: Int32Array | undefined; groupCount: number } {
  if (groups === undefined || count === 0) return { groupOf: undefined, groupCount: 1 }
  const numbers = new Map<number, number>()
  const groupOf = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    let number = numbers.get(groups[i]!)
    if (number === undefined) {
      number = numbers.size
      numbers.set(groups[i]!, number)
    }
    groupOf[i] = number
  }
  return { groupOf, groupCount: numbers.size }
}
