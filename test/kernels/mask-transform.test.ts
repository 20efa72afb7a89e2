import { assert, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  flipMasksHorizontal,
  flipMasksVertical,
  moveMasks,
  rotateMasks,
  transposeMasks,
} from '../../nodes/kernels/mask-transform.ts'
import { decoded, denseFrom, denseMasks, drawn, encoded, pixel, rows, sizes } from '../helpers/dense-masks.ts'

describe('moves of masks', () => {
  it('equal moves of pixels', () => {
    assert(
      property(denseMasks(2, 12), masks => {
        const set = encoded(...masks)
        masks.forEach((mask, i) => {
          const { height: h, width: w } = mask
          const moved = (result: typeof set) => rows(decoded(result, i))
          const turned = (from: (x: number, y: number) => number) => rows(denseFrom(w, h, from))
          const same = (from: (x: number, y: number) => number) => rows(denseFrom(h, w, from))
          expect(moved(transposeMasks(set))).toBe(turned((x, y) => pixel(mask, y, x)))
          expect(moved(flipMasksHorizontal(set))).toBe(same((x, y) => pixel(mask, w - 1 - x, y)))
          expect(moved(flipMasksVertical(set))).toBe(same((x, y) => pixel(mask, x, h - 1 - y)))
          expect(moved(rotateMasks(set, 1))).toBe(turned((x, y) => pixel(mask, y, h - 1 - x)))
          expect(moved(rotateMasks(set, 2))).toBe(same((x, y) => pixel(mask, w - 1 - x, h - 1 - y)))
          expect(moved(rotateMasks(set, -1))).toBe(turned((x, y) => pixel(mask, w - 1 - y, x)))
        })
      }),
    )
  })

  it('can be undone', () => {
    assert(
      property(denseMasks(2, 20), masks => {
        const set = encoded(...masks)
        for (const undo of [flipMasksHorizontal, flipMasksVertical, transposeMasks])
          expect(undo(undo(set))).toEqual(set)
        expect(rotateMasks(rotateMasks(set, 1), 3)).toEqual(set)
        expect(rotateMasks(rotateMasks(set, -7), -1)).toEqual(set)
      }),
    )
  })

  it('turn clockwise', () => {
    expect(rows(decoded(rotateMasks(encoded(drawn('##./...')), 1)))).toBe('01/01/00')
  })
})

describe('moveMasks', () => {
  it('equals copying pixels into the other frame', () => {
    const shift = integer({ min: -8, max: 8 })
    assert(
      property(denseMasks(2, 10), shift, shift, sizes(14), (masks, dx, dy, toHw) => {
        const moved = moveMasks(encoded(...masks), dx, dy, toHw)
        masks.forEach((mask, i) => {
          const expected = denseFrom(toHw[0], toHw[1], (x, y) => pixel(mask, x - dx, y - dy))
          expect(rows(decoded(moved, i))).toBe(rows(expected))
        })
      }),
    )
  })
})
