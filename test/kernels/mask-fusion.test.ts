import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crossSourceFusion } from '../../nodes/kernels/cross-source-fusion.ts'
import { maskNms } from '../../nodes/kernels/mask-nms.ts'
import type { PooledMasks } from '../../nodes/kernels/mask-pool.ts'
import { concatMasks, emptyMasks, selectMasks } from '../../nodes/kernels/mask-sets.ts'
import { voteSuppressed } from '../../nodes/kernels/mask-voting.ts'
import { weightedMaskFusion } from '../../nodes/kernels/mask-wbf.ts'
import type { MaskSet } from '../../nodes/kernels/masks.ts'
import { pasteAligned } from '../../nodes/kernels/paste-aligned.ts'
import { decodeDense } from '../../nodes/kernels/rle.ts'

/** Bars in a frame one pixel high: mask i covers pixels from … to − 1. */
function bars(...spans: (readonly [number, number])[]): MaskSet {
  return concatMasks([
    emptyMasks([1, 64], 0),
    ...spans.map(([from, to]) => ({
      sizeHw: [1, 64] as const,
      starts: Uint32Array.of(from),
      ends: Uint32Array.of(to),
      offsets: Uint32Array.of(0, 1),
    })),
  ])
}

function pool(
  instances: readonly (readonly [from: number, to: number, score: number, source: number, label?: number])[],
): PooledMasks {
  return {
    masks: bars(...instances.map(([from, to]) => [from, to] as const)),
    scores: Float64Array.from(instances, instance => instance[2]),
    sources: Int32Array.from(instances, instance => instance[3]),
    labels: Int32Array.from(instances, instance => instance[4] ?? 0),
  }
}

const spansOf = (masks: MaskSet) => Array.from(masks.starts, (start, run) => [start, masks.ends[run]])

describe('mask voting', () => {
  it('corrects a survivor by two or more masks it suppressed, if they outweigh it', () => {
    const masks = bars([0, 10], [2, 12], [2, 13], [30, 40], [31, 40])
    const scores = Float64Array.of(0.9, 0.6, 0.5, 0.9, 0.8)
    const voted = voteSuppressed(masks, scores, maskNms(masks, scores, 0.5, { rule: 'openimages-2019' }))
    // Pixels 0–1: 0.45, 2–9: 1, 10–11: 0.55, 12: 0.25 of the votes. The second survivor has one victim only.
    expect(spansOf(voted)).toEqual([
      [2, 12],
      [30, 40],
    ])
  })

  it('leaves a survivor alone that outweighs its victims', () => {
    const masks = bars([0, 10], [2, 12], [2, 13])
    const scores = Float64Array.of(0.9, 0.5, 0.4)
    expect(spansOf(voteSuppressed(masks, scores, maskNms(masks, scores, 0.5)))).toEqual([[0, 10]])
    expect(
      voteSuppressed(
        emptyMasks([4, 4], 0),
        new Float64Array(0),
        maskNms(emptyMasks([4, 4], 0), new Float64Array(0), 0.5),
      ).offsets.length,
    ).toBe(1)
  })
})

describe('fusion across sources', () => {
  it('scores as the published example: 0.9 and 0.5 with weights 0.6 and 0.4 give 0.74, 0.9 alone 0.54', () => {
    const fused = crossSourceFusion(
      pool([
        [0, 10, 0.9, 0],
        [30, 40, 0.9, 0],
        [0, 10, 0.5, 1],
      ]),
      { weights: [0.6, 0.4] },
    )
    expect([...fused.scores].map(score => score.toFixed(12))).toEqual(['0.740000000000', '0.540000000000'])
    expect([...fused.members]).toEqual([0, 2, 1])
  })

  it('fuses detections of equal score, where the program loses one of them', () => {
    const fused = crossSourceFusion(
      pool([
        [0, 10, 0.5, 0],
        [30, 40, 0.5, 0],
        [0, 10, 0.5, 1],
        [30, 40, 0.5, 1],
      ]),
      { weights: [1, 1] },
    )
    expect([...fused.scores]).toEqual([0.5, 0.5])
    expect([...fused.members]).toEqual([0, 2, 1, 3])
  })

  it('takes a pixel where more than half of the weight present has it', () => {
    const fused = crossSourceFusion(
      pool([
        [0, 10, 0.9, 0],
        [2, 12, 0.9, 1],
        [2, 10, 0.9, 2],
      ]),
      { weights: [2, 1, 1] },
    )
    expect(spansOf(fused.masks)).toEqual([[2, 10]])
    expect([...fused.boxesXyxy]).toEqual([2, 0, 10, 1])
  })

  it('keeps labels apart, compares with > and keeps the best', () => {
    const fused = crossSourceFusion(
      pool([
        [0, 10, 0.9, 0],
        [0, 10, 0.8, 1, 1],
        [30, 40, 0.3, 0],
        [35, 40, 0.2, 1],
      ]),
      { weights: [1, 1], max: 3 },
    )
    expect([...fused.scores]).toEqual([0.45, 0.4, 0.15])
    expect([...fused.labels]).toEqual([0, 1, 0])
  })

  it('gives nothing for nothing and explains weights of 0', () => {
    expect(crossSourceFusion(pool([]), { weights: [1] }).scores.length).toBe(0)
    expect(() => crossSourceFusion(pool([]), { weights: [0] })).toThrow('add up to 0')
  })
})

describe('weighted mask fusion', () => {
  const options = { sourceCount: 3, iouThreshold: 0.5 }

  it('scores by agreement: all, some, and one of three sources', () => {
    const fused = weightedMaskFusion(
      pool([
        [0, 10, 0.9, 0],
        [0, 10, 0.6, 1],
        [0, 10, 0.6, 2],
        [20, 30, 0.8, 0],
        [20, 30, 0.4, 1],
        [40, 50, 0.6, 2],
      ]),
      options,
    )
    expect([...fused.scores].map(score => score.toFixed(12))).toEqual([
      '0.700000000000',
      '0.400000000000',
      '0.200000000000',
    ])
    expect([...fused.offsets]).toEqual([0, 3, 5, 6])
  })

  it('lowers the score by how far the members are from the fused mask', () => {
    const fused = weightedMaskFusion(
      pool([
        [0, 10, 0.8, 0],
        [0, 9, 0.8, 1],
        [0, 8, 0.4, 2],
      ]),
      options,
    )
    // Shares: pixels 0–7 1, pixel 8 0.8, pixel 9 0.4.
    expect(spansOf(fused.masks)).toEqual([[0, 9]])
    expect(fused.scores[0]).toBeCloseTo((0.8 * 0.9 + 0.8 * 1 + 0.4 * (8 / 9)) / 3, 12)
  })

  it('keeps two instances of one source apart unless asked', () => {
    const instances = pool([
      [0, 10, 0.9, 0],
      [0, 9, 0.8, 0],
    ])
    expect(weightedMaskFusion(instances, { sourceCount: 1 }).scores.length).toBe(2)
    expect(weightedMaskFusion(instances, { sourceCount: 1, severalPerSource: true }).scores.length).toBe(1)
  })

  it('joins the cluster of highest overlap and not at the threshold itself', () => {
    const fused = weightedMaskFusion(
      pool([
        [0, 10, 0.9, 0],
        [4, 14, 0.8, 1],
        [3, 13, 0.5, 2],
      ]),
      options,
    )
    expect(fused.offsets.length).toBe(3)
    expect([...fused.members].sort()).toEqual([0, 1, 2])
    expect(
      weightedMaskFusion(
        pool([
          [0, 10, 0.9, 0],
          [0, 5, 0.8, 1],
        ]),
        options,
      ).scores.length,
    ).toBe(2)
  })

  it('leaves out weightless sources, low scores and empty masks, and explains weights that do not fit', () => {
    const instances = pool([
      [0, 10, 0.9, 0],
      [0, 10, 0.05, 1],
      [0, 10, 0.9, 2],
    ])
    const fused = weightedMaskFusion(instances, { ...options, weights: [1, 1, 0], skipBelow: 0.1 })
    expect([...fused.members]).toEqual([0])
    expect(fused.scores[0]).toBeCloseTo(0.45, 12)
    expect(() => weightedMaskFusion(instances, { ...options, weights: [1, 1] })).toThrow(
      '2 weights were given for 3 sources',
    )
    expect(weightedMaskFusion({ ...instances, masks: emptyMasks([1, 64], 3) }, options).scores.length).toBe(0)
  })

  it('fuses members whose scores are all 0 as equals', () => {
    const fused = weightedMaskFusion(
      pool([
        [0, 10, 0, 0],
        [0, 9, 0, 1],
        [0, 8, 0, 2],
      ]),
      options,
    )
    expect(spansOf(fused.masks)).toEqual([[0, 9]])
    expect([...fused.scores]).toEqual([0])
  })

  it('fuses soft masks in the shared frame before it cuts them', () => {
    // Two sources see the same 8 × 8 square through different boxes; the third half of it, faintly.
    const sizeHw = [24, 24] as const
    const sizePx = 4
    const boxesXyxy = Float64Array.of(8, 8, 16, 16, 7.5, 8, 16.5, 16, 8, 8, 16, 16)
    const probabilities = new Float32Array(3 * 16).map((_, k) => (k < 32 ? 0.9 : k % 16 < 8 ? 0.6 : 0.4))
    const masks = pasteAligned(probabilities, sizePx, boxesXyxy, sizeHw, 0.35)
    const instances = {
      masks,
      scores: Float64Array.of(0.9, 0.6, 0.3),
      labels: new Int32Array(3),
      sources: Int32Array.of(0, 1, 2),
    }
    const fused = weightedMaskFusion(instances, { ...options, soft: { sizePx, probabilities, boxesXyxy } })
    expect(fused.scores.length).toBe(1)
    const soft = (index: number) => {
      const own = (threshold: number) =>
        decodeDense(
          pasteAligned(
            probabilities.subarray(16 * index, 16 * index + 16),
            sizePx,
            boxesXyxy.subarray(4 * index, 4 * index + 4),
            sizeHw,
            threshold,
          ),
          0,
          'row-major',
        )
      // The soft value to 1/512, by bisection on the threshold.
      const value = new Float64Array(24 * 24)
      for (let level = 0; level < 512; level++)
        own(level / 512).forEach((set, p) => {
          if (set) value[p] = (level + 0.5) / 512
        })
      return value
    }
    const parts = [soft(0), soft(1), soft(2)]
    const expected = parts[0]!.map((value, p) => (0.9 * value + 0.6 * parts[1]![p]! + 0.3 * parts[2]![p]!) / 1.8)
    decodeDense(fused.masks, 0, 'row-major').forEach((set, p) => {
      if (Math.abs(expected[p]! - 0.5) > 0.01) expect([p, set]).toEqual([p, expected[p]! > 0.5 ? 1 : 0])
    })
  })

  it('does not depend on the order of the sources when scores differ', () => {
    // No product of one of these with a score equals another one.
    const spread = [1, 1.37, 1.91]
    const instance = fc.tuple(fc.nat(40), fc.integer({ min: 3, max: 20 }), fc.nat(2))
    fc.assert(
      fc.property(
        fc.array(instance, { maxLength: 14 }),
        fc.constantFrom([0, 1, 2], [2, 0, 1], [1, 0, 2]),
        (found, places) => {
          const instances = found.map(
            ([from, length, source], i) => [from, from + length, (i + 1) / 20, source] as const,
          )
          const moved = instances
            .map(([from, to, score, source]) => [from, to, score, places[source]!] as const)
            .toSorted((a, b) => a[3] - b[3])
          const one = weightedMaskFusion(pool(instances), { ...options, weights: spread })
          const weights = [0, 0, 0]
          places.forEach((place, source) => {
            weights[place] = spread[source]!
          })
          const other = weightedMaskFusion(pool(moved), { ...options, weights })
          expect(other.masks).toEqual(one.masks)
          expect([...other.scores].map(score => score.toFixed(12))).toEqual(
            [...one.scores].map(score => score.toFixed(12)),
          )
        },
      ),
    )
  })

  it('changes nothing of a single source', () => {
    const masks = bars([0, 10], [20, 25])
    const alone = { masks, scores: Float64Array.of(0.9, 0.4), labels: new Int32Array(2), sources: new Int32Array(2) }
    const fused = weightedMaskFusion(alone, { sourceCount: 1 })
    expect(fused.masks).toEqual(selectMasks(masks, [0, 1]))
    expect([...fused.scores]).toEqual([0.9, 0.4])
  })
})
