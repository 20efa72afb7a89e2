import { array, assert, constantFrom, double, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellTypeOf, confidentPositions, publishedCellTypeRule } from '../../nodes/kernels/cell-type.ts'
import { argmaxRows, majorityLabel } from '../../nodes/kernels/majority.ts'
import { decodeRpn, type RpnLevel, type RpnRules } from '../../nodes/kernels/rpn.ts'
import { meanRpnLevels } from '../../nodes/kernels/rpn-mean.ts'

const sigmoid = (logit: number) => Math.fround(1 / (1 + Math.exp(-logit)))

/** Two levels, three ratios, of random logits and small deltas. */
function levelsFrom(logits: readonly number[]): RpnLevel[] {
  const grids = [
    { stridePx: 8, sizesPx: [12], gridHw: [3, 4] as const },
    { stridePx: 16, sizesPx: [20], gridHw: [2, 2] as const },
  ]
  let at = 0
  return grids.map(grid => {
    const count = 3 * grid.gridHw[0] * grid.gridHw[1]
    const next = (scale: number, length: number) =>
      Float32Array.from({ length }, () => scale * logits[at++ % logits.length]!)
    return { ...grid, ratios: [0.5, 1, 2], objectness: next(1, count), deltas: next(0.05, 4 * count) }
  })
}

const someLogits = array(double({ min: -4, max: 4, noNaN: true }), { minLength: 31, maxLength: 31 })
const rules: RpnRules = {
  deltaWeights: [1, 1, 1, 1],
  clampLogSize: 4,
  clamp: 'upper',
  topPerLevel: 20,
  nmsIou: 0.6,
  max: Number.POSITIVE_INFINITY,
  minSidePx: 0.001,
}

describe('averaged proposal maps', () => {
  it('are the weighted mean of logits and deltas, in float32', () => {
    assert(
      property(someLogits, someLogits, constantFrom([1, 1], [1, 3], [0, 2]), (a, b, weights) => {
        const members = [levelsFrom(a), levelsFrom(b)]
        const mean = meanRpnLevels(members, weights)
        for (const [level, { objectness, deltas }] of mean.entries()) {
          const expected = (map: 'objectness' | 'deltas', i: number) =>
            0 +
            Math.fround(
              (weights[0]! * members[0]![level]![map][i]! + weights[1]! * members[1]![level]![map][i]!) /
                (weights[0]! + weights[1]!),
            )
          expect(Array.from(objectness, value => 0 + value)).toEqual(
            Array.from(objectness, (_, i) => expected('objectness', i)),
          )
          expect(Array.from(deltas, value => 0 + value)).toEqual(Array.from(deltas, (_, i) => expected('deltas', i)))
        }
      }),
    )
  })

  it('of one member decode as that member does', () => {
    assert(
      property(someLogits, logits => {
        const levels = levelsFrom(logits)
        expect(decodeRpn(meanRpnLevels([levels], [2]), [30, 40], rules)).toEqual(decodeRpn(levels, [30, 40], rules))
      }),
    )
  })

  it('above a score are those of all that score more, whether it is asked before NMS or after', () => {
    assert(
      property(someLogits, double({ min: 0, max: 1, noNaN: true }), (logits, scoreThreshold) => {
        const levels = levelsFrom(logits)
        const all = decodeRpn(levels, [30, 40], rules)
        const kept = [...all.scores.keys()].filter(i => all.scores[i]! > Math.fround(scoreThreshold))
        const found = decodeRpn(levels, [30, 40], { ...rules, scoreThreshold })
        expect([...found.scores]).toEqual(kept.map(i => all.scores[i]))
        expect([...found.boxesXyxy]).toEqual(kept.flatMap(i => [...all.boxesXyxy.subarray(4 * i, 4 * i + 4)]))
      }),
    )
  })
})

describe('the type of cells', () => {
  it('counts positions whose best anchor is likely, level by level', () => {
    assert(
      property(someLogits, constantFrom(0.3, 0.5, 0.7), (logits, probability) => {
        const levels = levelsFrom(logits)
        const counts = levels.map(({ objectness, gridHw: [height, width] }) => {
          let count = 0
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
              const anchors = [0, 1, 2].map(a => sigmoid(objectness[(a * height + y) * width + x]!))
              if (Math.max(...anchors) > Math.fround(probability)) count++
            }
          }
          return count
        })
        expect([...confidentPositions(levels, probability)]).toEqual(counts)
      }),
    )
  })

  it('follows the published rule on either side of every limit', () => {
    const type = (...counts: number[]) => cellTypeOf(counts, publishedCellTypeRule)
    expect(type(9000, 900, 0, 5, 6)).toBe('astro')
    expect(type(0, 0, 0, 11, 0)).toBe('astro')
    expect(type(0, 0, 0, 5, 5)).toBe('cort')
    expect(type(3740, 749, 0, 10, 0)).toBe('cort')
    expect(type(3741, 749, 0, 10, 0)).toBe('shsy5y')
    expect(type(0, 750, 0, 0, 0)).toBe('shsy5y')
    const plain = ([n0, n1, n2, n3, n4]: readonly number[]) => {
      if (n3! + n4! > 10) return 'astro'
      return n0! + n1! + n2! + n3! + n4! < 4500 && n1! < 750 ? 'cort' : 'shsy5y'
    }
    const counts = tuple(
      integer({ min: 0, max: 6000 }),
      integer({ min: 600, max: 900 }),
      integer({ min: 0, max: 200 }),
      integer({ min: 0, max: 12 }),
      integer({ min: 0, max: 12 }),
    )
    assert(
      property(counts, list => {
        expect(type(...list)).toBe(plain(list))
      }),
    )
  })
})

describe('majorities', () => {
  it('are the label that occurs most, the smallest of equals, −1 of none', () => {
    assert(
      property(array(integer({ min: 0, max: 3 })), labels => {
        const counts = [0, 1, 2, 3].map(label => labels.filter(one => one === label).length)
        const expected = labels.length === 0 ? -1 : counts.indexOf(Math.max(...counts))
        expect(majorityLabel(Int32Array.from(labels))).toBe(expected)
      }),
    )
  })

  it('of rows are the first column of the largest value', () => {
    expect([...argmaxRows(Float32Array.of(0.1, 0.5, 0.5, 0.9, 0, 0.9), 3)]).toEqual([1, 0])
    expect([...argmaxRows(new Float32Array(0), 3)]).toEqual([])
  })
})
