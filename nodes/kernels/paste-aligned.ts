import { addRun, endMask, finishMasks, newMaskBuilder, reserveRuns } from './mask-builder.ts'
import type { MaskSet } from './masks.ts'

/**
 * Soft M × M masks in their boxes, thresholded straight into runs: no frame is ever filled.
 *
 * The pixel at (x, y) reads the soft mask at u = (x + 0.5 − x1) / (x2 − x1) · M − 0.5 and v likewise, bilinear, zero
 * outside the M × M grid (so the edge fades over half a cell on both sides of the box), and is foreground when the value
 * is `>` threshold. Only pixels from floor(x1) − 1 to ceil(x2), rows likewise, are looked at; a side under 1e-6 px counts
 * as 1e-6. Coordinates in float64, weights, products and sums in float32, the threshold rounded to float32: the numbers
 * of the NumPy reference of the three-stage model zoo, and Detectron2's and mmdetection 2's convention.
 *
 * Down a column the value is a chain of straight pieces between cell centres, so a piece whose two ends lie clearly on
 * one side of the threshold is taken whole; pixels are computed one by one only in the others.
 *
 * @param roiMasks [N · M · M] row-major probabilities.
 * @param boxesXyxy [4N] in pixels of the frame `sizeHw`; they may reach out of it.
 * @param threshold in [0, 1); pixels far from every box are background whatever it is.
 */
export function pasteAligned(
  roiMasks: Float32Array,
  maskSizePx: number,
  boxesXyxy: Float64Array,
  sizeHw: readonly [number, number],
  threshold: number,
): MaskSet {
  const [height, width] = sizeHw
  const count = boxesXyxy.length / 4
  const cells = maskSizePx * maskSizePx
  const limit = Math.fround(threshold)
  const clearlyIn = limit + CLEAR
  const clearlyOut = limit - CLEAR
  const builder = newMaskBuilder(sizeHw, count * 64)
  const knots = new Float32Array(maskSizePx + 4)
  for (let i = 0; i < count; i++) {
    const columns = samples(boxesXyxy[4 * i]!, boxesXyxy[4 * i + 2]!, maskSizePx, width)
    const rows = samples(boxesXyxy[4 * i + 1]!, boxesXyxy[4 * i + 3]!, maskSizePx, height)
    const pieces = piecesOf(rows.cell)
    const rowCount = rows.cell.length
    for (let c = 0; c < columns.cell.length; c++) {
      if (!columnKnots(knots, roiMasks, i * cells, maskSizePx, columns, c, limit)) continue
      const top = (columns.first + c) * height + rows.first
      reserveRuns(builder, rowCount + 1)
      for (let p = 0; p + 1 < pieces.length; p++) {
        const from = pieces[p]!
        const to = pieces[p + 1]!
        const cell = rows.cell[from]!
        const upper = knots[cell]!
        const lower = knots[cell + 1]!
        if (upper < clearlyOut && lower < clearlyOut) continue
        if (upper > clearlyIn && lower > clearlyIn) {
          addRun(builder, top + from, top + to)
          continue
        }
        for (let r = from; r < to; r++) {
          const value = Math.fround(Math.fround(rows.weight0[r]! * upper) + Math.fround(rows.weight1[r]! * lower))
          if (value > limit) addRun(builder, top + r, top + r + 1)
        }
      }
    }
    endMask(builder)
  }
  return finishMasks(builder)
}

/** More than float32 rounding can move a mean of two probabilities. */
const CLEAR = 1e-6

/** Where the pixels of one axis read the soft mask. Cells count from −1, the ring of zeros, and are stored + 1. */
interface Samples {
  /** First pixel. */
  readonly first: number
  /** Per pixel: the cell before its centre, in [0, M]; cell + 1 is the one after. */
  readonly cell: Int32Array
  /** Weights of both cells, float32; they add up to 1, or are 0 where the cell lies outside. */
  readonly weight0: Float32Array
  readonly weight1: Float32Array
}

function samples(low: number, high: number, maskSizePx: number, limitPx: number): Samples {
  const first = Math.max(0, Math.floor(low) - 1)
  const last = Math.min(limitPx, Math.ceil(high) + 1)
  const count = Math.max(0, last - first)
  const cell = new Int32Array(count)
  const weight0 = new Float32Array(count)
  const weight1 = new Float32Array(count)
  const span = Math.max(high - low, 1e-6)
  for (let k = 0; k < count; k++) {
    const at = ((first + k + 0.5 - low) / span) * maskSizePx + 0.5
    const before = Math.floor(at)
    const fraction = Math.fround(at - before)
    if (before < 0 || before > maskSizePx) {
      // Both cells are zeros of the ring or beyond it.
      cell[k] = before < 0 ? 0 : maskSizePx + 2
      continue
    }
    cell[k] = before
    weight0[k] = 1 - fraction
    weight1[k] = fraction
  }
  return { first, cell, weight0, weight1 }
}

/** Bounds of the stretches of equal cell. */
function piecesOf(cell: Int32Array): number[] {
  const bounds = [0]
  for (let k = 1; k < cell.length; k++) if (cell[k] !== cell[k - 1]) bounds.push(k)
  bounds.push(cell.length)
  return bounds
}

/**
 * The soft mask along one pixel column: its M rows mixed from two neighbouring cells, with zeros around (index 0 and
 * from M + 1 on). False when nothing in it exceeds the limit.
 */
function columnKnots(
  knots: Float32Array,
  roiMasks: Float32Array,
  first: number,
  maskSizePx: number,
  columns: Samples,
  c: number,
  limit: number,
): boolean {
  const cell = columns.cell[c]!
  const weight0 = columns.weight0[c]!
  const weight1 = columns.weight1[c]!
  const has0 = cell >= 1 && cell <= maskSizePx
  const has1 = cell + 1 <= maskSizePx
  let highest = 0
  for (let row = 0; row < maskSizePx; row++) {
    const at = first + row * maskSizePx + cell - 1
    const value = Math.fround(
      (has0 ? Math.fround(roiMasks[at]! * weight0) : 0) + (has1 ? Math.fround(roiMasks[at + 1]! * weight1) : 0),
    )
    knots[row + 1] = value
    if (value > highest) highest = value
  }
  return highest > limit
}
