import { countSharedBits, setRunBits } from './mask-bits.ts'
import { type Lineage, lineage, sharedOf, unknown } from './mask-lineage.ts'
import { maskCount, sizeText } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'
import { maskAreas, maskBoxesXyxy } from './rle.ts'

/**
 * Overlap of all pairs of masks. Every function gives a row-major matrix [Na · Nb] (b runs fastest) in float64.
 * Source of the numbers: rleIou of pycocotools 2.0 (whose matrix runs the other way round in memory).
 *
 * Pairs whose boxes do not meet are 0 without a look at their runs; boxes sorted by their left edge make them cheap to
 * leave out. For the others only the runs inside the columns that both boxes cover are walked, found by binary search;
 * two noisy masks are compared bit by bit.
 */

/** Pixels in both. @throws RangeError when the frames differ (pycocotools answers −1 for every pair). */
export function maskIntersections(a: MaskSet, b: MaskSet): Float64Array<ArrayBuffer> {
  const from = a[lineage]
  const to = b[lineage]
  const known = from && to && sharedOf(from.root, to.root)
  if (known === undefined) return comparedMasks(a, b)
  const columns = to!.root.count
  const matrix = new Float64Array(from!.indices.length * to!.indices.length)
  for (let i = 0, k = 0; i < from!.indices.length; i++) {
    const row = from!.indices[i]! * columns
    for (let j = 0; j < to!.indices.length; j++, k++) {
      const shared = known[row + to!.indices[j]!]!
      if (shared === unknown) return remembered(comparedMasks(a, b), known, from!, to!)
      matrix[k] = shared
    }
  }
  return matrix
}

function remembered(
  matrix: Float64Array<ArrayBuffer>,
  known: Uint32Array,
  from: Lineage,
  to: Lineage,
): Float64Array<ArrayBuffer> {
  for (let i = 0, k = 0; i < from.indices.length; i++) {
    const row = from.indices[i]! * to.root.count
    for (let j = 0; j < to.indices.length; j++, k++) known[row + to.indices[j]!] = matrix[k]!
  }
  return matrix
}

function comparedMasks(a: MaskSet, b: MaskSet): Float64Array<ArrayBuffer> {
  if (a.sizeHw[0] !== b.sizeHw[0] || a.sizeHw[1] !== b.sizeHw[1]) {
    throw new RangeError(`masks of ${sizeText(a.sizeHw)} cannot be compared with masks of ${sizeText(b.sizeHw)}`)
  }
  const self = a === b
  const height = a.sizeHw[0]
  const rows = maskCount(a)
  const columns = maskCount(b)
  const boxesA = maskBoxesXyxy(a)
  const boxesB = self ? boxesA : maskBoxesXyxy(b)
  const byLeft = boxesByLeft(boxesB)
  const bitsA = packDense(a, columns)
  const bitsB = self ? bitsA : packDense(b, rows)
  const matrix = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++) {
    const left = boxesA[4 * i]!
    const top = boxesA[4 * i + 1]!
    const right = boxesA[4 * i + 2]!
    const bottom = boxesA[4 * i + 3]!
    const packedA = bitsA[i]
    for (let k = firstAtLeast(byLeft.lefts, left - byLeft.widestPx + 1); k < columns; k++) {
      if (byLeft.lefts[k]! >= right) break
      const j = byLeft.indices[k]!
      if (self && j < i) continue
      if (boxesB[4 * j + 2]! <= left || boxesB[4 * j + 1]! >= bottom || boxesB[4 * j + 3]! <= top) continue
      const from = Math.max(left, boxesB[4 * j]!) * height
      const to = Math.min(right, boxesB[4 * j + 2]!) * height
      const packedB = bitsB[j]
      const shared =
        packedA !== undefined && packedB !== undefined
          ? countSharedBits(packedA.bits, packedA.originWord, packedB.bits, packedB.originWord, from, to)
          : intersection(a, i, b, j, from, to)
      matrix[i * columns + j] = shared
      if (self) matrix[j * columns + i] = shared
    }
  }
  return matrix
}

/**
 * Intersection over union; 0 when nothing is shared, two empty masks included.
 * `crowd[j] ≠ 0`: the denominator for column j is the area of a alone (COCO's rule for crowd ground truth).
 */
export function maskIou(
  a: MaskSet,
  b: MaskSet,
  options: { readonly crowd?: Uint8Array } = {},
): Float64Array<ArrayBuffer> {
  const { crowd } = options
  return overlap(a, b, (shared, areaA, areaB, j) => shared / (crowd?.[j] ? areaA : areaA + areaB - shared))
}

/** Intersection over the area of a (how much of a lies in b). */
export function maskIoa(a: MaskSet, b: MaskSet): Float64Array<ArrayBuffer> {
  return overlap(a, b, (shared, areaA) => shared / areaA)
}

/** Intersection over the smaller of both areas. */
export function maskIos(a: MaskSet, b: MaskSet): Float64Array<ArrayBuffer> {
  return overlap(a, b, (shared, areaA, areaB) => shared / Math.min(areaA, areaB))
}

function overlap(
  a: MaskSet,
  b: MaskSet,
  ratio: (shared: number, areaA: number, areaB: number, j: number) => number,
): Float64Array<ArrayBuffer> {
  const matrix = maskIntersections(a, b)
  const areasA = maskAreas(a)
  const areasB = a === b ? areasA : maskAreas(b)
  let k = 0
  for (let i = 0; i < areasA.length; i++) {
    for (let j = 0; j < areasB.length; j++, k++) {
      const shared = matrix[k]!
      if (shared > 0) matrix[k] = ratio(shared, areasA[i]!, areasB[j]!, j)
    }
  }
  return matrix
}

/** Boxes in order of their left edge, so that a search finds the few that can meet another. */
interface BoxesByLeft {
  readonly indices: Uint32Array
  readonly lefts: Float64Array
  readonly widestPx: number
}

function boxesByLeft(boxesXyxy: Float64Array): BoxesByLeft {
  const indices = Uint32Array.from({ length: boxesXyxy.length / 4 }, (_, i) => i)
  indices.sort((i, j) => boxesXyxy[4 * i]! - boxesXyxy[4 * j]! || i - j)
  let widestPx = 0
  for (let i = 0; i < indices.length; i++) widestPx = Math.max(widestPx, boxesXyxy[4 * i + 2]! - boxesXyxy[4 * i]!)
  return { indices, lefts: Float64Array.from(indices, i => boxesXyxy[4 * i]!), widestPx }
}

function firstAtLeast(rising: Float64Array, value: number): number {
  let low = 0
  let high = rising.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (rising[middle]! >= value) high = middle
    else low = middle + 1
  }
  return low
}

interface PackedMask {
  readonly bits: Int32Array
  readonly originWord: number
}

/**
 * Bits of the masks that have so many runs that counting bits is faster than walking runs, if they will be compared
 * often enough to pay for it.
 */
function packDense(masks: MaskSet, comparisons: number): (PackedMask | undefined)[] {
  const { starts, ends, offsets, sizeHw } = masks
  const height = sizeHw[0]
  return Array.from({ length: maskCount(masks) }, (_, i) => {
    const first = offsets[i]!
    const last = offsets[i + 1]!
    if (last - first < 64 || comparisons < 3) return undefined
    // Whole columns, as the stretches that are compared are.
    const originWord = (Math.floor(starts[first]! / height) * height) >>> 5
    const end = Math.ceil(ends[last - 1]! / height) * height
    const words = ((end - 1) >>> 5) - originWord + 1
    if (last - first < words / 2) return undefined
    const bits = new Int32Array(words)
    setRunBits(bits, originWord, starts, ends, first, last)
    return { bits, originWord }
  })
}

/** Pixels of [from, to) in mask i of a and in mask j of b. */
function intersection(a: MaskSet, i: number, b: MaskSet, j: number, from: number, to: number): number {
  const startsA = a.starts
  const endsA = a.ends
  const startsB = b.starts
  const endsB = b.ends
  const lastA = a.offsets[i + 1]!
  const lastB = b.offsets[j + 1]!
  let runA = firstEndAfter(endsA, a.offsets[i]!, lastA, from)
  let runB = firstEndAfter(endsB, b.offsets[j]!, lastB, from)
  let shared = 0
  while (runA < lastA && runB < lastB) {
    const startA = startsA[runA]!
    const startB = startsB[runB]!
    const endA = endsA[runA]!
    const endB = endsB[runB]!
    const start = Math.max(startA, startB)
    if (start >= to) break
    const end = Math.min(endA, endB)
    if (end > start) shared += end - start
    if (endA <= endB) runA++
    if (endB <= endA) runB++
  }
  return shared
}

/** First run in [first, last) that ends after `position`, or `last`. */
function firstEndAfter(ends: Uint32Array, first: number, last: number, position: number): number {
  let low = first
  let high = last
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ends[middle]! > position) high = middle
    else low = middle + 1
  }
  return low
}
