import { greedyNms } from './nms.ts'

/**
 * Boxes whose x2 and y2 are the last pixel, width = x2 − x1 + 1 (mmdetection 1, maskrcnn-benchmark, Detectron). Such a
 * box is the half-open box (x1, y1, x2 + 1, y2 + 1): with that, areas, overlaps, deltas and mirroring are the usual ones.
 * mmdetection 1's `x1 = gx − gw / 2 + 0.5, x2 = gx + gw / 2 − 0.5` is `decodeDelta` between the two conversions.
 */

/** A new array with x2 + 1, y2 + 1. */
export function toHalfOpen(inclusiveXyxy: Float64Array): Float64Array {
  return inclusiveXyxy.map((value, i) => (i % 4 < 2 ? value : value + 1))
}

/** A new array with x2 − 1, y2 − 1. */
export function toInclusive(boxesXyxy: Float64Array): Float64Array {
  return boxesXyxy.map((value, i) => (i % 4 < 2 ? value : value - 1))
}

/** Clamps every coordinate to a pixel of the frame, 0 … side − 1, in place. */
export function clipInclusive(inclusiveXyxy: Float64Array, sizeHw: readonly [number, number]): Float64Array {
  for (let i = 0; i < inclusiveXyxy.length; i++) {
    const last = (i % 2 === 0 ? sizeHw[1] : sizeHw[0]) - 1
    inclusiveXyxy[i] = Math.min(Math.max(inclusiveXyxy[i]!, 0), last)
  }
  return inclusiveXyxy
}

/**
 * NMS of mmdetection 1 and maskrcnn-benchmark: kept indices in ascending order of index.
 * @param device their CPU code suppresses at IoU ≥ threshold, their CUDA code at IoU >.
 */
export function inclusiveNms(
  inclusiveXyxy: Float64Array,
  scores: Float64Array,
  iouThreshold: number,
  device: 'cpu' | 'cuda',
): Uint32Array {
  const threshold = device === 'cuda' ? iouThreshold : nextBelow(iouThreshold)
  return greedyNms(toHalfOpen(inclusiveXyxy), scores, threshold).sort()
}

/** The largest double below a positive one, so that > it means ≥ the number. */
function nextBelow(value: number): number {
  const bits = new BigInt64Array(new Float64Array([value]).buffer)
  bits[0]!--
  return new Float64Array(bits.buffer)[0]!
}
