import { assert, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskPolygons } from '../../nodes/kernels/mask-polygons.ts'
import { pixelEdgeOutlines } from '../../nodes/kernels/pixel-edges.ts'
import { polygonsToMask } from '../../nodes/kernels/polygon.ts'
import { type DenseMask, decoded, denseMasks, drawn, encoded, pixel, rows, sizeOf } from '../helpers/dense-masks.ts'

const outlinesOf = (picture: string) => pixelEdgeOutlines(encoded(drawn(picture)), 0).map(ring => [...ring])

/** By flood from outside, 8-connected: what is not reached is the mask without its holes. */
function filled(mask: DenseMask): DenseMask {
  const outside = new Set<string>()
  const open: [number, number][] = [[-1, -1]]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [x, y] = at
    if (x < -1 || y < -1 || x > mask.width || y > mask.height || outside.has(`${x},${y}`) || pixel(mask, x, y)) continue
    outside.add(`${x},${y}`)
    for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) open.push([x + dx, y + dy])
  }
  const pixels = mask.pixels.map((_, k) => (outside.has(`${k % mask.width},${Math.floor(k / mask.width)}`) ? 0 : 1))
  return { ...mask, pixels }
}

describe('pixelEdgeOutlines', () => {
  it('goes around pixels clockwise and around holes the other way', () => {
    expect(outlinesOf('.#')).toEqual([[1.5, -0.5, 1.5, 0.5, 0.5, 0.5, 0.5, -0.5]])
    const [outer, hole] = maskPolygons(encoded(drawn('###/#.#/###')), 0, { method: 'pixel-edges' })
    expect(outer).toMatchObject({ isHole: false })
    expect(hole).toMatchObject({ isHole: true })
    expect(new Set(Array.from({ length: 4 }, (_, k) => `${hole!.xy[2 * k]},${hole!.xy[2 * k + 1]}`))).toEqual(
      new Set(['0.5,0.5', '1.5,0.5', '1.5,1.5', '0.5,1.5']),
    )
  })

  it('outlines pixels that share only a corner apart', () => {
    expect(outlinesOf('#./.#')).toHaveLength(2)
    expect(outlinesOf('')).toEqual([])
  })

  it('is the mask again when pycocotools draws it, the holes filled', () => {
    assert(
      property(denseMasks(1, 10), ([mask]) => {
        const rings = maskPolygons(encoded(mask!), 0, { method: 'pixel-edges' })
        const parts = rings.filter(({ isHole }) => !isHole).map(({ xy }) => xy.map(value => value + 0.5))
        expect(rows(decoded(polygonsToMask(parts, sizeOf(mask!))))).toBe(rows(filled(mask!)))
      }),
    )
  })

  it('has a corner exactly where one or three of four pixels are set, or two across, then twice', () => {
    assert(
      property(denseMasks(1, 8), ([mask]) => {
        const found: string[] = []
        for (const ring of pixelEdgeOutlines(encoded(mask!), 0)) {
          for (let k = 0; k < ring.length; k += 2) found.push(`${ring[k]! + 0.5},${ring[k + 1]! + 0.5}`)
        }
        const expected: string[] = []
        for (let y = 0; y <= mask!.height; y++) {
          for (let x = 0; x <= mask!.width; x++) {
            const four = [
              pixel(mask!, x - 1, y - 1),
              pixel(mask!, x, y - 1),
              pixel(mask!, x - 1, y),
              pixel(mask!, x, y),
            ]
            const set = four.reduce((sum, value) => sum + value, 0)
            if (set % 2 === 1) expected.push(`${x},${y}`)
            if (set === 2 && four[0] === four[3]) expected.push(`${x},${y}`, `${x},${y}`)
          }
        }
        expect(found.sort()).toEqual(expected.sort())
      }),
    )
  })
})
