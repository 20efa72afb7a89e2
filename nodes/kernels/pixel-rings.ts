import { connectedComponents } from './components.ts'
import { maskCount } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'

/** One connected part of a mask: its outline and its holes, x, y, … at corners of pixels, the first point not repeated. */
export interface RingedPart {
  readonly outer: Float64Array
  readonly holes: readonly Float64Array[]
}

/**
 * The exact outlines of mask `index`, along the edges of its pixels: filling them by pixel centres gives the mask back.
 * Parts are connected over sides (4), in reading order. Outer rings run clockwise on the screen (y down), holes the other way.
 * No ring meets itself: where pixels touch at a corner only, rings are cut in two there, so polygons are valid by OGC.
 */
export function pixelRings(masks: MaskSet, index: number): RingedPart[] {
  const parts = connectedComponents(masks, index, 4)
  return Array.from({ length: maskCount(parts) }, (_, part) => {
    const rings = simpleRings(boundaryEdges(parts, part))
    const outer = rings.find(ring => twiceArea(ring) > 0)!
    return { outer, holes: rings.filter(ring => ring !== outer) }
  })
}

/** Directed edges with the foreground to their right, by the corner they leave: corner number → next corners (one or two). */
interface Edges {
  readonly next: Map<number, number[]>
  /** Corners of one row. */
  readonly stride: number
}

function boundaryEdges(masks: MaskSet, index: number): Edges {
  const [height, width] = masks.sizeHw
  const stride = width + 1
  const next = new Map<number, number[]>()
  const add = (from: number, to: number) => {
    const known = next.get(from)
    if (known === undefined) next.set(from, [to])
    else known.push(to)
  }
  const columns = runsByColumn(masks, index, height)
  for (const [x, runs] of columns) {
    const left = columns.get(x - 1) ?? []
    const right = columns.get(x + 1) ?? []
    for (const [top, bottom] of runs) {
      add(top * stride + x, top * stride + x + 1)
      add(bottom * stride + x + 1, bottom * stride + x)
      for (const y of uncovered(top, bottom, right)) add(y * stride + x + 1, (y + 1) * stride + x + 1)
      for (const y of uncovered(top, bottom, left)) add((y + 1) * stride + x, y * stride + x)
    }
  }
  return { next, stride }
}

type Run = readonly [top: number, bottom: number]

function runsByColumn(masks: MaskSet, index: number, height: number): Map<number, Run[]> {
  const columns = new Map<number, Run[]>()
  for (let run = masks.offsets[index]!; run < masks.offsets[index + 1]!; run++) {
    for (let at = masks.starts[run]!; at < masks.ends[run]!; ) {
      const x = Math.floor(at / height)
      const end = Math.min(masks.ends[run]!, (x + 1) * height)
      const own = columns.get(x) ?? []
      columns.set(x, own)
      own.push([at - x * height, end - x * height])
      at = end
    }
  }
  return columns
}

/** Rows of [top, bottom) that no run of the neighbouring column covers. */
function* uncovered(top: number, bottom: number, runs: readonly Run[]): Generator<number> {
  let y = top
  for (const [from, to] of runs) {
    for (; y < Math.min(from, bottom); y++) yield y
    y = Math.max(y, to)
  }
  for (; y < bottom; y++) yield y
}

function simpleRings({ next, stride }: Edges): Float64Array[] {
  const rings: Float64Array[] = []
  for (const start of next.keys()) {
    const path: number[] = []
    const placeOf = new Map<number, number>()
    for (let at = start; next.get(at)!.length > 0 || placeOf.has(at); ) {
      const before = placeOf.get(at)
      if (before !== undefined) {
        const loop = path.splice(before)
        for (const corner of loop) placeOf.delete(corner)
        rings.push(cornersOf(loop, stride))
        if (next.get(at)!.length === 0) break
      }
      placeOf.set(at, path.length)
      path.push(at)
      at = takeEdge(at, path.at(-2), next.get(at)!, stride)
    }
  }
  return rings
}

/** Of two ways on, the one to the right: it stays at the same pixel. */
function takeEdge(at: number, from: number | undefined, ways: number[], stride: number): number {
  if (ways.length === 1 || from === undefined) return ways.pop()!
  const step = at - from
  const toTheRight = step === 1 ? stride : step === stride ? -1 : step === -1 ? -stride : 1
  const right = ways.indexOf(at + toTheRight)
  return ways.splice(right < 0 ? 0 : right, 1)[0]!
}

/** Points where the ring turns. */
function cornersOf(loop: readonly number[], stride: number): Float64Array {
  const turns = loop.filter((corner, i) => {
    const before = loop[(i + loop.length - 1) % loop.length]!
    const after = loop[(i + 1) % loop.length]!
    return corner - before !== after - corner
  })
  return Float64Array.from(turns.flatMap(corner => [corner % stride, Math.floor(corner / stride)]))
}

/** Twice the area inside a ring: positive when it runs clockwise on the screen (y down). */
export function twiceArea(ring: ArrayLike<number>): number {
  let area = 0
  for (let i = 0; i + 1 < ring.length; i += 2) {
    const j = (i + 2) % ring.length
    area += ring[i]! * ring[j + 1]! - ring[j]! * ring[i + 1]!
  }
  return area
}
