import type { SoftRegion } from './paste-region.ts'

/**
 * Detectron2 and mmdetection 2 (`_do_paste_mask`): torch's `grid_sample` (bilinear, zeros outside, align_corners=False)
 * at pixel centres, every step in float32: g = (x + 0.5 − x1) / (x2 − x1) · 2 − 1, then u = ((g + 1) · M − 1) / 2. An
 * infinite g (a side of 0) reads the centre, as mmdetection 2 has it. Only pixels from floor(min) − 1 to ceil(max) are
 * computed; a box that is far outside gives undefined.
 *
 * `pasteAligned` is the same model in float64 coordinates; it is faster, and differs only where rounding decides.
 */
export function pasteGridSample(
  roiMask: Float32Array,
  maskSizePx: number,
  boxXyxy: readonly [number, number, number, number],
  frameHw: readonly [number, number],
): SoftRegion | undefined {
  const [x1, y1, x2, y2] = [
    Math.fround(boxXyxy[0]),
    Math.fround(boxXyxy[1]),
    Math.fround(boxXyxy[2]),
    Math.fround(boxXyxy[3]),
  ]
  const left = Math.max(0, Math.floor(x1) - 1)
  const top = Math.max(0, Math.floor(y1) - 1)
  const width = Math.min(frameHw[1], Math.ceil(x2) + 1) - left
  const height = Math.min(frameHw[0], Math.ceil(y2) + 1) - top
  if (width <= 0 || height <= 0) return undefined
  const columns = gridPositions(left, width, x1, x2, maskSizePx)
  const rows = gridPositions(top, height, y1, y2, maskSizePx)
  const values = new Float32Array(height * width)
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= maskSizePx || y >= maskSizePx ? 0 : roiMask[y * maskSizePx + x]!
  for (let row = 0; row < height; row++) {
    const v = rows[row]!
    const y = Math.floor(v)
    const south = Math.fround(v - y)
    const north = Math.fround(1 - south)
    for (let column = 0; column < width; column++) {
      const u = columns[column]!
      const x = Math.floor(u)
      const east = Math.fround(u - x)
      const west = Math.fround(1 - east)
      let sum = Math.fround(at(x, y) * Math.fround(west * north))
      sum = Math.fround(sum + Math.fround(at(x + 1, y) * Math.fround(east * north)))
      sum = Math.fround(sum + Math.fround(at(x, y + 1) * Math.fround(west * south)))
      sum = Math.fround(sum + Math.fround(at(x + 1, y + 1) * Math.fround(east * south)))
      values[row * width + column] = sum
    }
  }
  return { left, top, sizeHw: [height, width], values }
}

function gridPositions(first: number, count: number, low: number, high: number, maskSizePx: number): Float32Array {
  const span = Math.fround(high - low)
  return Float32Array.from({ length: count }, (_, k) => {
    const share = Math.fround(Math.fround(first + k + 0.5 - low) / span)
    const grid = Math.fround(Math.fround(share * 2) - 1)
    const position = Number.isFinite(grid) ? grid : 0
    return Math.fround(Math.fround(Math.fround(Math.fround(position + 1) * maskSizePx) - 1) / 2)
  })
}
