import { type PaddedBox, paddedBox } from './marching-squares.ts'
import type { MaskSet } from './masks.ts'

/**
 * Outlines of one mask along the edges of its pixels, in reading order of their first pixel: x, y, … of the corners,
 * not closed, in the coordinates of pixel indices (the upper left corner of pixel (0, 0) is (−0.5, −0.5); add 0.5 for the
 * project's pixel coordinates, where all corners are whole numbers). Foreground lies to the right of the way, so outer
 * outlines run clockwise on the screen and holes the other way. Pixels that only share a corner are outlined apart.
 *
 * Drawn by the rule of pycocotools with 0.5 added, the outer outlines are the mask again, its holes filled.
 */
export function pixelEdgeOutlines(masks: MaskSet, index: number): Float64Array<ArrayBuffer>[] {
  const box = paddedBox(masks, index)
  const { width, height, pixels } = box
  // Where a pixel's edges lead: right, down, left, up along its upper, right, lower and left edge.
  const ahead = [1, width, -1, -width]
  const left = [-width, 1, width, -1]
  const used = new Uint8Array(4 * pixels.length)
  const outlines: Float64Array<ArrayBuffer>[] = []
  for (let first = width; first < (height - 1) * width; first++) {
    if (!pixels[first]) continue
    for (let side = 0; side < 4; side++) {
      if (used[4 * first + side] || pixels[first + left[side]!]) continue
      const corners: number[] = []
      let pixel = first
      let way = side
      do {
        used[4 * pixel + way] = 1
        const before = way
        const next = pixel + ahead[way]!
        if (!pixels[next]) way = (way + 1) & 3
        else if (pixels[next + left[way]!]) {
          pixel = next + left[way]!
          way = (way + 3) & 3
        } else pixel = next
        if (way !== before) pushCorner(corners, box, pixel, way)
      } while (pixel !== first || way !== side)
      outlines.push(Float64Array.from(corners))
    }
  }
  return outlines
}

/** Where the edge of a pixel begins. */
function pushCorner(corners: number[], { left, top, width }: PaddedBox, pixel: number, way: number): void {
  const y = Math.floor(pixel / width)
  const x = pixel - y * width
  corners.push(left + x - 0.5 + (way === 1 || way === 2 ? 1 : 0), top + y - 0.5 + (way >= 2 ? 1 : 0))
}
