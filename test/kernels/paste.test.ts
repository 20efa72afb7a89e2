import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { differenceEach } from '../../nodes/kernels/mask-algebra.ts'
import { type PasteConvention, pasteMasks, pasteSoft } from '../../nodes/kernels/paste.ts'
import { pasteAligned } from '../../nodes/kernels/paste-aligned.ts'
import { letterboxOf } from '../../nodes/kernels/paste-letterbox.ts'
import { countsToMaskSet, decodeDense, maskAreas } from '../../nodes/kernels/rle.ts'
import { decodeCounts } from '../../nodes/kernels/rle-string.ts'

interface Expected {
  readonly at_half: string
  readonly at_low: string
  readonly quantised: string
  readonly unsure: number
  readonly unsure_low: number
  readonly sum: number
}

interface Case {
  readonly maskSizePx: number
  readonly levels: readonly number[]
  readonly sizeHw: [number, number]
  readonly boxXyxy: number[]
  readonly boxInSquareXyxy: number[]
  readonly squarePx: number
  readonly expected: { readonly [convention: string]: Expected }
}

const { cases } = JSON.parse(readFileSync(new URL('../golden/paste/golden.json', import.meta.url), 'utf8')) as {
  cases: Case[]
}

/** Pixels in which a mask differs from a COCO text. */
function differingPixels(masks: ReturnType<typeof pasteMasks>, text: string): number {
  const expected = countsToMaskSet([decodeCounts(text, masks.sizeHw)], masks.sizeHw)
  return maskAreas(differenceEach(masks, expected))[0]! + maskAreas(differenceEach(expected, masks))[0]!
}

describe('pasteMasks', () => {
  for (const convention of ['detectron2', 'torchvision', 'mmdet1', 'keras', 'letterbox'] as const) {
    it(`equals the published ${convention} code`, () => {
      for (const one of cases) {
        const probabilities = Float32Array.from(one.levels, level => level / 255)
        const box = Float64Array.from(convention === 'letterbox' ? one.boxInSquareXyxy : one.boxXyxy)
        const expected = one.expected[convention]!
        const paste = (threshold: number, quantise: 'none' | 'u8-truncate' = 'none') =>
          pasteMasks(probabilities, one.maskSizePx, box, one.sizeHw, {
            convention,
            threshold,
            quantise,
            squarePx: one.squarePx,
            ...(quantise === 'u8-truncate' ? { comparison: '>' as const } : {}),
          })
        // Pixels within 1e-6 of the threshold may fall on either side.
        expect(differingPixels(paste(0.5), expected.at_half)).toBeLessThanOrEqual(expected.unsure)
        expect(differingPixels(paste(0.3), expected.at_low)).toBeLessThanOrEqual(expected.unsure_low)
        expect(differingPixels(paste(0.45, 'u8-truncate'), expected.quantised)).toBeLessThanOrEqual(expected.unsure)
        const region = pasteSoft(probabilities, one.maskSizePx, box, 0, one.sizeHw, {
          convention,
          squarePx: one.squarePx,
        })
        let sum = 0
        for (const value of region?.values ?? []) sum += value
        expect(Math.abs(sum - expected.sum)).toBeLessThan(1e-6 * (1 + (region?.values.length ?? 0)))
      }
    })
  }

  it('gives maskrcnn-benchmark the numbers of torchvision', () => {
    const ones = new Float32Array(4).fill(1)
    const options = { threshold: 0.5, comparison: '>' } as const
    const [a, b] = (['torchvision', 'maskrcnn-benchmark'] as const).map(convention =>
      pasteMasks(ones, 2, Float64Array.of(0, 0, 3, 3), [4, 4], { convention, ...options }),
    )
    expect(a).toEqual(b)
    // Of 0, .5, 1, 1, .5, 0 over −1 … 4 only 1 and 2 exceed one half.
    expect([...decodeDense(a!, 0, 'row-major')]).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0])
  })

  it('accepts 115 as the first level at threshold 0.45 of 255', () => {
    const at = (level: number) =>
      maskAreas(
        pasteMasks(Float32Array.of((level + 0.5) / 255), 1, Float64Array.of(0, 0, 1, 1), [1, 1], {
          convention: 'keras',
          threshold: 0.45,
          quantise: 'u8-truncate',
        }),
      )[0]
    expect([at(114), at(115)]).toEqual([0, 1])
  })

  it('leaves boxes outside the frame, inside out or without area empty, however large', () => {
    const roiMasks = new Float32Array(4 * 4 * 4).fill(1)
    const boxes = Float64Array.of(-50, -50, -20, -20, 30, 5, 20, 9, 1e9, 1e9, 2e9, 2e9, 5, 500, 9, 900)
    const conventions: PasteConvention[] = [
      'aligned',
      'detectron2',
      'torchvision',
      'maskrcnn-benchmark',
      'mmdet1',
      'keras',
      'letterbox',
    ]
    for (const convention of conventions) {
      const masks = pasteMasks(roiMasks, 4, boxes, [40, 40], { convention, threshold: 0.5, squarePx: 40 })
      // mmdetection 1 gives a box that is inside out one pixel of width.
      const expected = convention === 'mmdet1' ? [0, 5, 0, 0] : [0, 0, 0, 0]
      expect([convention, ...maskAreas(masks)]).toEqual([convention, ...expected])
    }
  })

  it('covers the frame when the box is much larger than it', () => {
    for (const convention of ['aligned', 'detectron2', 'torchvision', 'mmdet1', 'keras', 'letterbox'] as const) {
      const masks = pasteMasks(new Float32Array(9).fill(1), 3, Float64Array.of(-1e6, -1e6, 1e6, 1e6), [5, 7], {
        convention,
        threshold: 0.5,
        squarePx: 16,
      })
      expect([convention, maskAreas(masks)[0]]).toEqual([convention, 35])
    }
  })
})

describe('pasteAligned', () => {
  it('equals the float32 sampling of detectron2 except where rounding decides', () => {
    for (const one of cases) {
      const probabilities = Float32Array.from(one.levels, level => level / 255)
      const masks = pasteAligned(probabilities, one.maskSizePx, Float64Array.from(one.boxXyxy), one.sizeHw, 0.3)
      const expected = one.expected['detectron2']!
      // A side of 0 is 1e-6 px here and the centre there.
      if (one.boxXyxy[0] === one.boxXyxy[2]) continue
      expect(differingPixels(masks, expected.at_low)).toBeLessThanOrEqual(expected.unsure_low)
    }
  })

  it('fades over half a cell on both sides of the box', () => {
    const ones = new Float32Array(28 * 28).fill(1)
    const columns = (x2: number) => {
      const masks = pasteAligned(ones, 28, Float64Array.of(10, 0, x2, 28), [28, 80], 0.5)
      const row = decodeDense(masks, 0, 'row-major').subarray(14 * 80, 15 * 80)
      return [row.indexOf(1), row.lastIndexOf(1)]
    }
    expect(columns(38)).toEqual([10, 37])
    expect(columns(66)).toEqual([10, 65])
  })
})

describe('letterboxOf', () => {
  it('puts a 1600 x 1200 picture between two bars of 128', () => {
    expect(letterboxOf([1200, 1600], 1024)).toEqual({ squarePx: 1024, left: 0, top: 128, contentHw: [768, 1024] })
  })
})
