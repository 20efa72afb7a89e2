import { readFileSync } from 'node:fs'
import { assert, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { borderPoints } from '../../nodes/kernels/chain-points.ts'
import { traceBorders } from '../../nodes/kernels/contour.ts'
import { maskOutlines } from '../../nodes/kernels/marching-squares.ts'
import { maskPolygons } from '../../nodes/kernels/mask-polygons.ts'
import { emptyMasks } from '../../nodes/kernels/mask-sets.ts'
import { refillOutlines } from '../../nodes/kernels/outline-refill.ts'
import { countsToMaskSet, maskCounts } from '../../nodes/kernels/rle.ts'
import { decodeCounts, encodeCounts } from '../../nodes/kernels/rle-string.ts'
import { simplifyLine } from '../../nodes/kernels/simplify.ts'
import { denseMasks, drawn, encoded, pixel } from '../helpers/dense-masks.ts'

interface Case {
  readonly sizeHw: [number, number]
  readonly counts: string
  readonly none: number[][] | null
  readonly simple: number[][]
  readonly tc89: number[][]
  readonly external: number[][]
  readonly convex: string
  readonly outlines: number[][]
  readonly fringe_sum: number
  readonly tolerance_1: (number[] | null)[]
  readonly tolerance_2: (number[] | null)[]
}

const golden = JSON.parse(readFileSync(new URL('../golden/contours/golden.json', import.meta.url), 'utf8')) as {
  cases: Case[]
}
const cases = golden.cases.map(one => ({
  ...one,
  mask: countsToMaskSet([decodeCounts(one.counts, one.sizeHw)], one.sizeHw),
}))

/** OpenCV's lists come in various orders; the rings themselves do not. */
const asTexts = (rings: Iterable<ArrayLike<number>>) => Array.from(rings, ring => Array.from(ring).join(' ')).sort()

describe('traceBorders and borderPoints', () => {
  it('equal findContours of OpenCV, point for point', () => {
    for (const { mask, none, simple, tc89, external } of cases) {
      const borders = traceBorders(mask, 0)
      if (none !== null) expect(asTexts(borders.map(border => borderPoints(border, 'none')))).toEqual(asTexts(none))
      expect(asTexts(borders.map(border => borderPoints(border, 'simple')))).toEqual(asTexts(simple))
      expect(asTexts(borders.map(border => borderPoints(border, 'tc89-l1')))).toEqual(asTexts(tc89))
      const outer = borders.filter(border => border.isExternal)
      expect(asTexts(outer.map(border => borderPoints(border, 'tc89-l1')))).toEqual(asTexts(external))
    }
  })

  it('find no border in an empty mask and one point in a single pixel', () => {
    expect(traceBorders(emptyMasks([5, 4], 1), 0)).toEqual([])
    const [border] = traceBorders(encoded(drawn('.../..#')), 0)
    expect([...borderPoints(border!, 'tc89-l1')]).toEqual([2, 1])
  })
})

describe('refillOutlines', () => {
  it('equals the union of fillConvexPoly over all borders', () => {
    for (const { mask, convex } of cases) {
      expect(encodeCounts(maskCounts(refillOutlines(mask), 0))).toBe(convex)
    }
  })
})

describe('maskOutlines', () => {
  it('equals find_contours of scikit-image: order, start, direction', () => {
    for (const { mask, outlines, fringe_sum } of cases) {
      expect(maskOutlines(mask, 0).map(outline => [...outline])).toEqual(outlines)
      let sum = 0
      for (const outline of maskOutlines(mask, 0, 0.5 / 255)) for (const value of outline) sum += Math.abs(value)
      expect(sum).toBeCloseTo(fringe_sum, 6)
    }
  })

  it('lies between every pixel of the mask and every neighbour outside it', () => {
    assert(
      property(denseMasks(1, 10), ([mask]) => {
        const points = new Set<string>()
        for (const outline of maskOutlines(encoded(mask!), 0)) {
          for (let i = 0; i < outline.length; i += 2) points.add(`${outline[i]},${outline[i + 1]}`)
        }
        const expected = new Set<string>()
        for (let y = -1; y <= mask!.height; y++) {
          for (let x = -1; x <= mask!.width; x++) {
            if (pixel(mask!, x, y) !== pixel(mask!, x + 1, y)) expected.add(`${x + 0.5},${y}`)
            if (pixel(mask!, x, y) !== pixel(mask!, x, y + 1)) expected.add(`${x},${y + 0.5}`)
          }
        }
        expect(points).toEqual(expected)
      }),
    )
  })
})

describe('simplifyLine', () => {
  it('equals approximate_polygon of scikit-image where no two points are equally far', () => {
    let compared = 0
    for (const { mask, tolerance_1, tolerance_2 } of cases) {
      maskOutlines(mask, 0).forEach((outline, i) => {
        for (const [tolerancePx, expected] of [[1, tolerance_1[i]!] as const, [2, tolerance_2[i]!] as const]) {
          if (expected === null) continue
          expect([...simplifyLine(outline, tolerancePx)]).toEqual(expected)
          compared++
        }
      })
    }
    expect(compared).toBeGreaterThan(300)
  })

  it('keeps the ends and everything at tolerance 0', () => {
    const line = Float64Array.of(0, 0, 1, 0.4, 2, 0)
    expect([...simplifyLine(line, 0.5)]).toEqual([0, 0, 2, 0])
    expect([...simplifyLine(line, 0.4)]).toEqual([0, 0, 2, 0])
    expect([...simplifyLine(line, 0.39)]).toEqual([...line])
    expect([...simplifyLine(line, 0)]).toEqual([...line])
  })
})

describe('maskPolygons', () => {
  const ring = encoded(drawn('#####/#...#/#...#/#####'))

  it('tells holes from outer rings and leaves out rings with too few points', () => {
    const how = { method: 'marching-squares', tolerancePx: 0 } as const
    expect(maskPolygons(ring, 0, how).map(one => one.isHole)).toEqual([false, true])
    expect(maskPolygons(encoded(drawn('#')), 0, how, 5)).toEqual([])
    expect(maskPolygons(encoded(drawn('#')), 0, how)[0]!.xy).toEqual(Float64Array.of(0, 0.5, -0.5, 0, 0, -0.5, 0.5, 0))
  })

  it('gives only outer borders for tc89-l1', () => {
    const rings = maskPolygons(ring, 0, { method: 'tc89-l1' })
    expect(rings.map(one => [...one.xy])).toEqual([[0, 0, 0, 3, 4, 3, 4, 0]])
  })
})
