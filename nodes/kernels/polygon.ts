import { unionOfAll } from './mask-algebra.ts'
import { addRun, endMask, finishMasks, type MaskBuilder, newMaskBuilder } from './mask-builder.ts'
import { concatMasks, emptyMasks, frameArea } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'

/**
 * Polygons to masks, pixel for pixel what `frPyObjects` of pycocotools 2.0 makes (rleFrPoly).
 *
 * That rule: vertices go to a grid five times finer, `trunc(5 · v + 0.5)`; every edge is drawn there by stepping along
 * its longer side (x when equal), the other coordinate being `trunc(start + slope · t + 0.5)`; where the drawn outline
 * passes between fine columns 5c + 2 and 5c + 3, the middle of pixel column c, it toggles that column from row
 * `ceil((v − 2) / 5)` down, v being the upper of both fine rows. So one part is filled by parity (a bow tie has a hole
 * in its crossing), and the crossing parts of `polygonsToMask` are united.
 *
 * The C code draws every fine point; only the crossings of pixel columns count, so only they are computed here.
 */

/** One outline x, y, x, y, … in pixels; it is closed by itself, and a last odd number is left out. One mask. */
export function polygonToMask(xy: ArrayLike<number>, sizeHw: readonly [number, number]): MaskSet {
  const crossings = crossingsOf(xy, sizeHw)
  const builder = newMaskBuilder(sizeHw, crossings.count >> 1)
  writeToggles(builder, crossings)
  return finishMasks(builder)
}

/** The union of the outlines of one object, as one mask (COCO's `annToRLE`); holes cannot be written this way. */
export function polygonsToMask(parts: readonly ArrayLike<number>[], sizeHw: readonly [number, number]): MaskSet {
  if (parts.length === 0) return emptyMasks(sizeHw, 1)
  const builder = newMaskBuilder(sizeHw)
  for (const part of parts) writeToggles(builder, crossingsOf(part, sizeHw))
  return unionOfAll(finishMasks(builder))
}

/** One mask per object. */
export function polygonsToMaskSet(
  objects: readonly (readonly ArrayLike<number>[])[],
  sizeHw: readonly [number, number],
): MaskSet {
  return concatMasks([emptyMasks(sizeHw, 0), ...objects.map(parts => polygonsToMask(parts, sizeHw))])
}

/** A box x, y, width, height drawn as the polygon of its corners, as `frBbox` does: corners round by the rule above. */
export function boxToMask(xywh: ArrayLike<number>, sizeHw: readonly [number, number]): MaskSet {
  const [x, y, width, height] = [xywh[0]!, xywh[1]!, xywh[2]!, xywh[3]!]
  return polygonToMask([x, y, x, y + height, x + width, y + height, x + width, y], sizeHw)
}

interface Crossings {
  /** Pixel columns in which there are any lie in [firstColumn, firstColumn + columnCount). */
  firstColumn: number
  columnCount: number
  height: number
  /** Pixel column of each crossing, minus the first column. */
  columns: Uint32Array
  /** Row from which the column changes, 0 … height. */
  rows: Uint32Array
  count: number
}

/** Reused from polygon to polygon: they are many and small. Valid until the next call of `crossingsOf`. */
const found: Crossings = {
  firstColumn: 0,
  columnCount: 0,
  height: 0,
  columns: new Uint32Array(1024),
  rows: new Uint32Array(1024),
  count: 0,
}
let fine = new Float64Array(256)
let next = new Uint32Array(1024)
let sorted = new Uint32Array(1024)

/** @throws RangeError for a coordinate that is not a finite number. */
function crossingsOf(xy: ArrayLike<number>, sizeHw: readonly [number, number]): Crossings {
  frameArea(sizeHw)
  const [height, width] = sizeHw
  const vertices = xy.length >> 1
  found.count = 0
  found.columnCount = 0
  found.height = height
  if (vertices === 0 || height === 0) return found
  const [left, right] = toFineGrid(xy, vertices)
  const firstColumn = Math.max(0, Math.ceil((left - 2) / 5))
  const lastColumn = Math.min(width - 1, Math.floor((right - 3) / 5))
  if (lastColumn < firstColumn) return found
  found.firstColumn = firstColumn
  found.columnCount = lastColumn - firstColumn + 1
  for (let k = 0; k < vertices; k++) edgeCrossings(2 * k, firstColumn, lastColumn)
  return found
}

/** Fills `fine`, closed; returns its least and greatest x. */
function toFineGrid(xy: ArrayLike<number>, vertices: number): [number, number] {
  if (fine.length < 2 * vertices + 2) fine = new Float64Array(4 * vertices)
  let left = Number.POSITIVE_INFINITY
  let right = Number.NEGATIVE_INFINITY
  for (let k = 0; k < 2 * vertices; k++) {
    const value = Math.trunc(5 * xy[k]! + 0.5)
    if (!Number.isFinite(value)) {
      throw new RangeError(`polygon coordinate ${k} is ${xy[k]}; expected a finite number of pixels`)
    }
    fine[k] = value
    if (k % 2 === 1) continue
    if (value < left) left = value
    if (value > right) right = value
  }
  fine[2 * vertices] = fine[0]!
  fine[2 * vertices + 1] = fine[1]!
  return [left, right]
}

/** Adds where the edge from vertex `at / 2` to the next one crosses the middles of pixel columns. */
function edgeCrossings(at: number, firstColumn: number, lastColumn: number): void {
  let startX = fine[at]!
  let startY = fine[at + 1]!
  let endX = fine[at + 2]!
  let endY = fine[at + 3]!
  const spanX = Math.abs(endX - startX)
  const spanY = Math.abs(endY - startY)
  if (spanX === 0) return
  const flat = spanX >= spanY
  // Drawn from its smaller end, so that both directions give the same points.
  if (flat ? startX > endX : startY > endY) {
    ;[startX, endX] = [endX, startX]
    ;[startY, endY] = [endY, startY]
  }
  const from = Math.max(firstColumn, Math.ceil((Math.min(startX, endX) - 2) / 5))
  const to = Math.min(lastColumn, Math.floor((Math.max(startX, endX) - 3) / 5))
  if (to < from) return
  if (found.count + to - from + 1 > found.rows.length) growCrossings(to - from + 1)
  const { columns, rows, height } = found
  const slope = flat ? (endY - startY) / spanX : (endX - startX) / spanY
  let count = found.count
  for (let column = from; column <= to; column++) {
    const middle = 5 * column + 2
    let upper: number
    if (flat) {
      const t = middle - startX
      const here = Math.trunc(startY + slope * t + 0.5)
      const after = Math.trunc(startY + slope * (t + 1) + 0.5)
      upper = Math.min(here, after)
    } else upper = startY + crossingStep(startX, slope, spanY, middle)
    const row = Math.ceil((upper - 2) / 5)
    columns[count] = column - firstColumn
    rows[count++] = Math.max(0, Math.min(row, height))
  }
  found.count = count
}

/** The t in [0, steps) for which the drawn x passes between `middle` and `middle + 1` from t to t + 1. */
function crossingStep(startX: number, slope: number, steps: number, middle: number): number {
  let t = Math.floor((middle + 0.5 - startX) / slope)
  if (t < 0) t = 0
  if (t > steps - 1) t = steps - 1
  // The estimate is exact up to rounding; the drawn points decide. On the side where the edge begins, x is at most
  // `middle` if the edge rises in x.
  const rises = slope > 0
  while (t > 0 && isLeft(startX, slope, t, middle) !== rises) t--
  while (t < steps - 1 && isLeft(startX, slope, t + 1, middle) === rises) t++
  return t
}

function isLeft(startX: number, slope: number, t: number, middle: number): boolean {
  return Math.trunc(startX + slope * t + 0.5) <= middle
}

/** Appends one mask: sorts the crossings by column and row and writes the runs between odd ones. */
function writeToggles(builder: MaskBuilder, crossings: Crossings): void {
  const { columns, rows, count, columnCount, firstColumn, height } = crossings
  if (next.length < columnCount + 1) next = new Uint32Array(2 * columnCount)
  if (sorted.length < count) sorted = new Uint32Array(2 * count)
  next.fill(0, 0, columnCount + 1)
  for (let i = 0; i < count; i++) next[columns[i]! + 1]!++
  for (let c = 0; c < columnCount; c++) next[c + 1]! += next[c]!
  for (let i = 0; i < count; i++) sorted[next[columns[i]!]!++] = rows[i]!
  let first = 0
  for (let c = 0; c < columnCount; c++) {
    // `next` has moved on to the end of each column's crossings.
    const last = next[c]!
    for (let i = first + 1; i < last; i++) {
      const row = sorted[i]!
      let k = i
      for (; k > first && sorted[k - 1]! > row; k--) sorted[k] = sorted[k - 1]!
      sorted[k] = row
    }
    const top = (firstColumn + c) * height
    for (let i = first; i + 1 < last; i += 2) addRun(builder, top + sorted[i]!, top + sorted[i + 1]!)
    first = last
  }
  endMask(builder)
}

function growCrossings(extra: number): void {
  const capacity = Math.max(found.rows.length * 2, found.count + extra)
  for (const name of ['columns', 'rows'] as const) {
    const larger = new Uint32Array(capacity)
    larger.set(found[name])
    found[name] = larger
  }
}
