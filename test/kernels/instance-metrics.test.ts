import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignMaximum } from '../../nodes/kernels/assignment.ts'
import {
  type CellCounts,
  cellScore,
  cellThresholds,
  countCells,
  numpyCellThresholds,
  reduceCellScores,
} from '../../nodes/kernels/cell-metrics.ts'
import { matchInstances } from '../../nodes/kernels/instance-matching.ts'
import { addMatches, countMatches, type MatchQuality, matchQuality } from '../../nodes/kernels/panoptic-f1.ts'
import { readGolden } from '../helpers/golden.ts'

interface Case {
  readonly truths: number
  readonly found: number
  readonly ious: number[]
  readonly results: (MatchQuality & { readonly threshold: number; readonly matched: number })[]
}

const cases = readGolden<Case[]>('metrics/stardist.json.gz').flatMap((data, index) =>
  data.results.map(result => ({ index, data, ...result })),
)

describe('one-to-one matching', () => {
  it.each(cases)('equals stardist: case $index at $threshold', ({ data, threshold, matched, ...expected }) => {
    const counts = countMatches(Float64Array.from(data.ious), data.truths, data.found, threshold)
    expect(counts.matched).toBe(matched)
    const quality = matchQuality(counts)
    for (const [name, value] of Object.entries(quality)) {
      // stardist keeps IoUs in float32.
      expect(Math.abs(value - expected[name as keyof MatchQuality]), name).toBeLessThan(1e-6)
    }
  })

  it('assigns as well as trying every assignment does', () => {
    const gain = fc.integer({ min: 0, max: 9 })
    const matrices = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }))
      .chain(([rows, columns]) =>
        fc.tuple(
          fc.constant(rows),
          fc.constant(columns),
          fc.array(gain, { minLength: rows * columns, maxLength: rows * columns }),
        ),
      )
    const best = (gains: number[], rows: number, columns: number, row: number, used: number): number => {
      if (row === rows) return 0
      let most = rows > columns ? best(gains, rows, columns, row + 1, used) : Number.NEGATIVE_INFINITY
      for (let j = 0; j < columns; j++) {
        if ((used >> j) & 1) continue
        most = Math.max(most, gains[row * columns + j]! + best(gains, rows, columns, row + 1, used | (1 << j)))
      }
      return most
    }
    fc.assert(
      fc.property(matrices, ([rows, columns, gains]) => {
        const assigned = assignMaximum(Float64Array.from(gains), rows, columns)
        const partners = [...assigned].filter(column => column >= 0)
        expect(new Set(partners).size).toBe(Math.min(rows, columns))
        const total = [...assigned].reduce((sum, j, i) => sum + (j < 0 ? 0 : gains[i * columns + j]!), 0)
        expect(total).toBe(best(gains, rows, columns, 0, 0))
      }),
    )
  })

  it('prefers two pairs to one better pair', () => {
    // Truth 0 fits both predictions, truth 1 only the first.
    expect([...matchInstances(Float64Array.of(0.9, 0.5, 0.5, 0), 2, 2, 0.5)]).toEqual([1, 0])
  })

  it('gives zeros for nothing and adds counts up', () => {
    const empty = countMatches(new Float64Array(0), 0, 0, 0.5)
    expect(matchQuality(empty)).toEqual({
      precision: 0,
      recall: 0,
      f1: 0,
      accuracy: 0,
      meanMatchedIou: 0,
      meanTruthIou: 0,
      panopticQuality: 0,
    })
    const one = countMatches(Float64Array.of(0.8), 1, 1, 0.5)
    expect(addMatches([one, empty, one])).toEqual({ truths: 2, found: 2, matched: 2, iouSum: 1.6 })
  })
})

describe('cell scores', () => {
  const counts = (
    ious: number[],
    truths: number,
    found: number,
    thresholds = cellThresholds,
    rule = 'sartorius' as const,
  ) => countCells(Float64Array.from(ious), truths, found, thresholds, rule)

  it('scores the published example 0.46667, because 0.6 does not pass numpy’s third threshold', () => {
    const ious = [0.6, 0.1, 0, 0.97]
    expect(numpyCellThresholds[2]).toBe(0.6000000000000001)
    expect(cellScore(counts(ious, 2, 2, numpyCellThresholds), 'one')).toBeCloseTo(0.466667, 6)
  })

  it('compares with > at the threshold, and with ≥ when matching', () => {
    expect(counts([0.5], 1, 1).hits[0]).toBe(0)
    expect(countCells(Float64Array.of(0.5), 1, 1, cellThresholds, 'matching').hits[0]).toBe(1)
  })

  it('counts a ground truth that two predictions match as each rule says', () => {
    const ious = Float64Array.of(0.8, 0.7)
    const at = (rule: 'dsb2018' | 'sartorius' | 'matching') => {
      const { hits, falseAlarms, misses } = countCells(ious, 1, 2, Float64Array.of(0.5), rule)
      return [hits[0], falseAlarms[0], misses[0]]
    }
    expect(at('dsb2018')).toEqual([0, 0, 0])
    expect(at('sartorius')).toEqual([0, 1, 0])
    expect(at('matching')).toEqual([1, 1, 0])
  })

  it('agrees between the rules when instances do not overlap', () => {
    // Rows and columns whose IoUs could come from disjoint regions: at most one above 0.5 in each.
    const ious = [0.72, 0.1, 0, 0.2, 0, 0.57, 0, 0, 0.3]
    const results = (['dsb2018', 'sartorius', 'matching'] as const).map(rule =>
      countCells(Float64Array.from(ious), 3, 3, cellThresholds, rule),
    )
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  })

  it('reduces by images, by parts of images, or pooled', () => {
    const good = counts([1], 1, 1)
    const bad = counts([0, 0, 0], 1, 3)
    const nothing = counts([], 0, 0)
    expect(reduceCellScores([[good], [bad]], 'image-mean', 'one')).toBe(0.5)
    expect(reduceCellScores([[good], [bad]], 'pooled', 'one')).toBeCloseTo(0.2, 12)
    expect(reduceCellScores([[good, bad], []], 'image-mean', 'one')).toBe(0.75)
    expect(reduceCellScores([[good], [nothing]], 'image-mean', 'one')).toBe(1)
    expect(reduceCellScores([[good], [nothing]], 'image-mean', 'zero')).toBe(0.5)
    expect(reduceCellScores([[good], [nothing]], 'image-mean', 'skip')).toBe(1)
    expect(reduceCellScores([[good], [bad]], 'image-mean', 'one', Uint32Array.of(3, 1))).toBe(0.75)
    expect(reduceCellScores([], 'pooled', 'skip')).toBeNaN()
  })

  it('does not depend on the order of predictions', () => {
    const matrix = fc.array(fc.constantFrom(0, 0.3, 0.55, 0.8), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(matrix, fc.constantFrom('dsb2018' as const, 'sartorius' as const), (ious, rule) => {
        const mirrored = ious.map((_, k) => ious[Math.floor(k / 4) * 4 + 3 - (k % 4)]!)
        const score = (values: number[]): CellCounts =>
          countCells(Float64Array.from(values), 3, 4, cellThresholds, rule)
        expect(score(mirrored)).toEqual(score(ious))
      }),
    )
  })
})
