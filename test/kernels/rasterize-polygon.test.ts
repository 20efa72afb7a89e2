import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MaskSet } from '../../nodes/kernels/masks.ts'
import { rasterizePolygon } from '../../nodes/kernels/rasterize-polygon.ts'

interface Case {
  readonly sizeHw: readonly [number, number]
  readonly rings: readonly (readonly (readonly [number, number])[])[]
  readonly touched: readonly number[]
  readonly centres: readonly number[]
}

const golden = JSON.parse(readFileSync(new URL('../golden/geo/golden.json', import.meta.url), 'utf8')) as {
  readonly polygons: readonly Case[]
}

function pixelsOf({ sizeHw: [height, width], starts, ends }: MaskSet): string[] {
  const rows = Array.from({ length: height }, () => Array<string>(width).fill('.'))
  for (const [run, start] of starts.entries())
    for (let at = start; at < ends[run]!; at++) rows[at % height]![Math.floor(at / height)] = '#'
  return rows.map(row => row.join(''))
}

function drawn(runs: readonly number[], [height, width]: readonly [number, number]): string[] {
  const flat = Array<string>(height * width).fill('.')
  for (let i = 0; i < runs.length; i += 2) flat.fill('#', runs[i]!, runs[i]! + runs[i + 1]!)
  return Array.from({ length: height }, (_, y) => flat.slice(y * width, (y + 1) * width).join(''))
}

describe('rasterizePolygon', () => {
  it.each([...golden.polygons.entries()])(
    'draws golden polygon %i as rasterio does',
    (_, { sizeHw, rings, touched, centres }) => {
      const flat = rings.map(ring => ring.flat())
      expect(pixelsOf(rasterizePolygon(flat, sizeHw, false))).toEqual(drawn(centres, sizeHw))
      expect(pixelsOf(rasterizePolygon(flat, sizeHw, true))).toEqual(drawn(touched, sizeHw))
    },
  )

  it('fills whole pixels of the grid and no more, touched or not; a ring inside is a hole', () => {
    const square = [1, 1, 5, 1, 5, 5, 1, 5]
    const hole = [2, 2, 2, 4, 4, 4, 4, 2]
    const expected = ['......', '.####.', '.#..#.', '.#..#.', '.####.', '......']
    for (const allTouched of [false, true])
      expect(pixelsOf(rasterizePolygon([square, hole], [6, 6], allTouched))).toEqual(expected)
  })

  it('touches a pixel that it only grazes', () => {
    const sliver = [0.2, 0.2, 3.8, 0.3, 3.8, 0.25]
    expect(pixelsOf(rasterizePolygon([sliver], [2, 5], false))).toEqual(['.....', '.....'])
    expect(pixelsOf(rasterizePolygon([sliver], [2, 5], true))).toEqual(['####.', '.....'])
  })

  it('is empty outside the frame and without rings', () => {
    expect(pixelsOf(rasterizePolygon([[10, 10, 12, 10, 12, 12]], [2, 2], true))).toEqual(['..', '..'])
    expect(pixelsOf(rasterizePolygon([], [2, 2], true))).toEqual(['..', '..'])
    expect(pixelsOf(rasterizePolygon([[]], [2, 2], true))).toEqual(['..', '..'])
  })

  it('covers with touching all that it covers without, and every pixel of a vertex', () => {
    const point = fc.double({ min: -4, max: 14, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.tuple(point, point), { minLength: 3, maxLength: 7 }), points => {
        const centres = pixelsOf(rasterizePolygon([points.flat()], [10, 10], false))
        const touched = pixelsOf(rasterizePolygon([points.flat()], [10, 10], true))
        for (const [y, row] of centres.entries())
          for (const [x, pixel] of [...row].entries()) if (pixel === '#') expect(touched[y]![x]).toBe('#')
        // Away from pixel edges, where "touched" is a matter of rounding.
        for (const [x, y] of points) {
          const inside = [x, y].every(v => v > 0 && v < 10 && Math.abs(v - Math.round(v)) > 0.02)
          const isAlone = points.every(
            ([px, py]) => Math.abs(px - x) > 0.02 || Math.abs(py - y) > 0.02 || (px === x && py === y),
          )
          if (inside && isAlone) expect(touched[Math.floor(y)]![Math.floor(x)]).toBe('#')
        }
      }),
      { numRuns: 300 },
    )
  })
})
