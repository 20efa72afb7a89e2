import { type AnchorLevel, baseAnchors, roundHalfEven } from './anchors.ts'

/**
 * Base anchors of one pyramid level, [A · 4] around (0, 0), by library:
 * - `torchvision`: corners rounded half to even, ratio-major (`anchors.ts`).
 * - `detectron2`: w = √(size² / r), h = r · w, corners kept as floats, size-major.
 * - `mmdetection` (2 and 3): h = size · √r, w = size / √r in float32, kept, ratio-major; its sizes are stride · scale.
 * - `mmdetection-1` (and maskrcnn-benchmark's `+ 1` frame): the same sides on inclusive pixels, centre (stride − 1) / 2,
 *   corners rounded half to even; x2, y2 are the last pixel (`inclusive-boxes.ts` converts).
 * All are shifted by (x · stride, y · stride).
 */
export type AnchorConvention = 'torchvision' | 'detectron2' | 'mmdetection' | 'mmdetection-1'

export function baseAnchorsOf(level: AnchorLevel, convention: AnchorConvention): Float64Array {
  if (convention === 'torchvision') return baseAnchors(level)
  const boxes: number[] = []
  if (convention === 'detectron2') {
    for (const size of level.sizesPx) {
      for (const ratio of level.ratios) {
        const width = Math.sqrt((size * size) / ratio)
        const height = ratio * width
        boxes.push(-width / 2, -height / 2, width / 2, height / 2)
      }
    }
    return Float64Array.from(boxes, Math.fround)
  }
  for (const ratio of level.ratios) {
    const heightRatio = Math.fround(Math.sqrt(Math.fround(ratio)))
    const widthRatio = Math.fround(1 / heightRatio)
    for (const size of level.sizesPx) {
      const width = Math.fround(size * widthRatio)
      const height = Math.fround(size * heightRatio)
      if (convention === 'mmdetection') boxes.push(-width / 2, -height / 2, width / 2, height / 2)
      else {
        const centre = (level.stridePx - 1) / 2
        const corners = [-(width - 1), -(height - 1), width - 1, height - 1]
        boxes.push(...corners.map(side => roundHalfEven(Math.fround(centre + Math.fround(side / 2)))))
      }
    }
  }
  return Float64Array.from(boxes)
}
