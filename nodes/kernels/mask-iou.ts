import { countSharedBits, setRunBits } from './mask-bits.ts'
import { lineage, type MaskPairs, rememberedPairs } from './mask-lineage.ts'
import { maskCount, selectMasks, sizeText } from './mask-sets.ts'
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
  const pairs = selectedPairs(a, everyMask(a), b, everyMask(b))
  return pairs === undefined ? comparedMasks(a, b) : dense(pairs, maskCount(b))
}

/**
 * Pairs of masks that share pixels: of those at `rows` of a and those at `columns` of b (absent: `rows` again; a is b), in
 * any order within a row. Where overlaps are remembered (`mask-lineage.ts`), without a look at their runs.
 */
export function overlappingPairs(
  a: MaskSet,
  rows: ArrayLike<number>,
  b: MaskSet,
  columns?: ArrayLike<number>,
): MaskPairs {
  const known = selectedPairs(a, rows, b, columns ?? rows)
  if (known !== undefined) return known
  const own = selectMasks(a, rows)
  return sparse(own, columns === undefined ? own : selectMasks(b, columns))
}

/** From what is remembered; undefined if nothing is, or a column comes twice. */
function selectedPairs(
  a: MaskSet,
  rows: ArrayLike<number>,
  b: MaskSet,
  columns: ArrayLike<number>,
): MaskPairs | undefined {
  const known = rememberedPairs(a, b, sparse)
  if (known === undefined) return undefined
  const from = a[lineage]!.indices
  const to = b[lineage]!
  const places = new Int32Array(to.root.areasPx.length).fill(-1)
  for (let j = 0; j < columns.length; j++) {
    const mask = to.indices[columns[j]!]!
    if (places[mask] !== -1) return undefined
    places[mask] = j
  }
  const offsets = new Uint32Array(rows.length + 1)
  const found: number[] = []
  const values: number[] = []
  for (let i = 0; i < rows.length; i++) {
    const row = from[rows[i]!]!
    for (let k = known.offsets[row]!; k < known.offsets[row + 1]!; k++) {
      const place = places[known.columns[k]!]!
      if (place < 0) continue
      found.push(place)
      values.push(known.values[k]!)
    }
    offsets[i + 1] = found.length
  }
  return { offsets, columns: Uint32Array.from(found), values: Float64Array.from(values) }
}

function sparse(a: MaskSet, b: MaskSet): MaskPairs {
  const matrix = comparedMasks(a, b)
  const rows = maskCount(a)
  const width = maskCount(b)
  const offsets = new Uint32Array(rows + 1)
  const columns: number[] = []
  for (let i = 0, k = 0; i < rows; i++) {
    for (let j = 0; j < width; j++, k++) if (matrix[k]! > 0) columns.push(j)
    offsets[i + 1] = columns.length
  }
  const values = new Float64Array(columns.length)
  for (let i = 0; i < rows; i++) {
    for (let k = offsets[i]!; k < offsets[i + 1]!; k++) values[k] = matrix[i * width + columns[k]!]!
  }
  return { offsets, columns: Uint32Array.from(columns), values }
}

function dense({ offsets, columns, values }: MaskPairs, width: number): Float64Array<ArrayBuffer> {
  const matrix = new Float64Array((offsets.length - 1) * width)
  for (let i = 0; i + 1 < offsets.length; i++) {
    for (let k = offsets[i]!; k < offsets[i + 1]!; k++) matrix[i * width + columns[k]!] = values[k]!
  }
  return matrix
}

function everyMask(masks: MaskSet): Uint32Array {
  const all = new Uint32Array(maskCount(masks))
  for (let i = 0; i < all.length; i++) all[i] = i
  return all
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
export function maskIou(a: MaskSet, b: MaskSet, options: IouOptions = {}): Float64Array<ArrayBuffer> {
  return iouMatrix(maskIntersections(a, b), maskAreas(a), a === b ? undefined : maskAreas(b), options)
}

export interface IouOptions {
  readonly crowd?: Uint8Array
}

/** Matrix of IoU of the masks at `rows` of a and those at `columns` of b. */
export function maskIouAmong(
  a: MaskSet,
  rows: ArrayLike<number>,
  b: MaskSet,
  columns: ArrayLike<number>,
  options: IouOptions = {},
): Float64Array<ArrayBuffer> {
  const known = selectedPairs(a, rows, b, columns)
  if (known === undefined) return maskIou(selectMasks(a, rows), selectMasks(b, columns), options)
  const [areasA, areasB] = [pick(maskAreas(a), rows), pick(maskAreas(b), columns)]
  return iouMatrix(dense(known, columns.length), areasA, areasB, options)
}

/** Pairs that overlap, with their IoU in the place of shared pixels; see `overlappingPairs`. */
export function iouPairs(a: MaskSet, rows: ArrayLike<number>, b: MaskSet, columns?: ArrayLike<number>): MaskPairs {
  const pairs = overlappingPairs(a, rows, b, columns)
  const areasA = maskAreas(a)
  const areasB = a === b ? areasA : maskAreas(b)
  for (let i = 0; i < rows.length; i++) {
    for (let k = pairs.offsets[i]!; k < pairs.offsets[i + 1]!; k++) {
      const column = (columns ?? rows)[pairs.columns[k]!]!
      const shared = pairs.values[k]!
      pairs.values[k] = shared / (areasA[rows[i]!]! + areasB[column]! - shared)
    }
  }
  return pairs
}

/** Changes shared pixels to IoU in place. `areasB` absent: those of a. */
function iouMatrix(
  matrix: Float64Array<ArrayBuffer>,
  areasA: Float64Array,
  areasB: Float64Array | undefined,
  { crowd }: IouOptions,
): Float64Array<ArrayBuffer> {
  const columns = areasB ?? areasA
  for (let i = 0, k = 0; i < areasA.length; i++) {
    for (let j = 0; j < columns.length; j++, k++) {
      const shared = matrix[k]!
      if (shared > 0) matrix[k] = shared / (crowd?.[j] ? areasA[i]! : areasA[i]! + columns[j]! - shared)
    }
  }
  return matrix
}

function pick(values: Float64Array, indices: ArrayLike<number>): Float64Array {
  const picked = new Float64Array(indices.length)
  for (let k = 0; k < picked.length; k++) picked[k] = values[indices[k]!]!
  return picked
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
