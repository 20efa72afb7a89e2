import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { unionOfAll } from '../../nodes/kernels/mask-algebra.ts'
import { concatMasks, maskCount, validateMaskSet } from '../../nodes/kernels/mask-sets.ts'
import { boxToMask, polygonsToMask, polygonsToMaskSet, polygonToMask } from '../../nodes/kernels/polygon.ts'
import { maskAreas, maskCounts } from '../../nodes/kernels/rle.ts'
import { encodeCounts } from '../../nodes/kernels/rle-string.ts'

interface Golden {
  readonly polygons: { readonly sizeHw: [number, number]; readonly xy: number[]; readonly counts: string }[]
  readonly boxes: { readonly sizeHw: [number, number]; readonly xywh: number[]; readonly counts: string }[]
}

const golden = JSON.parse(readFileSync(new URL('../golden/masks/golden.json', import.meta.url), 'utf8')) as Golden
const text = (masks: Parameters<typeof maskCounts>[0]) => encodeCounts(maskCounts(masks, 0))

describe('polygonToMask', () => {
  it('gives the published vectors of frPyObjects', () => {
    const vectors: [[number, number], number[], string][] = [
      [[5, 5], [1, 1, 1, 3, 3, 3, 3, 1], '62309'],
      [[5, 5], [0, 0, 0, 5, 5, 5, 5, 0], '0i0'],
      [[6, 6], [1.5, 1.5, 1.5, 3.5, 3.5, 3.5, 3.5, 1.5], '>240:'],
      [[8, 8], [2, 1, 6, 3, 3, 7], 'a0361NO2N>'],
      [[5, 5], [-2, -2, -2, 3, 3, 3, 3, -2], '032000:'],
      [[4, 4], [0.3, 0.3, 0.3, 0.6, 0.6, 0.6, 0.6, 0.3], '01?'],
      [[10, 10], [1, 1, 8, 1, 1, 8, 8, 8], 'a013011O0O1140KO11N115O='],
    ]
    for (const [sizeHw, xy, expected] of vectors) expect(text(polygonToMask(xy, sizeHw))).toBe(expected)
  })

  it('equals frPyObjects on random polygons: outside the frame, crossing themselves, with repeated points', () => {
    for (const { sizeHw, xy, counts } of golden.polygons) {
      const masks = polygonToMask(xy, sizeHw)
      expect(validateMaskSet(masks)).toBeUndefined()
      expect([xy, text(masks)]).toEqual([xy, counts])
    }
  })

  it('does not mind the direction or the first vertex', () => {
    for (const { sizeHw, xy } of golden.polygons.slice(0, 100)) {
      const points = Array.from({ length: xy.length / 2 }, (_, k) => [xy[2 * k]!, xy[2 * k + 1]!])
      const turned = [...points.slice(1), points[0]!].reverse().flat()
      expect(polygonToMask(turned, sizeHw)).toEqual(polygonToMask(xy, sizeHw))
    }
  })

  it('takes huge coordinates, few points and no points without drawing for long', () => {
    expect(maskAreas(polygonToMask([-1e7, -1e7, 1e7, -1e7, 1e7, 1e7, -1e7, 1e7], [9, 11]))[0]).toBe(99)
    expect(maskAreas(polygonToMask([1e12, 1e12, 2e12, 1e12, 2e12, 2e12], [9, 11]))[0]).toBe(0)
    expect(maskAreas(polygonToMask([3, 3, 8, 8], [9, 11]))[0]).toBe(0)
    expect(maskAreas(polygonToMask([], [9, 11]))[0]).toBe(0)
  })

  it('refuses coordinates that are no numbers', () => {
    expect(() => polygonToMask([1, 2, Number.NaN, 4, 5, 6], [9, 9])).toThrow('polygon coordinate 2 is NaN')
    expect(() => polygonToMask([1, 2, 3, Number.POSITIVE_INFINITY, 5, 6], [9, 9])).toThrow('coordinate 3 is Infinity')
  })
})

describe('polygonsToMask', () => {
  it('unites the parts of one object and gives an object without parts an empty mask', () => {
    const { sizeHw } = golden.polygons[0]!
    const parts = golden.polygons.slice(0, 3).map(one => one.xy)
    const each = concatMasks(parts.map(xy => polygonToMask(xy, sizeHw)))
    expect(polygonsToMask(parts, sizeHw)).toEqual(unionOfAll(each))
    const set = polygonsToMaskSet([parts, [], [parts[1]!]], sizeHw)
    expect(maskCount(set)).toBe(3)
    expect(maskAreas(set)[1]).toBe(0)
  })
})

describe('boxToMask', () => {
  it('equals the boxes of frPyObjects', () => {
    for (const { sizeHw, xywh, counts } of golden.boxes) {
      expect([xywh, text(boxToMask(xywh, sizeHw))]).toEqual([xywh, counts])
    }
  })
})
