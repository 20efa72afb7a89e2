import { borderPoints } from './chain-points.ts'
import { traceBorders } from './contour.ts'
import { maskOutlines } from './marching-squares.ts'
import type { MaskSet } from './masks.ts'
import { pixelEdgeOutlines } from './pixel-edges.ts'
import { simplifyLine } from './simplify.ts'

/** One ring of a mask. */
export interface MaskRing {
  /** x, y, …, not closed, in the coordinates of pixel indices (the centre of pixel (0, 0) is (0, 0)). */
  readonly xy: Float64Array
  readonly isHole: boolean
}

/** How masks become polygons: along the edges of pixels, or as two published converters do it. */
export type PolygonMethod =
  | {
      /**
       * pycococreator: marching squares, Douglas–Peucker with `tolerancePx`, usually 0 or 2. The original then writes 0
       * for coordinates below it.
       */
      readonly method: 'marching-squares'
      readonly tolerancePx: number
      /** See `maskOutlines`; default 0.5. */
      readonly level?: number
    }
  | {
      /** yu4u: OpenCV's outer borders (`RETR_EXTERNAL`, no holes) thinned by `CHAIN_APPROX_TC89_L1` (up to OpenCV 4.9). */
      readonly method: 'tc89-l1'
    }
  | {
      /** `pixelEdgeOutlines`: nothing is lost but that holes cannot be told from parts. */
      readonly method: 'pixel-edges'
    }

/**
 * The rings of mask `index` with at least `minPoints` points (both converters ask for 3). COCO polygons cannot say which
 * ring is a hole; whoever writes them decides what to do with holes (both converters write them as parts).
 */
export function maskPolygons(masks: MaskSet, index: number, how: PolygonMethod, minPoints = 3): MaskRing[] {
  const rings = ringsOf(masks, index, how)
  return rings.filter(ring => ring.xy.length >= 2 * minPoints)
}

function ringsOf(masks: MaskSet, index: number, how: PolygonMethod): MaskRing[] {
  if (how.method === 'tc89-l1') return outerBorders(masks, index)
  if (how.method === 'marching-squares') return outlines(masks, index, how)
  return pixelEdgeOutlines(masks, index).map(xy => ({ xy, isHole: twiceSignedArea(closed(xy)) < 0 }))
}

function closed(xy: Float64Array): Float64Array {
  return Float64Array.of(...xy, xy[0]!, xy[1]!)
}

function outerBorders(masks: MaskSet, index: number): MaskRing[] {
  return traceBorders(masks, index)
    .filter(border => border.isExternal)
    .map(border => ({ xy: Float64Array.from(borderPoints(border, 'tc89-l1')), isHole: false }))
}

function outlines(
  masks: MaskSet,
  index: number,
  how: PolygonMethod & { readonly method: 'marching-squares' },
): MaskRing[] {
  return maskOutlines(masks, index, how.level).map(outline => {
    const isHole = twiceSignedArea(outline) < 0
    const closed = simplifyLine(outline, how.tolerancePx)
    return { xy: closed.slice(0, -2), isHole }
  })
}

/** Positive for rings that run clockwise on the screen (y down), as outer outlines do. */
function twiceSignedArea(closed: Float64Array): number {
  let area = 0
  for (let i = 0; i + 3 < closed.length; i += 2) area += closed[i]! * closed[i + 3]! - closed[i + 2]! * closed[i + 1]!
  return area
}
