import { describe, expect, it } from 'vitest'
import { bootstrapIntervals, quantile, randomStream } from '../../nodes/kernels/bootstrap.ts'

describe('bootstrap over images', () => {
  const values = Float64Array.from({ length: 80 }, (_, i) => (i * 37) % 80)
  const mean = (repeats: Uint32Array) => [
    repeats.reduce((sum, times, i) => sum + times * values[i]!, 0) / values.length,
  ]

  it('finds the spread of a mean that theory gives', () => {
    const [interval] = bootstrapIntervals({ imageCount: 80, replicates: 4000, seed: 1 }, mean)
    const centre = 39.5
    const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / 80
    const error = Math.sqrt(variance / 80)
    expect(Math.abs(interval!.standardError / error - 1)).toBeLessThan(0.05)
    expect(Math.abs(interval!.low - (centre - 1.96 * error))).toBeLessThan(0.4)
    expect(Math.abs(interval!.high - (centre + 1.96 * error))).toBeLessThan(0.4)
  })

  it('draws the same images for the same seed and others for another', () => {
    const run = (seed: number) => bootstrapIntervals({ imageCount: 80, replicates: 50, seed }, mean)
    expect(run(3)).toEqual(run(3))
    expect(run(3)).not.toEqual(run(4))
  })

  it('draws as many images as there are in every replicate', () => {
    bootstrapIntervals({ imageCount: 7, replicates: 20 }, repeats => {
      expect(repeats.reduce((a, b) => a + b, 0)).toBe(7)
      return [0]
    })
  })

  it('leaves out replicates in which a number is not defined', () => {
    let replicate = 0
    const [odd, never] = bootstrapIntervals({ imageCount: 2, replicates: 10 }, () => [
      replicate++ % 2 ? 1 : Number.NaN,
      Number.NaN,
    ])
    expect(odd).toEqual({ low: 1, high: 1, standardError: 0, replicates: 5 })
    expect(never!.low).toBeNaN()
    expect(bootstrapIntervals({ imageCount: 0 }, () => [1])).toEqual([])
  })

  it('interpolates quantiles as numpy does', () => {
    const sorted = Float64Array.of(1, 2, 4, 8)
    expect([0, 0.25, 0.5, 0.9, 1].map(share => quantile(sorted, share))).toEqual([1, 1.75, 3, 6.800000000000001, 8])
  })

  it('has a stream of numbers that stays as it is', () => {
    const next = randomStream(42)
    const numbers = Array.from({ length: 1000 }, next)
    expect(numbers.every(value => value >= 0 && value < 1)).toBe(true)
    expect(numbers.slice(0, 3)).toMatchInlineSnapshot(`
      [
        0.29131023259833455,
        0.15283041051588953,
        0.111337996320799,
      ]
    `)
  })
})
