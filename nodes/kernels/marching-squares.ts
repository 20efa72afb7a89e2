import type { MaskSet } from './masks.ts'
import { maskBoxesXyxy } from './rle.ts'

/**
 * Closed outlines of one mask by marching squares, in the order, direction and with the start point of scikit-image's
 * `find_contours` (0.19 to 0.26, `fully_connected='low'`) on the mask with a ring of zeros, the ring taken off again.
 *
 * Points are x, y, …, the first repeated at the end, in the coordinates of pixel indices: the centre of pixel (0, 0) is
 * (0, 0), so outlines begin at −1 at the least (add 0.5 for the project's pixel coordinates). Foreground does not connect
 * over corners. Outer outlines and holes run in opposite directions.
 *
 * `level` is where a point lies between a background (0) and a foreground pixel (1): 0.5 for a 0/1 mask; 0.5 / 255 gives
 * the outlines of a 0/255 mask at 0.5, as some annotation converters draw them.
 */
export function maskOutlines(masks: MaskSet, index: number, level = 0.5): Float64Array<ArrayBuffer>[] {
  const cells = paddedBox(masks, index)
  const { width, height, pixels } = cells
  // A point lies on the side between two pixels: number 2k between pixel k and its right neighbour, 2k + 1 between k and
  // the one below. Exactly one segment leaves and one enters each.
  const from: number[] = []
  const to: number[] = []
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const k = y * width + x
      const corners = pixels[k]! | (pixels[k + 1]! << 1) | (pixels[k + width]! << 2) | (pixels[k + width + 1]! << 3)
      if (corners === 0 || corners === 15) continue
      const sides = [2 * k, 2 * k + 3, 2 * (k + width), 2 * k + 1]
      const segments = SEGMENTS[corners]!
      for (let s = 0; s < segments.length; s += 2) {
        from.push(sides[segments[s]!]!)
        to.push(sides[segments[s + 1]!]!)
      }
    }
  }
  const segmentFrom = new Map(from.map((side, segment) => [side, segment]))
  const outlines: Float64Array<ArrayBuffer>[] = []
  const used = new Uint8Array(from.length)
  for (let first = 0; first < from.length; first++) {
    if (used[first]) continue
    const chain: number[] = []
    let last = first
    for (let segment = first; !used[segment]; segment = segmentFrom.get(to[segment]!)!) {
      used[segment] = 1
      chain.push(segment)
      last = Math.max(last, segment)
    }
    // The outline is closed by its latest segment and begins where that one ends.
    const start = chain.indexOf(last) + 1
    const ordered = [...chain.slice(start), ...chain.slice(0, start)].map(segment => from[segment]!)
    outlines.push(pointsOf([...ordered, ordered[0]!], cells, level))
  }
  return outlines
}

/** Sides 0 top, 1 right, 2 bottom, 3 left; per corners (1 upper left, 2 upper right, 4 lower left, 8 lower right). */
const SEGMENTS: readonly (readonly number[])[] = [
  [],
  [0, 3],
  [1, 0],
  [1, 3],
  [3, 2],
  [0, 2],
  [1, 0, 3, 2],
  [1, 2],
  [2, 1],
  [0, 3, 2, 1],
  [2, 0],
  [2, 3],
  [3, 1],
  [0, 1],
  [3, 0],
]

/** The mask's box with a ring of zeros, row-major. */
export interface PaddedBox {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

export function paddedBox(masks: MaskSet, index: number): PaddedBox {
  const first = masks.offsets[index]!
  const last = masks.offsets[index + 1]!
  const starts = masks.starts.subarray(first, last)
  const ends = masks.ends.subarray(first, last)
  const box = maskBoxesXyxy({ sizeHw: masks.sizeHw, starts, ends, offsets: Uint32Array.of(0, last - first) })
  const left = box[0]! - 1
  const top = box[1]! - 1
  const width = box[2]! + 1 - left
  const height = box[3]! + 1 - top
  const pixels = new Uint8Array(width * height)
  const [frameHeight] = masks.sizeHw
  for (let run = 0; run < starts.length; run++) {
    for (let position = starts[run]!; position < ends[run]!; ) {
      const x = Math.floor(position / frameHeight)
      const columnStart = x * frameHeight
      const end = Math.min(ends[run]!, columnStart + frameHeight)
      let at = (position - columnStart - top) * width + x - left
      for (; position < end; position++, at += width) pixels[at] = 1
    }
  }
  return { left, top, width, height, pixels }
}

function pointsOf(sides: readonly number[], cells: PaddedBox, level: number): Float64Array<ArrayBuffer> {
  const points = new Float64Array(2 * sides.length)
  sides.forEach((side, i) => {
    const k = side >> 1
    const share = cells.pixels[k] ? 1 - level : level
    const y = Math.floor(k / cells.width)
    points[2 * i] = cells.left + k - y * cells.width + (side % 2 === 0 ? share : 0)
    points[2 * i + 1] = cells.top + y + (side % 2 === 1 ? share : 0)
  })
  return points
}
