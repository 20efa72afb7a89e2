import { assert, constantFrom, double, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Flip } from '../../nodes/kernels/box-geometry.ts'
import { limitedHw } from '../../nodes/kernels/limited-size.ts'
import { letterboxOf } from '../../nodes/kernels/paste-letterbox.ts'
import { type Normalisation, resizeTorch } from '../../nodes/kernels/resize-torch.ts'
import { boxesIntoSquare, boxesToFrame, boxesToResized, viewHw } from '../../nodes/kernels/view-frame.ts'
import { letterboxSidePx, viewSizeHw } from '../../nodes/model/view-size.ts'

const model = { longerSidePx: 1333 }

describe('viewSizeHw', () => {
  it('makes squares, stretched or with the image inside', () => {
    const letterbox = { square: 1024, how: 'letterbox' } as const
    expect(viewSizeHw(model, { square: 1024, how: 'stretch' }, [1200, 1600])).toEqual([1024, 1024])
    expect(viewSizeHw(model, letterbox, [1200, 1600])).toEqual([768, 1024])
    expect(viewSizeHw(model, letterbox, [50, 100])).toEqual([512, 1024])
    // 1023 · 1024 / 2048 = 511.5 and 1025 · 1024 / 2048 = 512.5: half to even.
    expect(viewSizeHw(model, letterbox, [2048, 1023])).toEqual([1024, 512])
    expect(viewSizeHw(model, letterbox, [2048, 1025])).toEqual([1024, 512])
    expect(letterboxSidePx(letterbox)).toBe(1024)
    for (const scale of [{ square: 1024, how: 'stretch' }, { limit: 1024 }, 'native', 800] as const) {
      expect(letterboxSidePx(scale)).toBeUndefined()
    }
  })

  it('limits the longer side, rounding the other one down', () => {
    expect(viewSizeHw(model, { limit: 1024 }, [1200, 1600])).toEqual([768, 1024])
    expect(viewSizeHw(model, { limit: 1024 }, [1600, 1199])).toEqual([1024, 767])
    expect(viewSizeHw(model, { limit: 1024 }, [1024, 1000])).toEqual([1024, 1000])
    expect(limitedHw([1500, 1500], 1024)).toEqual([1024, 1024])
    expect(limitedHw([5000, 1], 1024)).toEqual([1024, 1])
  })
})

describe('views in a square', () => {
  it('lie as the published letterbox has it', () => {
    expect(letterboxOf([1200, 1600], 1024)).toEqual({ squarePx: 1024, left: 0, top: 128, contentHw: [768, 1024] })
    expect(letterboxOf([3, 4], 5)).toMatchObject({ left: 0, top: 0, contentHw: [4, 5] })
  })

  it('map boxes there and back', () => {
    const side = integer({ min: 1, max: 500 })
    const share = double({ min: 0, max: 1, noNaN: true })
    const flips = constantFrom<Flip>('none', 'horizontal', 'vertical', 'rotate-180')
    assert(
      property(tuple(side, side), side, flips, tuple(share, share, share, share), ([h, w], squarePx, flip, shares) => {
        const { contentHw } = letterboxOf([h, w], squarePx)
        if (Math.min(...contentHw) === 0) return
        const view = { frameHw: [h, w], resizedHw: contentHw, flip, squarePx } as const
        const [x1, x2] = [shares[0] * w, shares[1] * w].sort((a, b) => a - b) as [number, number]
        const [y1, y2] = [shares[2] * h, shares[3] * h].sort((a, b) => a - b) as [number, number]
        const inView = boxesIntoSquare(boxesToResized(Float64Array.of(x1, y1, x2, y2), view), view)
        for (const value of inView) {
          expect(value).toBeGreaterThanOrEqual(-1e-9)
          expect(value).toBeLessThanOrEqual(squarePx + 1e-9)
        }
        const back = boxesToFrame(inView, view)
        for (const [i, value] of [x1, y1, x2, y2].entries()) expect(back[i]).toBeCloseTo(value, 6)
      }),
    )
  })

  it('cut off what reaches into the black', () => {
    const view = { frameHw: [60, 100], resizedHw: [60, 100], flip: 'none', squarePx: 100 } as const
    expect(viewHw(view)).toEqual([100, 100])
    expect([...boxesToFrame(Float64Array.of(10, 0, 20, 50, 10, 90, 20, 100), view)]).toEqual([
      10, 0, 20, 30, 10, 60, 20, 60,
    ])
  })

  it('are the padded picture to the network: black is normalised, the padding to multiples is 0', () => {
    const rule: Normalisation = { channelOrder: 'rgb', valueRange: [0, 255], mean: [10, 20, 30], std: [1, 2, 4] }
    const rgb = Uint8Array.from({ length: 2 * 3 * 3 }, (_, k) => 7 * k)
    const letterbox = letterboxOf([2, 3], 3)
    const { dims, data } = resizeTorch(rgb, [2, 3], [2, 3], 4, rule, 'none', letterbox)
    expect(dims).toEqual([1, 3, 4, 4])
    expect([letterbox.left, letterbox.top]).toEqual([0, 0])
    const lower = { ...letterbox, top: 1 }
    const moved = resizeTorch(rgb, [2, 3], [2, 3], 4, rule, 'none', lower).data
    for (let plane = 0; plane < 3; plane++) {
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 4; x++) {
          const value = (byte: number) => (byte - rule.mean[plane]!) / rule.std[plane]!
          const at = (row: number) => (row >= 0 && row < 2 ? value(rgb[3 * (3 * row + x) + plane]!) : value(0))
          const expected = (top: number) => (x > 2 || y > 2 ? 0 : at(y - top))
          expect(data[16 * plane + 4 * y + x]).toBeCloseTo(expected(0), 4)
          expect(moved[16 * plane + 4 * y + x]).toBeCloseTo(expected(1), 4)
        }
      }
    }
  })
})
