import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../../nodes/kernels/bootstrap.ts'
import { boxIou, pairIou } from '../../nodes/kernels/box-iou.ts'
import type { FusedBoxes, PooledBoxes } from '../../nodes/kernels/box-pool.ts'
import { matrixNms } from '../../nodes/kernels/matrix-nms.ts'
import { greedyNms } from '../../nodes/kernels/nms.ts'
import { nonMaximumWeighted } from '../../nodes/kernels/nmw.ts'
import { softNms } from '../../nodes/kernels/soft-nms.ts'
import { type WbfConfidence, weightedBoxesFusion } from '../../nodes/kernels/wbf.ts'
import { readGolden } from '../helpers/golden.ts'

interface Result {
  readonly boxes: number[][]
  readonly scores: number[]
  readonly labels: number[]
}

interface Case {
  readonly boxes: number[][][]
  readonly scores: number[][]
  readonly labels: number[][]
  readonly weights: number[] | null
  readonly iou: number
  readonly skip: number
  readonly wbf: Readonly<Record<string, Result>>
  readonly nmw: Result
  readonly nms: Result
  readonly softLinear: Result
  readonly softGaussian: Result
}

const cases = readGolden<Case[]>('fusion/boxes.json.gz').map((data, index) => ({ index, data }))

function pool(data: Pick<Case, 'boxes' | 'scores' | 'labels'>): PooledBoxes {
  return {
    boxesXyxy: Float64Array.from(data.boxes.flat(2)),
    scores: Float64Array.from(data.scores.flat()),
    labels: Int32Array.from(data.labels.flat()),
    sources: Int32Array.from(data.boxes.flatMap((boxes, source) => boxes.map(() => source))),
  }
}

/** What ensemble-boxes does to boxes before NMS: corners in order, inside the unit square, no empty ones. */
function cleaned(data: Case): PooledBoxes {
  const { boxesXyxy, ...rest } = pool(data)
  const boxes = boxesXyxy.map(value => Math.min(Math.max(value, 0), 1))
  for (let i = 0; i < boxes.length; i += 4) {
    const [xa, ya, xb, yb] = boxes.slice(i, i + 4) as unknown as [number, number, number, number]
    boxes.set([Math.min(xa, xb), Math.min(ya, yb), Math.max(xa, xb), Math.max(ya, yb)], i)
  }
  const solid = [...rest.scores.keys()].filter(
    i => boxIou(boxes.slice(4 * i, 4 * i + 4), boxes.slice(4 * i, 4 * i + 4))[0] === 1,
  )
  return {
    boxesXyxy: Float64Array.from(solid.flatMap(i => [...boxes.slice(4 * i, 4 * i + 4)])),
    scores: Float64Array.from(solid, i => rest.scores[i]!),
    labels: Int32Array.from(solid, i => rest.labels[i]!),
    sources: Int32Array.from(solid, i => rest.sources[i]!),
  }
}

const byScore = (a: { score: number }, b: { score: number }) => b.score - a.score

function rows(boxesXyxy: ArrayLike<number>, scores: ArrayLike<number>, labels: ArrayLike<number>) {
  return Array.from(scores, (score, i) => ({
    score,
    label: labels[i]!,
    box: Array.from(boxesXyxy).slice(4 * i, 4 * i + 4),
  })).sort(byScore)
}

function expectNear(found: ReturnType<typeof rows>, expected: ReturnType<typeof rows>): void {
  expect(found.map(row => row.label)).toEqual(expected.map(row => row.label))
  for (const [k, row] of found.entries()) {
    const other = expected[k]!
    expect(Math.abs(row.score - other.score)).toBeLessThan(1e-6)
    for (let side = 0; side < 4; side++) expect(Math.abs(row.box[side]! - other.box[side]!)).toBeLessThan(1e-6)
  }
}

const fusedRows = (fused: FusedBoxes) => rows(fused.boxesXyxy, fused.scores, fused.labels)
const resultRows = (result: Result) => rows(result.boxes.flat(), result.scores, result.labels)

function optionsOf(data: Case) {
  return {
    sourceCount: data.boxes.length,
    ...(data.weights && { weights: data.weights }),
    iouThreshold: data.iou,
    skipBelow: data.skip,
    frameHw: [1, 1],
  } as const
}

const confidences: Readonly<Record<string, WbfConfidence>> = {
  avg: 'avg',
  max: 'max',
  box_and_model_avg: 'box-and-model-avg',
  absent_model_aware_avg: 'absent-model-aware-avg',
}

describe('weighted boxes fusion', () => {
  const variants = cases.flatMap(entry => Object.keys(entry.data.wbf).map(variant => ({ ...entry, variant })))

  it.each(variants)('equals ensemble-boxes within 1e-6: case $index, $variant', ({ data, variant }) => {
    const [name, overflow] = variant.split('+')
    const fused = weightedBoxesFusion(pool(data), {
      ...optionsOf(data),
      confidence: confidences[name!]!,
      allowOverflow: overflow !== undefined,
    })
    const expected = data.wbf[variant]!
    const limited = variant === 'avg' ? expected.scores.map(score => Math.min(1, score)) : expected.scores
    expectNear(fusedRows(fused), resultRows({ ...expected, scores: limited }))
  })

  const one = (boxes: number[][], scores: number[], sources: number[]): PooledBoxes => ({
    boxesXyxy: Float64Array.from(boxes.flat()),
    scores: Float64Array.from(scores),
    labels: new Int32Array(scores.length),
    sources: Int32Array.from(sources),
  })

  it('never scores above 1 without overflow, where ensemble-boxes gives 1.3333', () => {
    const same = [0.1, 0.1, 0.5, 0.5]
    const found = one([same, same], [1, 1], [1, 1])
    const options = { sourceCount: 2, weights: [1, 2], iouThreshold: 0.5 }
    expect(weightedBoxesFusion(found, options).scores[0]).toBe(1)
    expect(weightedBoxesFusion(found, { ...options, allowOverflow: true }).scores[0]).toBeCloseTo(4 / 3, 12)
  })

  it('fuses boxes whose scores are all 0 to their mean, where ensemble-boxes gives NaN', () => {
    const fused = weightedBoxesFusion(
      one(
        [
          [0, 0, 4, 4],
          [0, 0, 4, 5],
        ],
        [0, 0],
        [0, 1],
      ),
      { sourceCount: 2, iouThreshold: 0.5 },
    )
    expect([...fused.boxesXyxy]).toEqual([0, 0, 4, 4.5])
    expect([...fused.scores]).toEqual([0])
  })

  it('leaves out a source of weight 0', () => {
    const found = one(
      [
        [0, 0, 4, 4],
        [8, 8, 9, 9],
      ],
      [0.5, 0.9],
      [0, 1],
    )
    const fused = weightedBoxesFusion(found, { sourceCount: 2, weights: [1, 0], iouThreshold: 0.5 })
    expect([...fused.members]).toEqual([0])
  })

  it('does not join boxes at exactly the threshold', () => {
    const fused = weightedBoxesFusion(
      one(
        [
          [0, 0, 2, 2],
          [0, 0, 2, 1],
        ],
        [0.9, 0.8],
        [0, 1],
      ),
      { sourceCount: 2, iouThreshold: 0.5 },
    )
    expect(fused.scores.length).toBe(2)
  })

  it('names the boxes of each cluster in the order they joined', () => {
    const found = one(
      [
        [20, 0, 24, 4],
        [0, 0, 4, 4],
        [0, 0, 4, 3.9],
      ],
      [0.9, 0.5, 0.8],
      [0, 0, 1],
    )
    const fused = weightedBoxesFusion(found, { sourceCount: 2, iouThreshold: 0.5 })
    expect([...fused.members]).toEqual([2, 1, 0])
    expect([...fused.offsets]).toEqual([0, 2, 3])
  })

  it.each([0, 1e-12, 0.02, 0.3, 0.5, 0.55, 0.9, 1])(
    'finds by place what a plain loop over all clusters finds, IoU > %d',
    limit => {
      const next = randomStream(5)
      const count = 700
      const boxes = Array.from({ length: count }, () => {
        const x = Math.floor(next() * 60)
        const y = Math.floor(next() * 60)
        return [x, y, x + 4 + Math.floor(next() * 12), y + 4 + Math.floor(next() * (next() < 0.02 ? 60 : 12))]
      })
      const scores = boxes.map((_, i) => (((i * 389) % count) + 1) / (count + 1))
      const fused = weightedBoxesFusion(
        one(
          boxes,
          scores,
          boxes.map((_, i) => i % 4),
        ),
        { sourceCount: 4, iouThreshold: limit },
      )
      const clusters: { box: number[]; members: number[] }[] = []
      for (const index of scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!)) {
        const ious = clusters.map(({ box }) => pairIou(Float64Array.from(box), 0, Float64Array.from(boxes[index]!), 0))
        const best = ious.reduce((a, iou, k) => (iou > limit && (a < 0 || iou > ious[a]!) ? k : a), -1)
        if (best < 0) {
          clusters.push({ box: boxes[index]!, members: [index] })
          continue
        }
        const { members } = clusters[best]!
        members.push(index)
        const total = members.reduce((sum, i) => sum + scores[i]!, 0)
        const box = [0, 1, 2, 3].map(side => members.reduce((sum, i) => sum + scores[i]! * boxes[i]![side]!, 0) / total)
        clusters[best] = { box, members }
      }
      const found = Array.from(fused.scores, (_, k) => [...fused.members.slice(fused.offsets[k], fused.offsets[k + 1])])
      const sorted = (lists: number[][]) => lists.toSorted((a, b) => a[0]! - b[0]!)
      expect(sorted(found)).toEqual(sorted(clusters.map(({ members }) => members)))
    },
  )

  it('does not depend on the order of the models when scores differ', () => {
    const data = cases[2]!.data
    const turned = {
      boxes: data.boxes.toReversed(),
      scores: data.scores.toReversed(),
      labels: data.labels.toReversed(),
    }
    const fused = weightedBoxesFusion(pool(data), optionsOf(data))
    const other = weightedBoxesFusion(pool(turned), { ...optionsOf(data), weights: data.weights!.toReversed() })
    expectNear(fusedRows(other), fusedRows(fused))
  })

  it('explains weights that do not fit', () => {
    expect(() => weightedBoxesFusion(one([], [], []), { sourceCount: 2, weights: [1], iouThreshold: 0.5 })).toThrow(
      '1 weights were given for 2 sources',
    )
    expect(() => weightedBoxesFusion(one([], [], []), { sourceCount: 1, weights: [0], iouThreshold: 0.5 })).toThrow(
      'all weights are 0',
    )
  })
})

describe('non-maximum weighted', () => {
  it.each(cases)('equals ensemble-boxes within 1e-6: case $index', ({ data }) => {
    expectNear(fusedRows(nonMaximumWeighted(pool(data), optionsOf(data))), resultRows(data.nmw))
  })

  it.each([0, 0.3, 0.55, 0.8])('finds by place the seeds that a plain loop finds, IoU > %d', limit => {
    const next = randomStream(9)
    const count = 500
    const boxes = Array.from({ length: count }, () => {
      const x = Math.floor(next() * 50)
      const y = Math.floor(next() * 50)
      return [x, y, x + 3 + Math.floor(next() * 14), y + 3 + Math.floor(next() * 14)]
    })
    const flat = Float64Array.from(boxes.flat())
    const scores = Float64Array.from(boxes, (_, i) => (((i * 389) % count) + 1) / (count + 1))
    const same = new Int32Array(count)
    const fused = nonMaximumWeighted(
      { boxesXyxy: flat, scores, labels: same, sources: same },
      { sourceCount: 1, iouThreshold: limit },
    )
    const clusters: number[][] = []
    for (const index of [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!)) {
      const ious = clusters.map(([seed]) => pairIou(flat, seed!, flat, index))
      const best = ious.reduce((a, iou, k) => (iou > limit && (a < 0 || iou > ious[a]!) ? k : a), -1)
      if (best < 0) clusters.push([index])
      else clusters[best]!.push(index)
    }
    const found = Array.from(fused.scores, (_, k) => [...fused.members.slice(fused.offsets[k], fused.offsets[k + 1])])
    expect(found).toEqual(clusters.sort((a, b) => scores[b[0]!]! - scores[a[0]!]!))
  })
})

describe('greedy NMS', () => {
  it.each(cases)('equals ensemble-boxes: case $index', ({ data }) => {
    const boxes = cleaned(data)
    const kept = [...greedyNms(boxes.boxesXyxy, boxes.scores, data.iou, { groups: boxes.labels })]
    const found = rows(
      kept.flatMap(i => [...boxes.boxesXyxy.slice(4 * i, 4 * i + 4)]),
      kept.map(i => boxes.scores[i]!),
      kept.map(i => boxes.labels[i]!),
    )
    expectNear(found, resultRows(data.nms))
  })
})

/** Straight from the definition: no removal, no bookkeeping. */
function plainSoftNms(boxes: Float64Array, scores: number[], decay: (iou: number) => number): number[] {
  const current = [...scores]
  const open = new Set(current.keys())
  while (open.size > 0) {
    const best = [...open].reduce((a, b) => (current[b]! > current[a]! ? b : a))
    open.delete(best)
    for (const i of open) current[i]! *= decay(pairIou(boxes, best, boxes, i))
  }
  return current
}

describe('soft-NMS', () => {
  it.each(cases)('keeps the boxes that ensemble-boxes keeps, with their decayed scores: case $index', ({ data }) => {
    const boxes = cleaned(data)
    for (const decay of ['linear', 'gaussian'] as const) {
      const result = softNms(boxes.boxesXyxy, boxes.scores, {
        decay,
        iouThreshold: data.iou,
        minScore: 0.05,
        groups: boxes.labels,
      })
      const undecayed = rows(
        [...result.kept].flatMap(i => [...boxes.boxesXyxy.slice(4 * i, 4 * i + 4)]),
        Array.from(result.kept, i => boxes.scores[i]!),
        Array.from(result.kept, i => boxes.labels[i]!),
      )
      expectNear(undecayed, resultRows(decay === 'linear' ? data.softLinear : data.softGaussian))
    }
  })

  it('returns decayed scores, where ensemble-boxes returns those from before', () => {
    const boxes = Float64Array.of(0, 0, 4, 4, 0, 0, 4, 3)
    const linear = softNms(boxes, Float64Array.of(0.9, 0.8), { decay: 'linear' })
    expect([...linear.scores]).toEqual([0.9, 0.8 * 0.25])
    const gaussian = softNms(boxes, Float64Array.of(0.9, 0.8), { decay: 'gaussian' })
    expect([...gaussian.scores]).toEqual([0.9, 0.8 * Math.exp(-(0.75 * 0.75) / 0.5)])
  })

  it('decays at exactly the threshold only when asked', () => {
    const boxes = Float64Array.of(0, 0, 2, 2, 0, 0, 2, 1)
    const scores = Float64Array.of(0.9, 0.8)
    expect([...softNms(boxes, scores, { decay: 'linear' }).scores]).toEqual([0.9, 0.8])
    expect([...softNms(boxes, scores, { decay: 'linear', atThreshold: true }).scores]).toEqual([0.9, 0.4])
  })

  it('equals the definition on random boxes', () => {
    const box = fc.tuple(fc.nat(20), fc.nat(20), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
    fc.assert(
      fc.property(fc.array(fc.tuple(box, fc.nat(8)), { maxLength: 12 }), found => {
        const boxes = Float64Array.from(found.flatMap(([[x, y, w, h]]) => [x, y, x + w, y + h]))
        const scores = found.map(([, score]) => score / 8)
        const expected = plainSoftNms(boxes, scores, iou => Math.exp(-(iou * iou) / 0.5))
        const result = softNms(boxes, Float64Array.from(scores), { decay: 'gaussian', minScore: 0 })
        expect(result.kept.length).toBe(found.length)
        for (const [k, i] of result.kept.entries()) expect(result.scores[k]).toBeCloseTo(expected[i]!, 12)
      }),
    )
  })
})

describe('matrix NMS', () => {
  it('decays by the worst better instance, relative to its own overlap', () => {
    // b lies on a (IoU 0.5), c lies on b (IoU 0.6) and a little on a (IoU 0.2).
    const ious = Float64Array.of(1, 0.5, 0.2, 0.5, 1, 0.6, 0.2, 0.6, 1)
    const scores = Float64Array.of(0.9, 0.8, 0.7)
    const gaussian = matrixNms(ious, scores, { decay: 'gaussian' })
    const f = (iou: number) => Math.exp(-2 * iou * iou)
    expect(gaussian.scores[1]).toBeCloseTo(0.7 * Math.min(f(0.2), f(0.6) / f(0.5)), 12)
    expect(gaussian.scores[2]).toBeCloseTo(0.8 * f(0.5), 12)
    const linear = matrixNms(ious, scores, { decay: 'linear' })
    expect([...linear.scores].map(score => score.toFixed(12))).toEqual(
      [0.9, 0.7 * 0.8, 0.8 * 0.5].map(score => score.toFixed(12)),
    )
  })

  it('removes exact duplicates with linear decay, where mmdetection gives NaN for the third copy', () => {
    const ious = new Float64Array(9).fill(1)
    expect([...matrixNms(ious, Float64Array.of(0.9, 0.8, 0.7), { decay: 'linear', minScore: 0.01 }).kept]).toEqual([0])
  })

  it('leaves other groups alone and gives nothing for nothing', () => {
    const scores = Float64Array.of(0.9, 0.8)
    const result = matrixNms(new Float64Array(4).fill(1), scores, { decay: 'gaussian', groups: Int32Array.of(0, 1) })
    expect([...result.scores]).toEqual([0.9, 0.8])
    expect(matrixNms(new Float64Array(0), new Float64Array(0), { decay: 'linear' }).kept.length).toBe(0)
  })
})
