import { borderPoints } from './chain-points.ts'
import { traceBorders } from './contour.ts'
import type { MaskSet } from './masks.ts'
import { pixelEdgeOutlines } from './pixel-edges.ts'

/**
 * Where a line around a mask runs. `edges`: along the edges of pixels; pycocotools draws the same mask from it. `centres`:
 * through the centres of the border pixels (OpenCV's contours); `fillPoly` with corners cut to whole numbers, which draws the
 * line too, makes the same mask of it, but for bridges between parts.
 */
export type OutlineCorners = 'edges' | 'centres'

/**
 * Mask `index` as one closed line x, y, … in continuous pixels. Parts and holes hang on the rest by bridges: straight lines
 * that are walked there and back. Where a line is filled by parity (pycocotools, OpenCV inside its lines), a bridge changes
 * nothing. Each outline in reading order is tied to what is tied already, between the corners that are nearest to each
 * other (ties: the earlier corner of the line, then the earlier one of the outline). Empty for a mask without a pixel; with
 * `centres`, points of a line of one or two pixels are repeated to make three.
 */
export function joinedOutline(
  masks: MaskSet,
  index: number,
  corners: OutlineCorners = 'edges',
): Float64Array<ArrayBuffer> {
  const rings =
    corners === 'edges'
      ? pixelEdgeOutlines(masks, index)
      : traceBorders(masks, index).map(border => threePoints(Float64Array.from(borderPoints(border, 'simple'))))
  return joinRings(rings.map(ring => ring.map(value => value + 0.5)))
}

function threePoints(ring: Float64Array): Float64Array {
  return ring.length >= 6 ? ring : threePoints(Float64Array.of(...ring, ring[0]!, ring[1]!))
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
