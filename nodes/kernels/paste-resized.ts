import { cv2Taps, resizePlane, type TapRange, torchTaps } from './linear-taps.ts'
import type { SoftRegion } from './paste-region.ts'

/**
 * The older way to paste: the box becomes whole pixels, and the M × M mask is resized to it. These conventions disagree
 * by half a pixel and more at the edges, with each other and with sampling at pixel centres. Only the part inside the
 * frame is computed; undefined when there is none.
 */
export type PasteResized = (
  roiMask: Float32Array,
  maskSizePx: number,
  boxXyxy: readonly [number, number, number, number],
  frameHw: readonly [number, number],
) => SoftRegion | undefined

/**
 * torchvision (`paste_masks_in_image`, 0.17) and maskrcnn-benchmark (`paste_mask_in_image`): the mask gets a ring of
 * zeros, the box grows about its centre by (M + 2) / M and is cut to whole numbers towards zero (all float32), both ends
 * inclusive; then torch's bilinear. A box whose ends come out exchanged is an empty mask.
 */
export const pastePadded: PasteResized = (roiMask, maskSizePx, [x1, y1, x2, y2], frameHw) => {
  const padded = maskSizePx + 2
  const plane = new Float32Array(padded * padded)
  for (let row = 0; row < maskSizePx; row++) {
    plane.set(roiMask.subarray(row * maskSizePx, (row + 1) * maskSizePx), (row + 1) * padded + 1)
  }
  const scale = padded / maskSizePx
  const [left, right] = grow(x1, x2, scale)
  const [top, bottom] = grow(y1, y2, scale)
  if (right < left || bottom < top) return undefined
  const sizeHw = [bottom - top + 1, right - left + 1] as const
  return resized(plane, padded, left, top, sizeHw, frameHw, torchTaps, torchTaps)
}

/** mmdetection 1 (`get_seg_masks`): box cut towards zero, both ends inclusive, OpenCV's bilinear, no ring of zeros. */
export const pasteMmdet1: PasteResized = (roiMask, maskSizePx, [x1, y1, x2, y2], frameHw) => {
  const left = Math.trunc(x1)
  const top = Math.trunc(y1)
  const sizeHw = [Math.max(Math.trunc(y2) - top + 1, 1), Math.max(Math.trunc(x2) - left + 1, 1)] as const
  return resized(roiMask, maskSizePx, left, top, sizeHw, frameHw, cv2Rows, cv2Columns)
}

/**
 * Keras Mask R-CNN style (ZFTurbo's Open Images code): box cut towards zero, half-open, OpenCV's bilinear. A box under a
 * pixel is an empty mask (the original fails).
 */
export const pasteKeras: PasteResized = (roiMask, maskSizePx, [x1, y1, x2, y2], frameHw) => {
  const left = Math.trunc(x1)
  const top = Math.trunc(y1)
  const sizeHw = [Math.trunc(y2) - top, Math.trunc(x2) - left] as const
  return resized(roiMask, maskSizePx, left, top, sizeHw, frameHw, cv2Rows, cv2Columns)
}

const cv2Rows = (from: number, to: number, range: TapRange) => cv2Taps(from, to, 'rows', range)
const cv2Columns = (from: number, to: number, range: TapRange) => cv2Taps(from, to, 'columns', range)

function resized(
  plane: Float32Array,
  planeSizePx: number,
  left: number,
  top: number,
  sizeHw: readonly [number, number],
  frameHw: readonly [number, number],
  rowTaps: (from: number, to: number, range: TapRange) => ReturnType<typeof torchTaps>,
  columnTaps: (from: number, to: number, range: TapRange) => ReturnType<typeof torchTaps>,
): SoftRegion | undefined {
  const [height, width] = sizeHw
  const rowRange = [Math.max(0, -top), Math.min(height, frameHw[0] - top)] as const
  const columnRange = [Math.max(0, -left), Math.min(width, frameHw[1] - left)] as const
  if (rowRange[1] <= rowRange[0] || columnRange[1] <= columnRange[0]) return undefined
  const rows = rowTaps(planeSizePx, height, rowRange)
  const columns = columnTaps(planeSizePx, width, columnRange)
  return {
    left: left + columnRange[0],
    top: top + rowRange[0],
    sizeHw: [rowRange[1] - rowRange[0], columnRange[1] - columnRange[0]],
    values: resizePlane(plane, [planeSizePx, planeSizePx], rows, columns),
  }
}

/** Both ends of a grown interval, float32 as both programs compute it. */
function grow(low: number, high: number, scale: number): [number, number] {
  const first = Math.fround(low)
  const last = Math.fround(high)
  const half = Math.fround(Math.fround(Math.fround(last - first) * 0.5) * Math.fround(scale))
  const centre = Math.fround(Math.fround(last + first) * 0.5)
  return [Math.trunc(Math.fround(centre - half)), Math.trunc(Math.fround(centre + half))]
}
