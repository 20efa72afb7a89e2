import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../../nodes/kernels/bootstrap.ts'
import { normalShare, parzenKernels, suggestTpe, type TpeAxis } from '../../nodes/kernels/tpe.ts'

const numeric: TpeAxis = { form: 'numeric' }

/** The best loss of a search that asks `next` for its points. */
function search(
  axes: readonly TpeAxis[],
  loss: (point: readonly number[]) => number,
  trials: number,
  seed: number,
  startup: number,
): number {
  const random = randomStream(seed)
  const points: (readonly number[])[] = []
  const losses: number[] = []
  for (let trial = 0; trial < trials; trial++) {
    const point = suggestTpe(axes, { points, losses }, random, { startup })
    points.push(point)
    losses.push(loss(point))
  }
  return Math.min(...losses)
}

describe('the Parzen kernels of TPE', () => {
  it('are as wide as the way to the farther neighbour, the ends among them, and the prior is as wide as all', () => {
    // Centres 0.1, 0.4, the prior's 0.5, 0.8; no width under 1 / 5.
    const { means, widths } = parzenKernels([0.4, 0.1, 0.8])
    expect(means).toEqual([0.1, 0.4, 0.5, 0.8])
    const expected = [0.4 - 0.1, 0.4 - 0.1, 1, 0.8 - 0.5]
    for (const [i, width] of widths.entries()) expect(width).toBeCloseTo(expected[i]!, 12)
  })

  it('are never narrower than the least width', () => {
    const { widths } = parzenKernels([0.5, 0.5, 0.5])
    // Three at one place and the prior after them: no distance between, 0.5 to the end before the first.
    expect(widths).toEqual([0.5, 0.2, 0.2, 1])
  })
})

describe('the share of a normal distribution', () => {
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [3, 0.9986501019683699],
  ])('below %d is %d', (z, share) => {
    expect(Math.abs(normalShare(z) - share)).toBeLessThan(1e-7)
  })
})

describe('a point that TPE proposes', () => {
  it('lies in the space, whatever was tried', () => {
    const trial = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(2), fc.double())
    fc.assert(
      fc.property(fc.array(trial, { maxLength: 60 }), fc.nat(1000), (trials, seed) => {
        const axes: readonly TpeAxis[] = [numeric, { form: 'choice', count: 3 }]
        const points = trials.map(([place, index]) => [place, index])
        const losses = trials.map(([, , loss]) => loss)
        const [place, index] = suggestTpe(axes, { points, losses }, randomStream(seed), { startup: 5 })
        expect(place! >= 0 && place! < 1).toBe(true)
        expect([0, 1, 2]).toContain(index)
      }),
    )
  })

  it('is near the good ones and far from the bad ones', () => {
    const points = Array.from({ length: 40 }, (_, i) => [i / 40])
    const losses = points.map(([x]) => Math.abs(x! - 0.3))
    const random = randomStream(3)
    const proposed = Array.from({ length: 50 }, () => suggestTpe([numeric], { points, losses }, random)[0]!)
    expect(proposed.filter(x => Math.abs(x - 0.3) < 0.15).length).toBeGreaterThan(40)
  })

  it('prefers the choice that was good', () => {
    const points = Array.from({ length: 40 }, (_, i) => [i % 4])
    const losses = points.map(([choice]) => (choice === 2 ? 0 : 1))
    const random = randomStream(1)
    const axes: readonly TpeAxis[] = [{ form: 'choice', count: 4 }]
    const proposed = Array.from({ length: 20 }, () => suggestTpe(axes, { points, losses }, random)[0])
    expect(new Set(proposed)).toEqual(new Set([2]))
  })

  it('takes undefined losses for the worst', () => {
    const points = Array.from({ length: 40 }, (_, i) => [i / 40])
    const losses = points.map(([x]) => (x! < 0.5 ? Number.NaN : 1 - x!))
    const random = randomStream(5)
    const proposed = Array.from({ length: 30 }, () => suggestTpe([numeric], { points, losses }, random)[0]!)
    expect(proposed.filter(x => x > 0.5).length).toBeGreaterThan(25)
  })
})

describe('a search by TPE', () => {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed)
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length
  const functions: readonly [string, readonly TpeAxis[], (point: readonly number[]) => number][] = [
    ['a bowl in two dimensions', [numeric, numeric], ([x, y]) => (x! - 0.7) ** 2 + (y! - 0.2) ** 2],
    [
      'a narrow valley',
      [numeric, numeric, numeric],
      ([x, y, z]) => Math.abs(x! - 0.35) + Math.abs(y! - 0.8) * 3 + Math.abs(z! - 0.5),
    ],
    ['Branin’s function', [numeric, numeric], branin],
    [
      'a choice with a bowl each',
      [{ form: 'choice', count: 5 }, numeric, numeric],
      ([k, x, y]) => k! + (x! - 0.1 * k!) ** 2 + (y! - 0.6) ** 2,
    ],
  ]

  it.each(functions)('beats random draws on average over seeds: %s', (_name, axes, loss) => {
    const trials = 100
    const tpe = mean(seeds.map(seed => search(axes, loss, trials, seed, 20)))
    const random = mean(seeds.map(seed => search(axes, loss, trials, seed, trials)))
    expect(tpe).toBeLessThan(0.7 * random)
  })

  it('is the same for the same seed', () => {
    expect(search([numeric], ([x]) => x!, 60, 7, 20)).toBe(search([numeric], ([x]) => x!, 60, 7, 20))
  })
})

/** Minimum 0.397887, here 0. */
function branin([u, v]: readonly number[]): number {
  const [x, y] = [15 * u! - 5, 15 * v!]
  const first = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6
  return first * first + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10 - 0.397887
}
