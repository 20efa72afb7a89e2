import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyMasks } from '../../nodes/kernels/mask-sets.ts'
import {
  classPixels,
  confusion,
  countPixels,
  microJaccard,
  pixelScore,
  reducePixelScores,
} from '../../nodes/kernels/pixel-metrics.ts'
import { countsToMaskSet } from '../../nodes/kernels/rle.ts'

describe('pixel metrics', () => {
  it('counts pixels of the union of the masks', () => {
    const truth = countsToMaskSet(
      [
        [0, 4, 6],
        [2, 4, 4],
      ],
      [1, 10],
    )
    const found = countsToMaskSet([[5, 3, 2]], [1, 10])
    expect(countPixels(truth, found)).toEqual({ shared: 1, truth: 6, found: 3 })
    expect(countPixels(emptyMasks([1, 10], 0), found)).toEqual({ shared: 0, truth: 0, found: 3 })
  })

  it('measures one image', () => {
    const counts = { shared: 2, truth: 6, found: 4 }
    expect(pixelScore(counts, 'jaccard')).toBe(0.25)
    expect(pixelScore(counts, 'dice')).toBe(0.4)
    expect(pixelScore(counts, 'precision')).toBe(0.5)
    expect(pixelScore(counts, 'recall')).toBeCloseTo(1 / 3, 15)
    expect(pixelScore({ shared: 0, truth: 0, found: 0 }, 'jaccard')).toBe(1)
    expect(pixelScore({ shared: 0, truth: 5, found: 0 }, 'precision')).toBe(0)
  })

  it('reduces per image or pooled, and zeroes low scores when asked', () => {
    const images = [
      { shared: 9, truth: 10, found: 9 },
      { shared: 1, truth: 2, found: 1 },
    ]
    expect(reducePixelScores(images, 'jaccard', { reduce: 'image-mean' })).toBeCloseTo(0.7, 12)
    expect(reducePixelScores(images, 'jaccard', { reduce: 'pooled' })).toBeCloseTo(10 / 12, 12)
    expect(reducePixelScores(images, 'jaccard', { reduce: 'image-mean', zeroBelow: 0.65 })).toBeCloseTo(0.45, 12)
    expect(reducePixelScores(images, 'jaccard', { reduce: 'image-mean' }, Uint32Array.of(0, 2))).toBe(0.5)
    const withEmpty = [...images, { shared: 0, truth: 0, found: 0 }]
    expect(reducePixelScores(withEmpty, 'jaccard', { reduce: 'image-mean', empty: 'skip' })).toBeCloseTo(0.7, 12)
    expect(reducePixelScores([], 'dice', { reduce: 'pooled' })).toBeNaN()
  })

  it('makes a confusion matrix that leaves out ignored pixels and remembers unlabelled predictions', () => {
    const result = confusion([0, 0, 1, 1, 255, 1], [0, 1, 1, 1, 0, 9], 2, 255)
    expect([...result.matrix]).toEqual([1, 1, 0, 2])
    expect([...result.missed]).toEqual([0, 1])
    expect(classPixels(result)).toEqual([
      { shared: 1, truth: 2, found: 1 },
      { shared: 2, truth: 3, found: 3 },
    ])
    expect(() => confusion([0], [0, 1], 2)).toThrow('1 true and 2 predicted pixels')
  })

  it('shows how micro and building IoU differ on the published toy: 100 pixels, 10 of buildings, 5 found', () => {
    const truth = Array.from({ length: 100 }, (_, i) => (i < 10 ? 1 : 0))
    const found = Array.from({ length: 100 }, (_, i) => (i < 5 ? 1 : 0))
    const [ground, building] = classPixels(confusion(truth, found, 2))
    expect(pixelScore(building!, 'jaccard')).toBe(0.5)
    const micro = reducePixelScores([ground!, building!], 'jaccard', { reduce: 'pooled' })
    expect(micro).toBeCloseTo(0.9048, 4)
    expect(microJaccard([building!], [100], 5)).toBe(micro)
  })

  it('takes micro Jaccard of so many images at a time and then the mean, as a slow count of labels gives it', () => {
    const images = fc.array(fc.array(fc.tuple(fc.nat(1), fc.nat(1)), { minLength: 1, maxLength: 30 }), {
      minLength: 1,
      maxLength: 9,
    })
    fc.assert(
      fc.property(images, fc.integer({ min: 1, max: 5 }), (pairs, batch) => {
        const counts = pairs.map(
          pixels =>
            classPixels(
              confusion(
                pixels.map(([t]) => t),
                pixels.map(([, f]) => f),
                2,
              ),
            )[1]!,
        )
        const scores: number[] = []
        for (let from = 0; from < pairs.length; from += batch) {
          const pixels = pairs.slice(from, from + batch).flat()
          const right = pixels.filter(([t, f]) => t === f).length
          // Over both labels: true positives are the right pixels, and each wrong one is a miss of one and a false of the other.
          scores.push(right / (2 * pixels.length - right))
        }
        const expected = scores.reduce((sum, score) => sum + score, 0) / scores.length
        expect(
          microJaccard(
            counts,
            pairs.map(pixels => pixels.length),
            batch,
          ),
        ).toBeCloseTo(expected, 12)
      }),
    )
  })
})
