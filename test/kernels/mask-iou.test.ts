import { readFileSync } from 'node:fs'
import { assert, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  complementEach,
  differenceEach,
  intersectionEach,
  intersectionOfAll,
  unionEach,
  unionOfAll,
} from '../../nodes/kernels/mask-algebra.ts'
import { maskIntersections, maskIoa, maskIos, maskIou } from '../../nodes/kernels/mask-iou.ts'
import { concatMasks, emptyMasks, selectMasks } from '../../nodes/kernels/mask-sets.ts'
import { boxToMask } from '../../nodes/kernels/polygon.ts'
import { countsToMaskSet, maskCounts } from '../../nodes/kernels/rle.ts'
import { decodeCounts, encodeCounts } from '../../nodes/kernels/rle-string.ts'
import { type DenseMask, decoded, denseFrom, denseMasks, encoded, pixel, rows } from '../helpers/dense-masks.ts'

interface Frame {
  readonly sizeHw: [number, number]
  readonly counts: string[]
  readonly crowd: number[]
  readonly iou: number[][]
  readonly iouCrowd: number[][]
  readonly union: string
  readonly intersection: string
}

const { frames } = JSON.parse(readFileSync(new URL('../golden/masks/golden.json', import.meta.url), 'utf8')) as {
  frames: Frame[]
}
const maskSetOf = ({ counts, sizeHw }: Frame) =>
  countsToMaskSet(
    counts.map(text => decodeCounts(text, sizeHw)),
    sizeHw,
  )

const shared = (a: DenseMask, b: DenseMask) => a.pixels.reduce((sum, bit, k) => sum + (bit & b.pixels[k]!), 0)
const area = (a: DenseMask) => shared(a, a)

describe('maskIou', () => {
  it('equals pycocotools to the last bit, with and without crowds', () => {
    for (const frame of frames) {
      const masks = maskSetOf(frame)
      expect([...maskIou(masks, masks)]).toEqual(frame.iou.flat())
      expect([...maskIou(masks, masks, { crowd: Uint8Array.from(frame.crowd) })]).toEqual(frame.iouCrowd.flat())
      // The same through the way for two different sets.
      const copy = concatMasks([masks])
      expect([...maskIou(masks, copy, { crowd: Uint8Array.from(frame.crowd) })]).toEqual(frame.iouCrowd.flat())
    }
  })

  it('equals counting pixels, as do the overlaps in the first and in the smaller mask', () => {
    assert(
      property(denseMasks(6, 12), masks => {
        const [a, b] = [masks.slice(0, 2), masks.slice(2)]
        const all = [maskIntersections, maskIou, maskIoa, maskIos].map(measure => [
          ...measure(encoded(...a), encoded(...b)),
        ])
        const expected = (ratio: (i: number, ofA: number, ofB: number) => number) =>
          a.flatMap(x => b.map(y => (shared(x, y) === 0 ? 0 : ratio(shared(x, y), area(x), area(y)))))
        expect(all).toEqual([
          expected(i => i),
          expected((i, ofA, ofB) => i / (ofA + ofB - i)),
          expected((i, ofA) => i / ofA),
          expected((i, ofA, ofB) => i / Math.min(ofA, ofB)),
        ])
      }),
    )
  })

  it('is symmetric, and 1 on the diagonal of masks with pixels', () => {
    assert(
      property(denseMasks(5, 20), masks => {
        const set = encoded(...masks)
        const matrix = maskIou(set, set)
        for (let i = 0; i < 5; i++) {
          expect(matrix[6 * i]).toBe(area(masks[i]!) > 0 ? 1 : 0)
          for (let j = 0; j < 5; j++) expect(matrix[5 * i + j]).toBe(matrix[5 * j + i])
        }
      }),
    )
  })

  it('is 0 for empty masks and refuses two frames', () => {
    expect([...maskIou(emptyMasks([3, 3], 2), emptyMasks([3, 3], 1))]).toEqual([0, 0])
    expect(() => maskIou(emptyMasks([3, 4], 1), emptyMasks([4, 3], 1))).toThrow('cannot be compared')
  })

  it('is 1/7 for two squares that share a corner, 1/4 against a crowd', () => {
    const a = boxToMask([0, 0, 4, 4], [8, 8])
    const b = boxToMask([2, 2, 4, 4], [8, 8])
    expect([...maskIou(a, b)]).toEqual([0.14285714285714285])
    expect([...maskIou(a, b, { crowd: Uint8Array.of(1) })]).toEqual([0.25])
  })
})

describe('mask algebra', () => {
  it('equals merge of pycocotools', () => {
    for (const frame of frames) {
      const masks = maskSetOf(frame)
      expect(encodeCounts(maskCounts(unionOfAll(selectMasks(masks, [0, 1, 2])), 0))).toBe(frame.union)
      expect(encodeCounts(maskCounts(intersectionOfAll(selectMasks(masks, [3, 4])), 0))).toBe(frame.intersection)
    }
  })

  it('equals the algebra of pixels', () => {
    assert(
      property(denseMasks(5, 12), masks => {
        const set = encoded(...masks)
        const every = (test: (bits: number[]) => boolean) =>
          rows(denseFrom(masks[0]!.height, masks[0]!.width, (x, y) => test(masks.map(mask => pixel(mask, x, y)))))
        expect(rows(decoded(unionOfAll(set)))).toBe(every(bits => bits.includes(1)))
        expect(rows(decoded(intersectionOfAll(set)))).toBe(every(bits => !bits.includes(0)))
        const [a, b] = [selectMasks(set, [0]), selectMasks(set, [1])]
        expect(rows(decoded(unionEach(a, b)))).toBe(every(([x, y]) => x === 1 || y === 1))
        expect(rows(decoded(intersectionEach(a, b)))).toBe(every(([x, y]) => x === 1 && y === 1))
        expect(rows(decoded(differenceEach(a, b)))).toBe(every(([x, y]) => x === 1 && y === 0))
        expect(rows(decoded(complementEach(a)))).toBe(every(([x]) => x === 0))
      }),
    )
  })

  it('unites few pixels far apart like many close together', () => {
    const corners = [0, 5, 1_000_000, 3_999_999, 17, 5]
    const masks = countsToMaskSet(
      corners.map(at => [at, 1, 4_000_000 - at - 1]),
      [2000, 2000],
    )
    expect([...unionOfAll(masks).starts]).toEqual([0, 5, 17, 1_000_000, 3_999_999])
    expect([...unionOfAll(masks).ends]).toEqual([1, 6, 18, 1_000_001, 4_000_000])
  })

  it('has an empty mask for no masks, and pairs only what belongs together', () => {
    expect(unionOfAll(emptyMasks([3, 2], 0))).toEqual(emptyMasks([3, 2], 1))
    expect(complementEach(emptyMasks([0, 2], 1))).toEqual(emptyMasks([0, 2], 1))
    expect(() => unionEach(emptyMasks([3, 2], 1), emptyMasks([2, 3], 1))).toThrow('have no union')
    expect(() => differenceEach(emptyMasks([3, 2], 1), emptyMasks([3, 2], 2))).toThrow('do not make pairs')
  })
})
