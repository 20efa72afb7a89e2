import { cv2Taps, type LinearTaps, resizePlane, torchTaps } from './linear-taps.ts'
import { addRun, endMask, finishMasks, newMaskBuilder } from './mask-builder.ts'
import { maskCount } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'
import { addRegion } from './paste-region.ts'
import { maskBoxesXyxy } from './rle.ts'

/**
 * Which source sample a destination sample i copies:
 * `cv2` floor(i · scale), scale = 1 / (out / in) in float64 (INTER_NEAREST); `pil` floor((i + 0.5) · in / out), the
 * nearest centre; `torch` floor(i · scale) with scale and product in float32 (`interpolate(mode='nearest')`).
 */
export type NearestRule = 'cv2' | 'pil' | 'torch'

/** Masks in a frame of another size, every pixel a copy. Done on runs: no frame is filled. */
export function resizeMasksNearest(masks: MaskSet, toHw: readonly [number, number], rule: NearestRule): MaskSet {
  const [height, width] = masks.sizeHw
  const [newHeight, newWidth] = toHw
  const builder = newMaskBuilder(toHw, masks.starts.length)
  const sourceColumns = nearestIndices(width, newWidth, rule)
  const firstRowFrom = firstsFrom(nearestIndices(height, newHeight, rule), height)
  for (let i = 0; i < maskCount(masks); i++) {
    let run = masks.offsets[i]!
    const last = masks.offsets[i + 1]!
    for (let x = 0; x < newWidth && run < last; x++) {
      const columnStart = sourceColumns[x]! * height
      while (run < last && masks.ends[run]! <= columnStart) run++
      for (let k = run; k < last && masks.starts[k]! < columnStart + height; k++) {
        const top = firstRowFrom[Math.max(0, masks.starts[k]! - columnStart)]!
        const bottom = firstRowFrom[Math.min(height, masks.ends[k]! - columnStart)]!
        addRun(builder, x * newHeight + top, x * newHeight + bottom)
      }
    }
    endMask(builder)
  }
  return finishMasks(builder)
}

/**
 * Masks as pictures of 0 and 1, resized bilinearly in float32 without antialiasing (`cv2` or `torch` positions), and set
 * where the value is `>` threshold. Only the surroundings of each mask's box are computed.
 */
export function resizeMasksBilinear(
  masks: MaskSet,
  toHw: readonly [number, number],
  threshold: number,
  semantics: 'cv2' | 'torch',
): MaskSet {
  const [height, width] = masks.sizeHw
  const rows = semantics === 'cv2' ? cv2Taps(height, toHw[0], 'rows') : torchTaps(height, toHw[0])
  const columns = semantics === 'cv2' ? cv2Taps(width, toHw[1], 'columns') : torchTaps(width, toHw[1])
  const boxes = maskBoxesXyxy(masks)
  const builder = newMaskBuilder(toHw, masks.starts.length)
  for (let i = 0; i < maskCount(masks); i++) {
    if (masks.offsets[i] !== masks.offsets[i + 1]) {
      const [left, top, right, bottom] = [boxes[4 * i]!, boxes[4 * i + 1]!, boxes[4 * i + 2]!, boxes[4 * i + 3]!]
      // A ring of zeros around the box stands for all the rest.
      const box = [left - 1, top - 1, right + 1, bottom + 1] as const
      const columnTaps = tapsInto(columns, left, right, box[0])
      const rowTaps = tapsInto(rows, top, bottom, box[1])
      const plane = crop(masks, i, box)
      const values = resizePlane(plane, [box[3] - box[1], box[2] - box[0]], rowTaps.taps, columnTaps.taps)
      const sizeHw = [rowTaps.taps.index0.length, columnTaps.taps.index0.length] as const
      const region = { left: columnTaps.first, top: rowTaps.first, sizeHw, values }
      addRegion(builder, region, { threshold, comparison: '>', quantise: 'none' })
    }
    endMask(builder)
  }
  return finishMasks(builder)
}

function nearestIndices(from: number, to: number, rule: NearestRule): Uint32Array {
  return Uint32Array.from({ length: to }, (_, i) => {
    const position =
      rule === 'pil'
        ? (i + 0.5) * (from / to)
        : rule === 'cv2'
          ? i * (1 / (to / from))
          : Math.fround(i * Math.fround(from / to))
    return Math.min(from - 1, Math.floor(position))
  })
}

/** For each source position in [0, from] the first destination sample that copies it or a later one. */
function firstsFrom(indices: Uint32Array, from: number): Uint32Array {
  const firsts = new Uint32Array(from + 1)
  for (let position = 0, i = 0; position <= from; position++) {
    while (i < indices.length && indices[i]! < position) i++
    firsts[position] = i
  }
  return firsts
}

/** The samples that read [low, high), with indices counted from `origin` and held inside the ring. */
function tapsInto(taps: LinearTaps, low: number, high: number, origin: number): { first: number; taps: LinearTaps } {
  const count = taps.index0.length
  let first = 0
  while (first < count && taps.index1[first]! < low) first++
  let last = count
  while (last > first && taps.index0[last - 1]! >= high) last--
  const shifted = (index: Int32Array) =>
    index.slice(first, last).map(at => Math.min(Math.max(at, origin), high) - origin)
  return {
    first,
    taps: {
      index0: shifted(taps.index0),
      index1: shifted(taps.index1),
      weight0: taps.weight0.slice(first, last),
      weight1: taps.weight1.slice(first, last),
    },
  }
}

/** Mask `index` inside a box, row-major, 1 = foreground; the box may reach out of the frame. */
function crop(masks: MaskSet, index: number, [left, top, right, bottom]: readonly [number, number, number, number]) {
  const [height] = masks.sizeHw
  const width = right - left
  const plane = new Float32Array(width * (bottom - top))
  for (let run = masks.offsets[index]!; run < masks.offsets[index + 1]!; run++) {
    for (let position = masks.starts[run]!; position < masks.ends[run]!; ) {
      const x = Math.floor(position / height)
      const columnEnd = Math.min(masks.ends[run]!, (x + 1) * height)
      for (let y = position - x * height; y < columnEnd - x * height; y++) plane[(y - top) * width + x - left] = 1
      position = columnEnd
    }
  }
  return plane
}
