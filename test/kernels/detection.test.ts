import { array, assert, constantFrom, float, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sigmoidChannels, softmaxColumns } from '../../nodes/kernels/activation.ts'
import { CLAMP_LOG_SIZE } from '../../nodes/kernels/box-coder.ts'
import { decodeBoxHead } from '../../nodes/kernels/box-head.ts'
import { boxIou } from '../../nodes/kernels/box-iou.ts'
import { type ClassifiedBoxes, classNms } from '../../nodes/kernels/class-nms.ts'
import { decodeRpn, type RpnLevel, type RpnRules } from '../../nodes/kernels/rpn.ts'
import { weightedMean } from '../../nodes/kernels/weighted-mean.ts'

describe('softmaxColumns', () => {
  it('sums over every column but returns only those asked for, in their order', () => {
    const logits = new Float32Array([Math.log(1), Math.log(2), Math.log(5), 0, 0, 0])
    const out = softmaxColumns(logits, 3, [2, 1])
    for (const [i, expected] of [5 / 8, 2 / 8, 1 / 3, 1 / 3].entries()) expect(out[i]).toBeCloseTo(expected, 6)
  })

  it('does not overflow on large logits', () => {
    expect([...softmaxColumns(new Float32Array([1000, 0]), 2, [0, 1])]).toEqual([1, 0])
  })
})

describe('sigmoidChannels', () => {
  const logits = new Float32Array([9, 9, 9, 9, 0, 1, 2, 3])
  const s = (x: number) => Math.fround(1 / (1 + Math.exp(-x)))

  it('takes the channel of each map and mirrors it back', () => {
    expect([...sigmoidChannels(logits, 2, 2, [1])]).toEqual([s(0), s(1), s(2), s(3)])
    expect([...sigmoidChannels(logits, 2, 2, [1], 'horizontal')]).toEqual([s(1), s(0), s(3), s(2)])
    expect([...sigmoidChannels(logits, 2, 2, [1], 'vertical')]).toEqual([s(2), s(3), s(0), s(1)])
  })
})

describe('weightedMean', () => {
  it('weighs, and is exact where all agree', () => {
    expect([...weightedMean([new Float32Array([0, 1]), new Float32Array([4, 1])], [3, 1])]).toEqual([1, 1])
  })
})

describe('decodeBoxHead', () => {
  const rules = { deltaWeights: [1, 1, 1, 1] as const, clampLogSize: CLAMP_LOG_SIZE, clamp: 'upper' as const }

  it('clips in the view, mirrors back there and scales to the image', () => {
    // A 10 × 20 view (h × w) of a 20 × 40 image; the box leaves the view on the right.
    const rois = new Float32Array([12, 2, 22, 6])
    const frame = { resizedHw: [10, 20] as const, frameHw: [20, 40] as const, flip: 'horizontal' as const }
    expect([...decodeBoxHead(new Float32Array(8), rois, [1], rules, frame)]).toEqual([0, 4, 16, 12])
  })

  it('has nothing for no proposals', () => {
    const frame = { resizedHw: [1, 1] as const, frameHw: [1, 1] as const, flip: 'none' as const }
    expect(decodeBoxHead(new Float32Array(0), new Float32Array(0), [0], rules, frame)).toHaveLength(0)
  })
})

describe('decodeRpn', () => {
  const rules: RpnRules = {
    deltaWeights: [1, 1, 1, 1],
    clampLogSize: CLAMP_LOG_SIZE,
    clamp: 'upper',
    topPerLevel: 10,
    nmsIou: 0.7,
    max: 10,
    minSidePx: 1e-3,
  }
  /** One level of 1 × 2 cells with two anchors a cell; no deltas. */
  const level = (objectness: number[], sizesPx = [4]): RpnLevel => ({
    stridePx: 8,
    sizesPx,
    ratios: [1, 4],
    objectness: new Float32Array(objectness),
    deltas: new Float32Array(16),
    gridHw: [1, 2],
  })

  it('numbers anchors by cell, then kind, clips them to the unpadded size and gives sigmoids', () => {
    // Planes: anchor 0 of both cells, anchor 1 of both cells.
    const { boxesXyxy, scores, levels } = decodeRpn([level([0, 3, 1, 2])], [20, 20], rules)
    expect([...scores]).toEqual([3, 2, 1, 0].map(x => Math.fround(1 / (1 + Math.exp(-x)))))
    // Ratio 4: height 8, width 2; half of each cell-0 anchor lies outside.
    expect([...boxesXyxy]).toEqual([6, 0, 10, 2, 7, 0, 9, 4, 0, 0, 1, 4, 0, 0, 2, 2])
    expect([...levels]).toEqual([0, 0, 0, 0])
  })

  it('suppresses within a level only and takes the best over all levels', () => {
    const twice = [level([5, -9, -9, -9]), level([4, -9, -9, -9])]
    const first = decodeRpn(twice, [20, 20], { ...rules, max: 2 })
    expect([...first.levels]).toEqual([0, 1])
    expect([...first.boxesXyxy.subarray(0, 4)]).toEqual([...first.boxesXyxy.subarray(4, 8)])
    const same = decodeRpn([level([5, -9, 4, -9], [4])], [20, 20], { ...rules, nmsIou: 0.1, max: 2 })
    expect(same.scores[1]).toBeLessThan(0.01)
  })

  it('keeps only the best logits of a level and drops boxes outside the image', () => {
    expect(decodeRpn([level([0, 3, 1, 2])], [20, 20], { ...rules, topPerLevel: 3 }).scores).toHaveLength(3)
    // Nothing of cell 1 (x from 6) is inside a view 6 px wide.
    expect(decodeRpn([level([0, 3, 1, 2])], [20, 6], rules).scores).toHaveLength(2)
  })

  it('gives nothing for no levels', () => {
    expect(decodeRpn([], [20, 20], rules).scores).toHaveLength(0)
  })
})

describe('classNms', () => {
  /** Every class on its own with a plain loop, then the best over all. */
  function plain(input: ClassifiedBoxes, score: number, iou: number, max: number, minSide: number) {
    const box = (at: number) => {
      const from = input.boxesPerProposal === 1 ? 4 * Math.floor(at / input.classCount) : 4 * at
      return input.boxesXyxy.slice(from, from + 4)
    }
    const candidates = [...input.probabilities.keys()]
      .filter(at => input.probabilities[at]! > Math.fround(score))
      .filter(at => box(at)[2]! - box(at)[0]! >= minSide && box(at)[3]! - box(at)[1]! >= minSide)
      .sort((a, b) => input.probabilities[b]! - input.probabilities[a]! || a - b)
    const kept: number[] = []
    for (const at of candidates) {
      const rivals = kept.filter(other => other % input.classCount === at % input.classCount)
      if (!rivals.some(other => boxIou(box(other), box(at))[0]! > iou)) kept.push(at)
    }
    return kept.slice(0, max).map(at => ({
      label: at % input.classCount,
      score: input.probabilities[at]!,
      box: [...box(at)],
    }))
  }

  it('equals a plain loop over classes, with shared boxes and with one for each class', () => {
    const cases = tuple(
      integer({ min: 1, max: 4 }),
      integer({ min: 0, max: 25 }),
      constantFrom('shared', 'per-class'),
    ).chain(([classCount, proposals, how]) => {
      const boxesPerProposal = how === 'shared' ? 1 : classCount
      const numbers = (count: number, max: number) =>
        array(integer({ min: 0, max }), { minLength: count, maxLength: count })
      return tuple(numbers(proposals * classCount, 10), numbers(4 * proposals * boxesPerProposal, 12)).map(
        ([scores, sides]): ClassifiedBoxes => ({
          classCount,
          boxesPerProposal,
          probabilities: Float32Array.from(scores, value => value / 10),
          boxesXyxy: Float32Array.from(sides, (value, i) => (i % 4 < 2 ? value : value + sides[i - 2]!)),
        }),
      )
    })
    assert(
      property(cases, integer({ min: 0, max: 9 }), integer({ min: 1, max: 30 }), (input, tenths, max) => {
        const rules = { scoreThreshold: tenths / 10, iouThreshold: 0.5, max, minSidePx: 1 }
        const found = classNms(input, rules)
        const list = [...found.labels.keys()].map(i => ({
          label: found.labels[i]!,
          score: found.scores[i]!,
          box: [...found.boxesXyxy.subarray(4 * i, 4 * i + 4)],
        }))
        expect(list).toEqual(plain(input, tenths / 10, 0.5, max, 1))
      }),
    )
  })

  it('looks past its first candidates when they suppress each other', () => {
    // 5000 copies of one box, better than the one that comes last.
    const boxesXyxy = new Float32Array(4 * 5001)
    for (let i = 0; i < 5001; i++) boxesXyxy.set(i < 5000 ? [0, 0, 9, 9] : [50, 50, 60, 60], 4 * i)
    const probabilities = Float32Array.from({ length: 5001 }, (_, i) => (i < 5000 ? 0.9 : 0.1))
    const input = { classCount: 1, boxesPerProposal: 1, probabilities, boxesXyxy }
    const found = classNms(input, { scoreThreshold: 0, iouThreshold: 0.5, max: 2, minSidePx: 0 })
    expect([...found.scores]).toEqual([Math.fround(0.9), Math.fround(0.1)])
  })

  it('compares the threshold strictly, as float32', () => {
    const input = {
      classCount: 1,
      boxesPerProposal: 1,
      probabilities: new Float32Array([0.05]),
      boxesXyxy: new Float32Array([0, 0, 9, 9]),
    }
    const rules = { iouThreshold: 0.5, max: 9, minSidePx: 0 }
    expect(classNms(input, { ...rules, scoreThreshold: 0.05 }).scores).toHaveLength(0)
    expect(classNms(input, { ...rules, scoreThreshold: 0.0499 }).scores).toHaveLength(1)
  })

  it('is not confused by any float scores', () => {
    assert(
      property(array(float({ noNaN: true, min: 0, max: 1 }), { maxLength: 80 }), scores => {
        const boxesXyxy = Float32Array.from({ length: 4 * scores.length }, (_, i) => (i % 4 < 2 ? 10 * i : 10 * i + 5))
        const input = { classCount: 1, boxesPerProposal: 1, probabilities: new Float32Array(scores), boxesXyxy }
        const { scores: found } = classNms(input, { scoreThreshold: 0, iouThreshold: 0.5, max: 100, minSidePx: 0 })
        const expected = new Float32Array(scores.filter(score => score > 0)).sort().reverse()
        expect([...found]).toEqual([...expected])
      }),
    )
  })
})
