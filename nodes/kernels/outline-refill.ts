import { borderPoints } from './chain-points.ts'
import { traceBorders } from './contour.ts'
import { concatMasks, emptyMasks, maskCount } from './mask-sets.ts'
import { moveMasks } from './mask-transform.ts'
import type { MaskSet } from './masks.ts'
import { encodeDense, maskBoxesXyxy } from './rle.ts'

/**
 * Each mask redrawn as annotators' tools damaged it: every border of it, holes too, is filled by OpenCV's routine for
 * convex polygons (`fillConvexPoly`), although few are convex; the result is the union. Convex masks stay as they are.
 * Source: `corrupt_mask` of TheoViel's Sartorius solution, with OpenCV 4 and 5.
 */
export function refillOutlines(masks: MaskSet): MaskSet {
  const boxes = maskBoxesXyxy(masks)
  const refilled: MaskSet[] = [emptyMasks(masks.sizeHw, 0)]
  for (let i = 0; i < maskCount(masks); i++) {
    const left = boxes[4 * i]!
    const top = boxes[4 * i + 1]!
    const width = boxes[4 * i + 2]! - left
    const height = boxes[4 * i + 3]! - top
    const canvas: Canvas = { width, height, pixels: new Uint8Array(width * height) }
    for (const border of traceBorders(masks, i)) {
      const points = borderPoints(border, 'simple').map((value, k) => value - (k % 2 === 0 ? left : top))
      fillConvex(canvas, points)
    }
    refilled.push(moveMasks(encodeDense(canvas.pixels, [height, width], 'row-major'), left, top, masks.sizeHw))
  }
  return concatMasks(refilled)
}

/** Row-major bytes. */
interface Canvas {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/** One of the two chains of edges that run down from the topmost vertex. Positions in 1/65536 pixel. */
interface Chain {
  /** Steps through the vertices: 1 forward, n − 1 backward. */
  readonly step: number
  vertex: number
  endY: number
  x: number
  slope: number
}

const ONE = 65536

/** Vertices x, y, … inside the canvas. Edges are drawn too, so that the outline itself is always set. */
function fillConvex(canvas: Canvas, points: Int32Array): void {
  const count = points.length / 2
  let first = 0
  let lastY = points[1]!
  for (let i = 0; i < count; i++) {
    const before = (i + count - 1) % count
    drawLine(canvas, points[2 * before]!, points[2 * before + 1]!, points[2 * i]!, points[2 * i + 1]!)
    if (points[2 * i + 1]! < points[2 * first + 1]!) first = i
    lastY = Math.max(lastY, points[2 * i + 1]!)
  }
  if (count < 3) return
  const firstY = points[2 * first + 1]!
  const chains: [Chain, Chain] = [
    { step: 1, vertex: first, endY: firstY, x: -ONE, slope: 0 },
    { step: count - 1, vertex: first, endY: firstY, x: -ONE, slope: 0 },
  ]
  /** Both chains together pass every edge once; a concave outline may use them up early. */
  let edgesLeft = count
  for (let y = firstY; y <= lastY; y++) {
    for (const chain of chains) {
      if (y < chain.endY) continue
      let from = chain.vertex
      let to = (from + chain.step) % count
      while (edgesLeft-- > 0) {
        const endY = points[2 * to + 1]!
        if (endY > y) {
          const dx = (points[2 * to]! - points[2 * from]!) * ONE
          chain.endY = endY
          chain.slope = Math.trunc((2 * dx + (endY - y)) / (2 * (endY - y)))
          chain.x = points[2 * from]! * ONE
          chain.vertex = to
          break
        }
        from = to
        to = (to + chain.step) % count
      }
    }
    if (edgesLeft < 0) return
    const low = Math.min(chains[0].x, chains[1].x)
    const high = Math.max(chains[0].x, chains[1].x)
    const left = Math.max(0, Math.floor((low + ONE / 2) / ONE))
    const right = Math.min(canvas.width - 1, Math.floor((high + ONE / 2) / ONE))
    if (left <= right) canvas.pixels.fill(1, y * canvas.width + left, y * canvas.width + right + 1)
    for (const chain of chains) chain.x += chain.slope
  }
}

/** Bresenham's line, both ends set, drawn from left to right as OpenCV does (the direction decides ties). */
function drawLine(canvas: Canvas, x1: number, y1: number, x2: number, y2: number): void {
  let [x, y] = x1 <= x2 ? [x1, y1] : [x2, y2]
  const dx = Math.abs(x2 - x1)
  const dy = Math.abs(y2 - y1)
  const down = x1 <= x2 ? y2 >= y1 : y1 >= y2
  const steep = dy > dx
  const long = Math.max(dx, dy)
  const short = Math.min(dx, dy)
  let error = long - 2 * short
  for (let k = 0; k <= long; k++) {
    canvas.pixels[y * canvas.width + x] = 1
    const diagonal = error < 0
    error += diagonal ? 2 * long - 2 * short : -2 * short
    if (!steep || diagonal) x++
    if (steep || diagonal) y += down ? 1 : -1
  }
}
