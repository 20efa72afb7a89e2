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
  const builder = newMaskBuilder(sizeHw)
  drawPolygon(builder, xy)
  return finishMasks(builder)
}

/** The union of the outlines of one object, as one mask (COCO's `annToRLE`); holes cannot be written this way. */
export function polygonsToMask(parts: readonly ArrayLike<number>[], sizeHw: readonly [number, number]): MaskSet {
  if (parts.length === 0) return emptyMasks(sizeHw, 1)
  const builder = newMaskBuilder(sizeHw)
  for (const part of parts) drawPolygon(builder, part)
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

/** @throws RangeError for a coordinate that is not a finite number. */
function drawPolygon(builder: MaskBuilder, xy: ArrayLike<number>): void {
  const [height, width] = builder.sizeHw
  frameArea(builder.sizeHw)
  const vertices = xy.length >> 1
  const fine = new Float64Array(2 * vertices + 2)
  let left = Number.POSITIVE_INFINITY
  let right = Number.NEGATIVE_INFINITY
  let columnsCrossed = 0
  for (let k = 0; k < 2 * vertices; k++) {
    const value = Math.trunc(5 * xy[k]! + 0.5)
    if (!Number.isFinite(value)) {
      throw new RangeError(`polygon coordinate ${k} is ${xy[k]}; expected a finite number of pixels`)
    }
    fine[k] = value
    if (k % 2 === 0) {
      left = Math.min(left, value)
      right = Math.max(right, value)
    }
  }
  fine[2 * vertices] = fine[0]!
  fine[2 * vertices + 1] = fine[1]!
  const firstColumn = Math.max(0, Math.ceil((left - 2) / 5))
  const lastColumn = Math.min(width - 1, Math.floor((right - 3) / 5))
  if (vertices === 0 || height === 0 || lastColumn < firstColumn) {
    endMask(builder)
    return
  }
  for (let k = 0; k < vertices; k++) {
    columnsCrossed += Math.floor(Math.abs(fine[2 * k + 2]! - fine[2 * k]!) / 5) + 1
    if (columnsCrossed > 1e9) throw new RangeError('the polygon is too long to be drawn')
  }
  const crossings = columnCrossings(fine, vertices, firstColumn, lastColumn, height)
  writeToggles(builder, crossings, firstColumn, lastColumn - firstColumn + 1, height)
  endMask(builder)
}

interface Crossings {
  /** Pixel column of each crossing, minus the first column. */
  columns: Uint32Array
  /** Row from which the column changes, 0 … height. */
  rows: Uint32Array
  count: number
}

function columnCrossings(
  fine: Float64Array,
  vertices: number,
  firstColumn: number,
  lastColumn: number,
  height: number,
): Crossings {
  const found: Crossings = { columns: new Uint32Array(256), rows: new Uint32Array(256), count: 0 }
  for (let k = 0; k < vertices; k++) {
    let startX = fine[2 * k]!
    let startY = fine[2 * k + 1]!
    let endX = fine[2 * k + 2]!
    let endY = fine[2 * k + 3]!
    const spanX = Math.abs(endX - startX)
    const spanY = Math.abs(endY - startY)
    if (spanX === 0) continue
    const flat = spanX >= spanY
    // Drawn from its smaller end, so that both directions give the same points.
    if (flat ? startX > endX : startY > endY) {
      ;[startX, endX] = [endX, startX]
      ;[startY, endY] = [endY, startY]
    }
    const from = Math.max(firstColumn, Math.ceil((Math.min(startX, endX) - 2) / 5))
    const to = Math.min(lastColumn, Math.floor((Math.max(startX, endX) - 3) / 5))
    if (to < from) continue
    if (found.count + to - from + 1 > found.rows.length) grow(found, to - from + 1)
    const slope = flat ? (endY - startY) / spanX : (endX - startX) / spanY
    for (let column = from; column <= to; column++) {
      const middle = 5 * column + 2
      let upper: number
      if (flat) {
        const t = middle - startX
        const here = Math.trunc(startY + slope * t + 0.5)
        const next = Math.trunc(startY + slope * (t + 1) + 0.5)
        upper = here < next ? here : next
      } else upper = startY + crossingStep(startX, slope, spanY, middle)
      const row = Math.ceil((upper - 2) / 5)
      found.columns[found.count] = column - firstColumn
      found.rows[found.count++] = row < 0 ? 0 : row > height ? height : row
    }
  }
  return found
}

/** The t in [0, steps) for which the drawn x passes between `middle` and `middle + 1` from t to t + 1. */
function crossingStep(startX: number, slope: number, steps: number, middle: number): number {
  const before = (t: number) => {
    const x = Math.trunc(startX + slope * t + 0.5)
    return slope > 0 ? x <= middle : x > middle
  }
  let t = Math.floor((middle + 0.5 - startX) / slope)
  if (t < 0) t = 0
  if (t > steps - 1) t = steps - 1
  // The estimate is exact up to rounding; the drawn points decide.
  while (t > 0 && !before(t)) t--
  while (t < steps - 1 && before(t + 1)) t++
  return t
}

/** Sorts the crossings by column and row and writes the runs between odd ones. */
function writeToggles(
  builder: MaskBuilder,
  crossings: Crossings,
  firstColumn: number,
  columnCount: number,
  height: number,
): void {
  const { columns, rows, count } = crossings
  const next = new Uint32Array(columnCount + 1)
  for (let i = 0; i < count; i++) next[columns[i]! + 1]!++
  for (let c = 0; c < columnCount; c++) next[c + 1]! += next[c]!
  const sorted = new Uint32Array(count)
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
}

function grow(found: Crossings, extra: number): void {
  const capacity = Math.max(found.rows.length * 2, found.count + extra)
  for (const name of ['columns', 'rows'] as const) {
    const larger = new Uint32Array(capacity)
    larger.set(found[name])
    found[name] = larger
  }
}
