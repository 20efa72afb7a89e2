import { addRun, endMask, finishMasks, newMaskBuilder } from './mask-builder.ts'
import type { MaskSet } from './masks.ts'
import { touchLine } from './touched-pixels.ts'

/**
 * Polygons to masks, pixel for pixel what GDAL's rasterizer makes (3.10; rasterio.features.rasterize). A pixel belongs to the
 * polygon when its centre does, rings counting by parity (holes are rings); with `allTouched` also when an outline runs through
 * it.
 *
 * @param rings x, y, x, y, … in continuous pixels of the frame, each closed by itself or with the first point repeated.
 * @returns one mask.
 */
export function rasterizePolygon(
  rings: readonly ArrayLike<number>[],
  sizeHw: readonly [number, number],
  allTouched: boolean,
): MaskSet {
  const builder = newMaskBuilder(sizeHw)
  const part = partOf(rings, sizeHw)
  if (part !== undefined) {
    fillByCentres(rings, part)
    if (allTouched) touchOutlines(rings, sizeHw, part)
    const { left, top, width, height, pixels } = part
    for (let x = 0; x < width; x++) {
      const column = (left + x) * sizeHw[0] + top
      for (let y = 0; y < height; y++) {
        if (pixels[y * width + x] === 0) continue
        const first = y
        while (y < height && pixels[y * width + x] !== 0) y++
        addRun(builder, column + first, column + y)
      }
    }
  }
  endMask(builder)
  return finishMasks(builder)
}

/** The pixels around the polygon, row-major; it may be small in a large frame. */
interface Part {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

function partOf(rings: readonly ArrayLike<number>[], [height, width]: readonly [number, number]): Part | undefined {
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, -1, -1]
  for (const ring of rings) {
    for (let i = 0; i + 1 < ring.length; i += 2) {
      left = Math.min(left, Math.floor(ring[i]!))
      right = Math.max(right, Math.ceil(ring[i]!))
      top = Math.min(top, Math.floor(ring[i + 1]!))
      bottom = Math.max(bottom, Math.ceil(ring[i + 1]!))
    }
  }
  left = Math.max(0, left)
  top = Math.max(0, top)
  right = Math.min(width, right + 1)
  bottom = Math.min(height, bottom + 1)
  if (right <= left || bottom <= top) return undefined
  const [partWidth, partHeight] = [right - left, bottom - top]
  return { left, top, width: partWidth, height: partHeight, pixels: new Uint8Array(partWidth * partHeight) }
}

function fillByCentres(rings: readonly ArrayLike<number>[], part: Part): void {
  const crossings: number[] = []
  for (let y = part.top; y < part.top + part.height; y++) {
    const centre = y + 0.5
    crossings.length = 0
    for (const ring of rings) {
      const last = ring.length - 2
      for (let i = 0; i + 1 < ring.length; i += 2) {
        const before = i === 0 ? last : i - 2
        crossRow(ring[before]!, ring[before + 1]!, ring[i]!, ring[i + 1]!, y, centre, crossings, part)
      }
    }
    crossings.sort((a, b) => a - b)
    for (let i = 0; i + 1 < crossings.length; i += 2)
      fillRow(part, y, Math.floor(crossings[i]! + 0.5), Math.floor(crossings[i + 1]! + 0.5))
  }
}

/** Where an edge crosses the middle of a row. One that runs along it from right to left is filled, as GDAL does. */
function crossRow(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  row: number,
  centre: number,
  crossings: number[],
  part: Part,
): void {
  if ((y1 < centre && y2 < centre) || (y1 > centre && y2 > centre)) return
  if (y1 === y2) {
    if (x1 > x2) fillRow(part, row, Math.floor(x2 + 0.5), Math.floor(x1 + 0.5))
    return
  }
  const [lowX, lowY, highX, highY] = y1 < y2 ? [x1, y1, x2, y2] : [x2, y2, x1, y1]
  if (centre < highY && centre >= lowY) crossings.push(((centre - lowY) * (highX - lowX)) / (highY - lowY) + lowX)
}

/** Pixels [from, to) of a row of the frame. */
function fillRow({ left, top, width, pixels }: Part, y: number, from: number, to: number): void {
  const row = (y - top) * width
  const first = Math.max(from - left, 0)
  const last = Math.min(to - left, width)
  if (first < last) pixels.fill(1, row + first, row + last)
}

function touchOutlines(rings: readonly ArrayLike<number>[], sizeHw: readonly [number, number], part: Part): void {
  const touch = (x: number, y: number) => {
    const [column, row] = [x - part.left, y - part.top]
    if (column >= 0 && column < part.width && row >= 0 && row < part.height) part.pixels[row * part.width + column] = 1
  }
  for (const ring of rings) {
    const last = ring.length - 2
    for (let i = 0; i + 1 < ring.length; i += 2) {
      const before = i === 0 ? last : i - 2
      touchLine([ring[before]!, ring[before + 1]!], [ring[i]!, ring[i + 1]!], sizeHw, touch)
    }
  }
}
