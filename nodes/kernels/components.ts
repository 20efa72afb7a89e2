import { type ColumnRuns, columnRunsOf } from './column-runs.ts'
import { complementEach, unionEach } from './mask-algebra.ts'
import { addRun, endMask, finishMasks, newMaskBuilder } from './mask-builder.ts'
import { maskCount, selectMasks } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'

/** 4: pixels that share a side are connected. 8: a corner is enough. */
export type Connectivity = 4 | 8

/**
 * The connected parts of mask `index`, one mask each, in reading order of their first pixel (top row first, then left),
 * as scipy's `label` numbers them.
 */
export function connectedComponents(masks: MaskSet, index: number, connectivity: Connectivity): MaskSet {
  const runs = columnRunsOf(masks, index)
  const { owners, count } = ownersOf(runs, connectivity)
  const order = readingOrder(runs, owners, count)
  const [height] = masks.sizeHw
  const perOwner: number[][] = Array.from({ length: count }, () => [])
  for (let k = 0; k < owners.length; k++) perOwner[owners[k]!]!.push(k)
  const builder = newMaskBuilder(masks.sizeHw, owners.length)
  for (const owner of order) {
    for (const k of perOwner[owner]!) {
      const columnStart = runs.columns[k]! * height
      addRun(builder, columnStart + runs.tops[k]!, columnStart + runs.bottoms[k]!)
    }
    endMask(builder)
  }
  return finishMasks(builder)
}

/** Each mask reduced to its connected part of most pixels; of equal ones the first in reading order. */
export function largestComponents(masks: MaskSet, connectivity: Connectivity): MaskSet {
  const builder = newMaskBuilder(masks.sizeHw, masks.starts.length)
  for (let i = 0; i < maskCount(masks); i++) {
    const parts = connectedComponents(masks, i, connectivity)
    let best = -1
    let bestArea = 0
    for (let part = 0; part < maskCount(parts); part++) {
      let area = 0
      for (let run = parts.offsets[part]!; run < parts.offsets[part + 1]!; run++) {
        area += parts.ends[run]! - parts.starts[run]!
      }
      if (area <= bestArea) continue
      best = part
      bestArea = area
    }
    if (best >= 0) {
      for (let run = parts.offsets[best]!; run < parts.offsets[best + 1]!; run++) {
        addRun(builder, parts.starts[run]!, parts.ends[run]!)
      }
    }
    endMask(builder)
  }
  return finishMasks(builder)
}

/**
 * Each mask with its holes filled: background that cannot reach the edge of the frame over background. `background`
 * says how background connects; 4 is scipy's `binary_fill_holes`.
 */
export function fillHoles(masks: MaskSet, background: Connectivity = 4): MaskSet {
  const [height, width] = masks.sizeHw
  const builder = newMaskBuilder(masks.sizeHw, masks.starts.length)
  for (let i = 0; i < maskCount(masks); i++) {
    const outside = complementEach(selectMasks(masks, [i]))
    const runs = columnRunsOf(outside, 0)
    const { owners, count } = ownersOf(runs, background)
    const open = new Uint8Array(count)
    for (let k = 0; k < owners.length; k++) {
      const x = runs.columns[k]!
      if (x === 0 || x === width - 1 || runs.tops[k] === 0 || runs.bottoms[k] === height) open[owners[k]!] = 1
    }
    for (let k = 0; k < owners.length; k++) {
      if (open[owners[k]!]) continue
      const columnStart = runs.columns[k]! * height
      addRun(builder, columnStart + runs.tops[k]!, columnStart + runs.bottoms[k]!)
    }
    endMask(builder)
  }
  return unionEach(masks, finishMasks(builder))
}

/** The component of every piece, numbered from 0; union-find over pieces of neighbouring columns. */
function ownersOf(runs: ColumnRuns, connectivity: Connectivity): { owners: Uint32Array; count: number } {
  const { columns, tops, bottoms } = runs
  const total = columns.length
  const parent = Uint32Array.from(columns, (_, k) => k)
  const reach = connectivity === 8 ? 1 : 0
  let leftFirst = 0
  let leftLast = 0
  for (let first = 0; first < total; ) {
    let last = first
    while (last < total && columns[last] === columns[first]) last++
    const adjacent = leftLast > leftFirst && columns[leftFirst]! + 1 === columns[first]!
    let left = leftFirst
    for (let k = first; adjacent && k < last; k++) {
      while (left < leftLast && bottoms[left]! + reach <= tops[k]!) left++
      for (let near = left; near < leftLast && tops[near]! < bottoms[k]! + reach; near++) join(parent, near, k)
    }
    leftFirst = first
    leftLast = last
    first = last
  }
  let count = 0
  const owners = new Uint32Array(total)
  for (let k = 0; k < total; k++) {
    const root = rootOf(parent, k)
    // The root is the lowest index of its tree, so it has been numbered before its members.
    owners[k] = root === k ? count++ : owners[root]!
  }
  return { owners, count }
}

function join(parent: Uint32Array, a: number, b: number): void {
  const rootA = rootOf(parent, a)
  const rootB = rootOf(parent, b)
  if (rootA < rootB) parent[rootB] = rootA
  else parent[rootA] = rootB
}

function rootOf(parent: Uint32Array, k: number): number {
  let node = k
  while (parent[node] !== node) {
    parent[node] = parent[parent[node]!]!
    node = parent[node]!
  }
  return node
}

/** Components by their topmost, then leftmost pixel. */
function readingOrder(runs: ColumnRuns, owners: Uint32Array, count: number): number[] {
  const top = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
  const left = new Float64Array(count)
  for (let k = 0; k < owners.length; k++) {
    const owner = owners[k]!
    // Columns rise, so the first piece at the top row is the leftmost.
    if (runs.tops[k]! >= top[owner]!) continue
    top[owner] = runs.tops[k]!
    left[owner] = runs.columns[k]!
  }
  return Array.from(top.keys()).sort((a, b) => top[a]! - top[b]! || left[a]! - left[b]!)
}
