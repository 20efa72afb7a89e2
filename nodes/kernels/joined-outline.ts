import type { MaskSet } from './masks.ts'
import { pixelEdgeOutlines } from './pixel-edges.ts'

/**
 * Mask `index` as one closed line x, y, … along the edges of its pixels, in continuous pixels: corners are whole numbers.
 * Parts and holes hang on the rest by bridges: straight lines that are walked there and back. Where a line is filled by
 * parity (pycocotools, and OpenCV's `fillPoly` inside), a bridge changes nothing, so pycocotools draws the same mask again.
 * Each outline in reading order is tied to what is tied already, between the corners that are nearest to each other (ties:
 * the earlier corner of the line, then the earlier one of the outline). Empty for a mask without a pixel.
 */
export function joinedOutline(masks: MaskSet, index: number): Float64Array<ArrayBuffer> {
  return joinRings(pixelEdgeOutlines(masks, index).map(ring => ring.map(value => value + 0.5)))
}

/** The outline of the part with most pixels (ties: the first in reading order), its holes filled. */
export function largestOutline(masks: MaskSet, index: number): Float64Array<ArrayBuffer> {
  let largest = new Float64Array(0)
  let most = 0
  for (const ring of pixelEdgeOutlines(masks, index)) {
    const twice = twiceSignedArea(ring)
    if (twice <= most) continue
    most = twice
    largest = ring.map(value => value + 0.5)
  }
  return largest
}

function joinRings(rings: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  let line: number[] = [...(rings[0] ?? [])]
  for (const ring of rings.slice(1)) {
    const [at, from] = nearestCorners(line, ring)
    // … P, Q … once around the outline … Q, P …
    const around = [...ring.subarray(from), ...ring.subarray(0, from), ring[from]!, ring[from + 1]!]
    line = [...line.slice(0, at + 2), ...around, line[at]!, line[at + 1]!, ...line.slice(at + 2)]
  }
  return Float64Array.from(line)
}

/** Positions of the x of both corners. */
function nearestCorners(line: readonly number[], ring: Float64Array): [number, number] {
  let best: [number, number] = [0, 0]
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < line.length; at += 2) {
    for (let from = 0; from < ring.length; from += 2) {
      const distance = (line[at]! - ring[from]!) ** 2 + (line[at + 1]! - ring[from + 1]!) ** 2
      if (distance >= least) continue
      least = distance
      best = [at, from]
    }
  }
  return best
}

function twiceSignedArea(ring: Float64Array): number {
  let area = 0
  for (let i = 0; i < ring.length; i += 2) {
    const j = (i + 2) % ring.length
    area += ring[i]! * ring[j + 1]! - ring[j]! * ring[i + 1]!
  }
  return area
}
