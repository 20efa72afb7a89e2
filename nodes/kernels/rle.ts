import { addRun, endMask, finishMasks, newMaskBuilder } from './mask-builder.ts'
import { lineage } from './mask-lineage.ts'
import { frameArea, maskCount, sizeText } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'
import { columnMajorRuns, rowMajorRuns } from './scan-dense.ts'

/**
 * Mask sets from and to COCO run lengths (`counts`) and dense pixels; areas and boxes of masks.
 *
 * COCO counts alternate background and foreground over the column-major sequence and begin with background (0 when
 * pixel (0, 0) is set). Source: maskApi.c of pycocotools 2.0.
 */

/** Order of a dense mask: `row-major` index = y · width + x, `column-major` index = x · height + y. */
export type PixelOrder = 'row-major' | 'column-major'

/**
 * One mask per list of COCO counts. Zero-length runs are accepted anywhere (programs write them) and vanish, so equal
 * masks become equal sets.
 * @throws RangeError naming the mask, when a count is not a whole number ≥ 0 or the counts do not add up to h · w.
 */
export function countsToMaskSet(counts: readonly ArrayLike<number>[], sizeHw: readonly [number, number]): MaskSet {
  const pixels = frameArea(sizeHw)
  let runs = 0
  for (const list of counts) runs += (list.length + 1) >> 1
  const builder = newMaskBuilder(sizeHw, runs)
  for (let i = 0; i < counts.length; i++) {
    const list = counts[i]!
    let position = 0
    for (let j = 0; j < list.length; j++) {
      const length = list[j]!
      if (!(length >= 0) || !Number.isInteger(length)) {
        throw new RangeError(`mask ${i}: count ${j} is ${length}; expected a whole number, 0 or more`)
      }
      if (j % 2 === 1) addRun(builder, position, Math.min(position + length, pixels))
      position += length
    }
    if (position !== pixels) {
      throw new RangeError(
        `mask ${i}: the counts add up to ${position}; a ${sizeText(sizeHw)} mask has ${pixels} pixels`,
      )
    }
    endMask(builder)
  }
  return finishMasks(builder)
}

/**
 * COCO counts of mask `index`, as pycocotools' `encode` writes them: no trailing background run when the last pixel is
 * set, `[h · w]` for an empty mask.
 */
export function maskCounts(masks: MaskSet, index: number): Uint32Array<ArrayBuffer> {
  const pixels = masks.sizeHw[0] * masks.sizeHw[1]
  const { starts, ends } = masks
  const first = masks.offsets[index]!
  const last = masks.offsets[index + 1]!
  if (first === last) return Uint32Array.of(pixels)
  const tail = pixels - ends[last - 1]!
  const counts = new Uint32Array(2 * (last - first) + (tail > 0 ? 1 : 0))
  let position = 0
  let k = 0
  for (let run = first; run < last; run++) {
    counts[k++] = starts[run]! - position
    position = ends[run]!
    counts[k++] = position - starts[run]!
  }
  if (tail > 0) counts[k] = tail
  return counts
}

/**
 * One mask from h · w bytes; every byte other than 0 is foreground. (pycocotools starts a new run at every change of
 * value, so its result for bytes other than 0 and 1 is not a mask; for 0 and 1 both are equal.)
 * @throws RangeError when the number of bytes is not h · w.
 */
export function encodeDense(pixels: Uint8Array, sizeHw: readonly [number, number], order: PixelOrder): MaskSet {
  const area = frameArea(sizeHw)
  if (pixels.length !== area) {
    throw new RangeError(`${pixels.length} bytes given; a ${sizeText(sizeHw)} mask has ${area} pixels`)
  }
  const { starts, ends } = order === 'row-major' ? rowMajorRuns(pixels, sizeHw[0], sizeHw[1]) : columnMajorRuns(pixels)
  return { sizeHw: [sizeHw[0], sizeHw[1]], starts, ends, offsets: Uint32Array.of(0, starts.length) }
}

/** Mask `index` as h · w bytes, 1 = foreground. */
export function decodeDense(masks: MaskSet, index: number, order: PixelOrder): Uint8Array<ArrayBuffer> {
  const [height, width] = masks.sizeHw
  const pixels = new Uint8Array(height * width)
  const { starts, ends } = masks
  const last = masks.offsets[index + 1]!
  for (let run = masks.offsets[index]!; run < last; run++) {
    const start = starts[run]!
    const end = ends[run]!
    if (order === 'column-major') {
      pixels.fill(1, start, end)
      continue
    }
    let x = Math.floor(start / height)
    let y = start - x * height
    for (let position = start; position < end; ) {
      const stop = Math.min(height, y + end - position)
      position += stop - y
      for (let at = y * width + x; y < stop; y++, at += width) pixels[at] = 1
      x++
      y = 0
    }
  }
  return pixels
}

/** Pixels of each mask. */
export function maskAreas(masks: MaskSet): Float64Array<ArrayBuffer> {
  const areas = new Float64Array(maskCount(masks))
  const origin = masks[lineage]
  if (origin !== undefined) {
    for (let i = 0; i < areas.length; i++) areas[i] = origin.root.areasPx[origin.indices[i]!]!
    return areas
  }
  const { starts, ends, offsets } = masks
  let run = 0
  for (let i = 0; i < areas.length; i++) {
    const last = offsets[i + 1]!
    // Sums of 32 bits are enough, an area being under 2^32; two of them at a time keep both adders busy.
    let even = 0
    let odd = 0
    for (; run + 1 < last; run += 2) {
      even = (even + ends[run]! - starts[run]!) | 0
      odd = (odd + ends[run + 1]! - starts[run + 1]!) | 0
    }
    if (run < last) even = (even + ends[run]! - starts[run]!) | 0
    run = last
    areas[i] = (even + odd) >>> 0
  }
  return areas
}

/**
 * Tight half-open boxes x1, y1, x2, y2 of each mask, zeros for an empty one. As in maskApi.c, a run that goes on into
 * another column counts as full height: it touches the bottom of the first column and the top of the next.
 */
export function maskBoxesXyxy(masks: MaskSet): Float64Array<ArrayBuffer> {
  const count = maskCount(masks)
  const [height] = masks.sizeHw
  const boxes = new Float64Array(4 * count)
  const { starts, ends, offsets } = masks
  let run = 0
  for (let i = 0; i < count; i++) {
    const last = offsets[i + 1]!
    if (run === last) continue
    let top = height
    let bottom = 0
    let columnStart = Math.floor(starts[run]! / height) * height
    const left = columnStart
    for (; run < last; run++) {
      const start = starts[run]!
      const end = ends[run]!
      if (start >= columnStart + height) columnStart = Math.floor(start / height) * height
      const low = start - columnStart
      if (low < top) top = low
      if (end - columnStart > height) {
        top = 0
        bottom = height
        columnStart = Math.floor((end - 1) / height) * height
      } else if (end - columnStart > bottom) bottom = end - columnStart
    }
    boxes[4 * i] = left / height
    boxes[4 * i + 1] = top
    boxes[4 * i + 2] = columnStart / height + 1
    boxes[4 * i + 3] = bottom
  }
  return boxes
}

/** Boxes x, y, width, height of each mask, the numbers of pycocotools' `toBbox`. */
export function maskBoxesXywh(masks: MaskSet): Float64Array<ArrayBuffer> {
  const boxes = maskBoxesXyxy(masks)
  for (let i = 0; i < boxes.length; i += 4) {
    boxes[i + 2]! -= boxes[i]!
    boxes[i + 3]! -= boxes[i + 1]!
  }
  return boxes
}
