import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Calibration,
  calibrateScores,
  fitIsotonic,
  fitRanks,
  fitTemperature,
  type Knots,
} from '../../nodes/kernels/calibration.ts'
import { reliability } from '../../nodes/kernels/reliability.ts'

interface Case {
  readonly scores: number[]
  readonly right: number[]
  readonly asked: number[]
  readonly isotonic: number[]
  readonly knot_scores: number[]
  readonly knot_values: number[]
  readonly inverse_temperature: number
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/calibration/golden.json', import.meta.url), 'utf8'),
) as readonly Case[]

const floats = (values: readonly number[]) => Float64Array.from(values)
const bits = (values: readonly number[]) => Uint8Array.from(values)

/** Scores on a coarse grid, so that ties are common, each right or wrong. */
const judged = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.boolean()), { maxLength: 60 })
  .map(pairs => ({ scores: floats(pairs.map(([s]) => s / 40)), right: bits(pairs.map(([, y]) => Number(y))) }))

const fits: { readonly [method: string]: (scores: Float64Array, right: Uint8Array) => Calibration } = {
  temperature: (scores, right) => ({ temperature: fitTemperature(scores, right) }),
  isotonic: fitIsotonic,
  rank: scores => fitRanks(scores),
}

describe('calibration equals scikit-learn', () => {
  it.each(golden.map((one, i) => [i, one] as const))('case %i', (_, one) => {
    const scores = floats(one.scores)
    const right = bits(one.right)
    const knots = fitIsotonic(scores, right)
    expect(knots.scores).toEqual(one.knot_scores)
    Array.from(knots.values).forEach((value, i) => void expect(value).toBeCloseTo(one.knot_values[i]!, 13))
    calibrateScores(knots, floats(one.asked)).forEach(
      (value, i) => void expect(value).toBeCloseTo(one.isotonic[i]!, 13),
    )
    expect(1 / fitTemperature(scores, right) / one.inverse_temperature).toBeCloseTo(1, 6)
  })
})

describe('temperature', () => {
  it('leaves scores alone that are right as often as they say', () => {
    const scores = floats([0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75])
    const temperature = fitTemperature(scores, bits([1, 0, 0, 0, 1, 1, 1, 0]))
    expect(temperature).toBeCloseTo(1, 12)
  })

  it('cools what is always right and heats what tells nothing, up to its bounds', () => {
    expect(fitTemperature(floats([0.6, 0.4]), bits([1, 0]))).toBe(0.01)
    expect(fitTemperature(floats([0.9, 0.1]), bits([0, 1]))).toBe(100)
    expect(fitTemperature(floats([]), bits([]))).toBe(1)
    expect(fitTemperature(floats([0.5, 0.5]), bits([1, 0]))).toBe(1)
  })

  it('is the best of a fine grid', () => {
    fc.assert(
      fc.property(judged, ({ scores, right }) => {
        const loss = (temperature: number) =>
          calibrateScores({ temperature }, scores).reduce(
            (sum, p, i) => sum - Math.log(Math.max(1e-300, right[i] === 1 ? p : 1 - p)),
            0,
          )
        const own = loss(fitTemperature(scores, right))
        for (let step = -20; step <= 20; step++) expect(own).toBeLessThanOrEqual(loss(10 ** (step / 10)) + 1e-7)
      }),
    )
  })
})

describe('isotonic', () => {
  it('pools neighbours that are the wrong way round, by hand', () => {
    const knots = fitIsotonic(floats([0.1, 0.2, 0.3, 0.4]), bits([0, 1, 0, 1]))
    expect(knots).toEqual({ scores: [0.1, 0.2, 0.3, 0.4], values: [0, 0.5, 0.5, 1] })
    expect([...calibrateScores(knots, floats([0.05, 0.15, 0.25, 0.35, 0.9]))].map(v => Number(v.toFixed(12)))).toEqual([
      0, 0.25, 0.5, 0.75, 1,
    ])
  })

  it('has the least squared error: the max-min formula', () => {
    fc.assert(
      fc.property(judged, ({ scores, right }) => {
        const distinct = [...new Set(scores)].sort((a, b) => a - b)
        const meanOf = (from: number, to: number) => {
          const chosen = [...scores.keys()].filter(i => scores[i]! >= distinct[from]! && scores[i]! <= distinct[to]!)
          return chosen.reduce((sum, i) => sum + right[i]!, 0) / chosen.length
        }
        const fitted = calibrateScores(fitIsotonic(scores, right), floats(distinct))
        distinct.forEach((_, i) => {
          const lows = Array.from({ length: i + 1 }, (_, from) =>
            Math.min(...Array.from({ length: distinct.length - i }, (_, k) => meanOf(from, i + k))),
          )
          expect(fitted[i]).toBeCloseTo(Math.max(...lows), 12)
        })
      }),
      { numRuns: 60 },
    )
  })
})

describe('rank', () => {
  it('is the place among all scores, ties in the middle of theirs', () => {
    expect(fitRanks(floats([0.9, 0.2, 0.2, 0.5]))).toEqual({ scores: [0.2, 0.5, 0.9], values: [0.25, 0.625, 0.875] })
  })

  it('keeps at most 1001 knots, within 1/1000 of the full ones', () => {
    const scores = Float64Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 5000) / 5000 + 1e-5)
    const knots: Knots = fitRanks(scores)
    expect(knots.scores).toHaveLength(1001)
    const sorted = scores.toSorted()
    calibrateScores(knots, sorted).forEach((value, i) => {
      expect(Math.abs(value - (i + 0.5) / 5000)).toBeLessThan(1e-3)
    })
  })
})

describe('every calibration', () => {
  it.each(Object.entries(fits))('%s: scores stay in [0, 1] and in order', (_, made) => {
    fc.assert(
      fc.property(judged, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), ({ scores, right }, asked) => {
        const rising = floats(asked).sort()
        const found = calibrateScores(made(scores, right), rising)
        found.forEach((value, i) => {
          expect(value >= 0 && value <= 1).toBe(true)
          if (i > 0) expect(value).toBeGreaterThanOrEqual(found[i - 1]!)
        })
      }),
    )
  })

  it('without knots changes nothing', () => {
    expect([...calibrateScores({ scores: [], values: [] }, floats([0, 0.3, 1]))]).toEqual([0, 0.3, 1])
  })
})

describe('reliability', () => {
  it('by hand: two bins', () => {
    const found = reliability(floats([0.5, 0.25, 0.75, 1]), bits([1, 0, 0, 1]), 2)
    expect(found.bins).toEqual([
      { low: 0, high: 0.5, count: 2, meanScore: 0.375, accuracy: 0.5 },
      { low: 0.5, high: 1, count: 2, meanScore: 0.875, accuracy: 0.5 },
    ])
    expect(found.ece).toBeCloseTo(0.25, 12)
    expect(found.mce).toBeCloseTo(0.375, 12)
    expect(found.brier).toBeCloseTo((0.25 + 0.0625 + 0.5625 + 0) / 4, 12)
    expect(found.meanScore).toBeCloseTo(0.625, 12)
    expect(found.accuracy).toBe(0.5)
  })

  it('a naive count over all bins agrees', () => {
    fc.assert(
      fc.property(judged, fc.integer({ min: 1, max: 12 }), ({ scores, right }, binCount) => {
        let ece = 0
        for (let bin = 0; bin < binCount; bin++) {
          const inside = [...scores.keys()].filter(
            i => (scores[i]! * binCount > bin || bin === 0) && scores[i]! * binCount <= bin + 1,
          )
          const difference = inside.reduce((sum, i) => sum + scores[i]! - right[i]!, 0)
          ece += Math.abs(difference) / scores.length
        }
        const found = reliability(scores, right, binCount)
        if (scores.length === 0) expect(found.ece).toBeNaN()
        else expect(found.ece).toBeCloseTo(ece, 12)
      }),
    )
  })

  it('is nothing of nothing', () => {
    expect(reliability(floats([]), bits([]), 3)).toMatchObject({ count: 0, ece: Number.NaN, mce: Number.NaN })
  })
})
