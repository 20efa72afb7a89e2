import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pixelRings, twiceArea } from '../../nodes/kernels/pixel-rings.ts'
import { rasterizePolygon } from '../../nodes/kernels/rasterize-polygon.ts'
import { thresholdPlane } from '../../nodes/kernels/threshold-plane.ts'

const maskOf = (rows: readonly string[]) => {
  const plane = Float32Array.from(rows.join(''), pixel => (pixel === '#' ? 1 : 0))
  return thresholdPlane(plane, [rows.length, rows[0]!.length], 0.5, '>')
}
const lists = (rows: readonly string[]) =>
  pixelRings(maskOf(rows), 0).map(({ outer, holes }) => ({ outer: [...outer], holes: holes.map(hole => [...hole]) }))

describe('pixelRings', () => {
  it('follows the edges of pixels, clockwise outside and the other way inside', () => {
    expect(lists(['....', '.##.', '....'])).toEqual([{ outer: [1, 1, 3, 1, 3, 2, 1, 2], holes: [] }])
    const [ring] = lists(['###', '#.#', '###'])
    expect(ring!.outer).toEqual([0, 0, 3, 0, 3, 3, 0, 3])
    expect(twiceArea(ring!.holes[0]!)).toBe(-2)
  })

  it('makes two parts of pixels that meet at a corner', () => {
    expect(lists(['#.', '.#'])).toEqual([
      { outer: [0, 0, 1, 0, 1, 1, 0, 1], holes: [] },
      { outer: [1, 1, 2, 1, 2, 2, 1, 2], holes: [] },
    ])
  })

  it('cuts rings where they would meet themselves', () => {
    // Two holes that meet at a corner, and a ring of pixels that closes over a corner only.
    const holes = lists(['####', '#.##', '##.#', '####'])
    expect(holes).toHaveLength(1)
    expect(holes[0]!.holes).toHaveLength(2)
    const closed = lists(['.##', '#.#', '###'])
    expect(closed).toHaveLength(1)
    expect(closed[0]!.holes).toHaveLength(1)
    for (const { outer } of closed) expect(new Set(pairs(outer)).size).toBe(outer.length / 2)
  })

  it('gives rings that fill to the mask, are simple, and of which one is the outer', () => {
    const rows = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([height, width]) =>
      fc.array(
        fc.array(fc.constantFrom('#', '#', '.'), { minLength: width, maxLength: width }).map(row => row.join('')),
        { minLength: height, maxLength: height },
      ),
    )
    fc.assert(
      fc.property(rows, picture => {
        const mask = maskOf(picture)
        const parts = pixelRings(mask, 0)
        const rings = parts.flatMap(({ outer, holes }) => [outer, ...holes])
        expect(rasterizePolygon(rings, mask.sizeHw, false)).toEqual(mask)
        for (const ring of rings) expect(new Set(pairs([...ring])).size).toBe(ring.length / 2)
        for (const { outer, holes } of parts) {
          expect(twiceArea(outer)).toBeGreaterThan(0)
          for (const hole of holes) expect(twiceArea(hole)).toBeLessThan(0)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('is nothing of an empty mask', () => {
    expect(lists(['..', '..'])).toEqual([])
  })
})

function pairs(ring: readonly number[]): string[] {
  return Array.from({ length: ring.length / 2 }, (_, i) => `${ring[2 * i]},${ring[2 * i + 1]}`)
}
