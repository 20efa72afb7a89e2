import { cv2Taps, type LinearTaps, resizePlane } from './linear-taps.ts'
import type { SoftRegion } from './paste-region.ts'

/** A picture resized to fit a black square, centred: where it lies in there, in pixels of the square. */
export interface Letterbox {
  readonly squarePx: number
  readonly left: number
  readonly top: number
  /** [h, w] of the resized picture. */
  readonly contentHw: readonly [number, number]
}

/**
 * The longer side becomes `squarePx`, the other one is rounded half to even; the smaller half of the padding comes first.
 * For equal sides the width counts as the longer.
 */
export function letterboxOf(sizeHw: readonly [number, number], squarePx: number): Letterbox {
  const [height, width] = sizeHw
  const longer = Math.max(height, width)
  const shorterPx = roundHalfEven((Math.min(height, width) * squarePx) / longer)
  const contentHw = height > width ? ([squarePx, shorterPx] as const) : ([shorterPx, squarePx] as const)
  return {
    squarePx,
    left: Math.floor((squarePx - contentHw[1]) / 2),
    top: Math.floor((squarePx - contentHw[0]) / 2),
    contentHw,
  }
}

/**
 * dfan's Open Images code: box corners (in the square) rounded half to even, both inclusive; the M × M mask resized to
 * it with OpenCV's bilinear; pasted into the empty square; the content cut out and resized, bilinear in float64, to the
 * picture. Two resizes blur the edge. Only the part of the picture that can read the box is computed.
 */
export function pasteLetterbox(
  roiMask: Float32Array,
  maskSizePx: number,
  boxXyxy: readonly [number, number, number, number],
  frameHw: readonly [number, number],
  letterbox: Letterbox,
): SoftRegion | undefined {
  const left = roundHalfEven(boxXyxy[0]) - letterbox.left
  const top = roundHalfEven(boxXyxy[1]) - letterbox.top
  const width = roundHalfEven(boxXyxy[2]) - letterbox.left - left + 1
  const height = roundHalfEven(boxXyxy[3]) - letterbox.top - top + 1
  // The part of the box inside the content; from here on all positions are the content's.
  const [contentHeight, contentWidth] = letterbox.contentHw
  const columnRange = [Math.max(0, -left), Math.min(width, contentWidth - left)] as const
  const rowRange = [Math.max(0, -top), Math.min(height, contentHeight - top)] as const
  const pastedWidth = columnRange[1] - columnRange[0]
  const pastedHeight = rowRange[1] - rowRange[0]
  if (pastedWidth <= 0 || pastedHeight <= 0) return undefined
  const pasted = resizePlane(
    roiMask,
    [maskSizePx, maskSizePx],
    cv2Taps(maskSizePx, height, 'rows', rowRange),
    cv2Taps(maskSizePx, width, 'columns', columnRange),
  )
  const columns = cv2Taps(contentWidth, frameHw[1], 'columns')
  const rows = cv2Taps(contentHeight, frameHw[0], 'rows')
  const offsetX = left + columnRange[0]
  const offsetY = top + rowRange[0]
  const [firstX, lastX] = reach(columns, offsetX, pastedWidth)
  const [firstY, lastY] = reach(rows, offsetY, pastedHeight)
  if (lastX <= firstX || lastY <= firstY) return undefined
  const values = new Float64Array((lastY - firstY) * (lastX - firstX))
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= pastedWidth || y >= pastedHeight ? 0 : pasted[y * pastedWidth + x]!
  let k = 0
  for (let y = firstY; y < lastY; y++) {
    const y0 = rows.index0[y]! - offsetY
    const y1 = rows.index1[y]! - offsetY
    for (let x = firstX; x < lastX; x++) {
      const x0 = columns.index0[x]! - offsetX
      const x1 = columns.index1[x]! - offsetX
      const upper = at(x0, y0) * columns.weight0[x]! + at(x1, y0) * columns.weight1[x]!
      const lower = at(x0, y1) * columns.weight0[x]! + at(x1, y1) * columns.weight1[x]!
      values[k++] = upper * rows.weight0[y]! + lower * rows.weight1[y]!
    }
  }
  return { left: firstX, top: firstY, sizeHw: [lastY - firstY, lastX - firstX], values }
}

/** The destination samples that read [offset, offset + length) of the source. */
function reach(taps: LinearTaps, offset: number, length: number): [number, number] {
  const count = taps.index0.length
  let first = 0
  while (first < count && taps.index1[first]! < offset) first++
  let last = count
  while (last > first && taps.index0[last - 1]! >= offset + length) last--
  return [first, last]
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}
