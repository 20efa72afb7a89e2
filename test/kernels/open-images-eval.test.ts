import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatMasks, emptyMasks } from '../../nodes/kernels/mask-sets.ts'
import type { MaskSet } from '../../nodes/kernels/masks.ts'
import { createOpenImagesEvaluator, type OpenImagesImage } from '../../nodes/kernels/open-images-eval.ts'
import { expandImageLabels } from '../../nodes/kernels/open-images-labels.ts'
import { encodeDense } from '../../nodes/kernels/rle.ts'

type Box = readonly [number, number, number, number]
interface Thing {
  readonly label: number
  /** y1, x1, y2, x2, as in the published cases. */
  readonly box: Box
  readonly score?: number
  readonly group?: boolean
  readonly difficult?: boolean
  /** Rows of a picture, `#` set; absent or blank: no mask. */
  readonly mask?: readonly string[]
}

function masksOf(things: readonly Thing[]): MaskSet {
  const sets = things.map(({ mask }) => {
    if (mask === undefined) return emptyMasks([3, 4], 1)
    const pixels = Uint8Array.from(mask.join(''), character => (character === '#' ? 1 : 0))
    return encodeDense(pixels, [3, 4], 'row-major')
  })
  return sets.length > 0 ? concatMasks(sets) : emptyMasks([3, 4], 0)
}

const boxesOf = (things: readonly Thing[]) =>
  Float64Array.from(things.flatMap(({ box: [y1, x1, y2, x2] }) => [x1, y1, x2, y2]))

function image(
  truth: readonly Thing[],
  found: readonly Thing[],
  verifiedLabels: number[] = [],
  masks = false,
): OpenImagesImage {
  return {
    truth: {
      labels: Int32Array.from(truth, thing => thing.label),
      boxesXyxy: boxesOf(truth),
      groupOf: Uint8Array.from(truth, thing => (thing.group ? 1 : 0)),
      difficult: Uint8Array.from(truth, thing => (thing.difficult ? 1 : 0)),
      ...(masks && { masks: masksOf(truth) }),
    },
    verifiedLabels,
    detections: {
      labels: Int32Array.from(found, thing => thing.label),
      scores: Float64Array.from(found, thing => thing.score ?? 1),
      boxesXyxy: boxesOf(found),
      ...(masks && { masks: masksOf(found) }),
    },
  }
}

const round = (values: Iterable<number>) => Array.from(values, value => Number(value.toFixed(6)))

describe('the published cases of the Open Images evaluator', () => {
  it('gives the detection metric of the case without group weight', () => {
    const evaluator = createOpenImagesEvaluator({ classCount: 3, mode: 'boxes', groupOfWeight: 0 })
    evaluator.addImage(
      image(
        [
          { label: 0, box: [0, 0, 1, 1] },
          { label: 2, box: [0, 0, 2, 2] },
          { label: 0, box: [0, 0, 3, 3] },
        ],
        [],
      ),
    )
    evaluator.addImage(
      image(
        [
          { label: 0, box: [10, 10, 11, 11] },
          { label: 0, box: [500, 500, 510, 510], group: true },
          { label: 2, box: [10, 10, 12, 12] },
        ],
        [
          { label: 0, box: [10, 10, 11, 11], score: 0.7 },
          { label: 0, box: [100, 100, 120, 120], score: 0.8 },
          { label: 2, box: [100, 100, 220, 220], score: 0.9 },
        ],
      ),
    )
    evaluator.addImage(image([{ label: 1, box: [0, 0, 1, 1] }], []))
    const result = evaluator.accumulate()
    expect(round(result.averagePrecision)).toEqual([0.166667, 0, 0])
    expect(result.mean).toBeCloseTo(0.05555555, 7)
  })

  it('gives the detection challenge metric with group weight 0.5 and verified labels', () => {
    const evaluator = createOpenImagesEvaluator({ classCount: 3, mode: 'boxes', groupOfWeight: 0.5 })
    evaluator.addImage(
      image(
        [
          { label: 0, box: [0, 0, 1, 1] },
          { label: 2, box: [0, 0, 2, 2] },
          { label: 0, box: [0, 0, 3, 3], group: true },
        ],
        [
          { label: 1, box: [10, 10, 11, 11], score: 0.7 },
          { label: 1, box: [100, 100, 120, 120], score: 0.8 },
        ],
        [0, 1, 2],
      ),
    )
    evaluator.addImage(
      image(
        [
          { label: 0, box: [10, 10, 11, 11] },
          { label: 0, box: [500, 500, 510, 510] },
          { label: 2, box: [10, 10, 12, 12], group: true },
        ],
        [
          { label: 0, box: [10, 10, 11, 11], score: 0.7 },
          { label: 0, box: [100, 100, 120, 120], score: 0.8 },
          { label: 1, box: [100, 100, 220, 220], score: 0.5 },
          { label: 2, box: [10, 10, 11, 11], score: 0.9 },
        ],
      ),
    )
    evaluator.addImage(image([{ label: 1, box: [0, 0, 1, 1] }], [{ label: 1, box: [0, 0, 1, 1], score: 0.5 }]))
    const result = evaluator.accumulate()
    expect(round(result.averagePrecision)).toEqual([0.142857, 0.333333, 0.333333])
    expect(result.mean).toBeCloseTo(0.269841269, 8)
  })

  it('gives the instance segmentation challenge metric, where objects without a mask only excuse detections', () => {
    const corner = ['#...', '....', '....']
    const evaluator = createOpenImagesEvaluator({ classCount: 2, mode: 'masks' })
    evaluator.addImage(
      image(
        [
          { label: 0, box: [0, 0, 1, 1], mask: corner },
          { label: 1, box: [0, 0, 2, 2] },
          { label: 0, box: [0, 0, 3, 3], group: true },
        ],
        [
          { label: 1, box: [0, 0, 2, 2], score: 0.7, mask: ['##..', '##..', '....'] },
          { label: 0, box: [2, 2, 3, 3], score: 0.8 },
        ],
        [0, 1],
        true,
      ),
    )
    evaluator.addImage(
      image(
        [{ label: 1, box: [0, 0, 1, 1], mask: corner }],
        [{ label: 1, box: [0, 0, 1, 1], score: 0.5, mask: corner }],
        [],
        true,
      ),
    )
    const result = evaluator.accumulate()
    expect([...result.averagePrecision]).toEqual([0, 1])
    expect(result.mean).toBe(0.5)
  })

  // Detections a, b, c of one class; what remains of them as (score, credit) by score.
  const masksA = [
    ['.##.', '..#.', '....'],
    ['#...', '##..', '....'],
    ['....', '.##.', '.#..'],
  ] as const
  const nested: Thing[] = [
    { label: 0, box: [0, 0, 1, 1], score: 0.6, mask: masksA[0] },
    { label: 0, box: [0, 0, 2, 2], score: 0.8, mask: masksA[1] },
    { label: 0, box: [0, 0, 3, 3], score: 0.5, mask: masksA[2] },
  ]
  const growing: Thing[] = [
    { label: 0, box: [0, 0, 1, 1], score: 0.8, mask: masksA[0] },
    { label: 0, box: [0, 0, 2, 1], score: 0.6, mask: masksA[1] },
    { label: 0, box: [0, 0, 3, 1], score: 0.5, mask: masksA[2] },
  ]
  const twoTruths: Thing[] = [
    { label: 0, box: [0, 0, 1, 1], mask: ['##..', '##..', '....'] },
    { label: 0, box: [0, 0, 10, 10], mask: ['...#', '...#', '...#'] },
  ]
  const threeTruths: Thing[] = [
    { label: 0, box: [0, 0, 1, 1], mask: ['#...', '#...', '#...'] },
    { label: 0, box: [0, 0, 5, 5], mask: ['..#.', '..#.', '..#.'] },
    { label: 0, box: [10, 10, 20, 20], mask: ['.#..', '.#..', '.#..'] },
  ]
  const flagged = (truths: Thing[], flag: 'group' | 'difficult', which: number[]) =>
    truths.map((truth, i) => ({ ...truth, [flag]: which.includes(i) }))
  const shape = ['.##.', '..#.', '....']
  const other = ['#...', '##..', '....']

  it.each([
    [
      'boxes, second truth difficult',
      'boxes',
      nested,
      flagged(twoTruths, 'difficult', [1]),
      0,
      [
        [0.8, 0],
        [0.6, 1],
        [0.5, 0],
      ],
    ],
    [
      'masks, second truth difficult',
      'masks',
      nested,
      flagged(twoTruths, 'difficult', [1]),
      0,
      [
        [0.8, 1],
        [0.6, 0],
        [0.5, 0],
      ],
    ],
    [
      'boxes, first truth difficult',
      'boxes',
      nested,
      flagged(twoTruths, 'difficult', [0]),
      0,
      [
        [0.8, 0],
        [0.5, 0],
      ],
    ],
    [
      'masks, first truth difficult',
      'masks',
      nested,
      flagged(twoTruths, 'difficult', [0]),
      0,
      [
        [0.6, 0],
        [0.5, 0],
      ],
    ],
    ['boxes, two groups', 'boxes', growing, flagged(threeTruths, 'group', [1, 2]), 0, [[0.8, 1]]],
    ['masks, two groups', 'masks', growing, flagged(threeTruths, 'group', [1, 2]), 0, [[0.6, 1]]],
    ['boxes, a small group', 'boxes', growing, flagged(threeTruths, 'group', [0, 2]), 0, [[0.5, 0]]],
    ['masks, a small group', 'masks', growing, flagged(threeTruths, 'group', [0, 2]), 0, [[0.8, 1]]],
    [
      'boxes, two groups of weight 0.5',
      'boxes',
      growing,
      flagged(threeTruths, 'group', [1, 2]),
      0.5,
      [
        [0.8, 1],
        [0.6, 0.5],
      ],
    ],
    [
      'masks, two groups of weight 0.5',
      'masks',
      growing,
      flagged(threeTruths, 'group', [1, 2]),
      0.5,
      [
        [0.8, 0.5],
        [0.6, 1],
        [0.5, 0.5],
      ],
    ],
    [
      'boxes, a small group of weight 0.5',
      'boxes',
      growing,
      flagged(threeTruths, 'group', [0, 2]),
      0.5,
      [
        [0.8, 0.5],
        [0.5, 0],
      ],
    ],
    [
      'masks, a small group of weight 0.5',
      'masks',
      growing,
      flagged(threeTruths, 'group', [0, 2]),
      0.5,
      [
        [0.8, 1],
        [0.6, 0.5],
        [0.5, 0.5],
      ],
    ],
    [
      'boxes far away',
      'boxes',
      nested,
      [{ label: 0, box: [100, 100, 105, 105] }],
      0,
      [
        [0.8, 0],
        [0.6, 0],
        [0.5, 0],
      ],
    ],
    [
      'masks too large',
      'masks',
      nested,
      [{ label: 0, box: [100, 100, 105, 105], mask: ['####', '####', '####'] }],
      0,
      [
        [0.8, 0],
        [0.6, 0],
        [0.5, 0],
      ],
    ],
    [
      'one box',
      'boxes',
      nested,
      [{ label: 0, box: [0, 0, 1, 1] }],
      0,
      [
        [0.8, 0],
        [0.6, 1],
        [0.5, 0],
      ],
    ],
    [
      'one mask',
      'masks',
      nested,
      [{ label: 0, box: [0, 0, 1, 1], mask: other }],
      0,
      [
        [0.8, 1],
        [0.6, 0],
        [0.5, 0],
      ],
    ],
    [
      'two boxes',
      'boxes',
      nested,
      [
        { label: 0, box: [0, 0, 1, 1] },
        { label: 0, box: [0, 0, 3.5, 3.5] },
      ],
      0,
      [
        [0.8, 0],
        [0.6, 1],
        [0.5, 1],
      ],
    ],
    [
      'a mask, and a box without mask that excuses',
      'masks',
      [
        { label: 0, box: [0, 0, 2, 3], score: 0.6, mask: shape },
        { label: 0, box: [0, 0, 2, 2], score: 0.8, mask: other },
      ],
      [
        { label: 0, box: [0, 0, 2, 3], mask: shape },
        { label: 0, box: [0, 0, 2, 2] },
      ],
      0,
      [[0.6, 1]],
    ],
    [
      'a mask, and a box without mask elsewhere',
      'masks',
      [
        { label: 0, box: [0, 0, 2, 3], score: 0.6, mask: shape },
        { label: 0, box: [0, 0, 2, 2], score: 0.8, mask: other },
      ],
      [
        { label: 0, box: [0, 0, 2, 3], mask: shape },
        { label: 0, box: [2, 2, 4, 4] },
      ],
      0,
      [
        [0.8, 0],
        [0.6, 1],
      ],
    ],
    [
      'two detections of one mask, the second excused by a box',
      'masks',
      [
        { label: 0, box: [0, 0, 2, 3], score: 0.6, mask: shape },
        { label: 0, box: [0, 0, 2, 3], score: 0.8, mask: shape },
      ],
      [
        { label: 0, box: [0, 0, 2, 3], mask: shape },
        { label: 0, box: [0, 0, 2, 3] },
      ],
      0,
      [[0.8, 1]],
    ],
    [
      'two detections of one mask, the second false',
      'masks',
      [
        { label: 0, box: [0, 0, 2, 3], score: 0.6, mask: shape },
        { label: 0, box: [0, 0, 2, 3], score: 0.8, mask: shape },
      ],
      [
        { label: 0, box: [0, 0, 2, 3], mask: shape },
        { label: 0, box: [2, 3, 4, 6] },
      ],
      0,
      [
        [0.8, 1],
        [0.6, 0],
      ],
    ],
  ] as const)('labels %s', (_, mode, found, truth, groupOfWeight, expected) => {
    const evaluator = createOpenImagesEvaluator({ classCount: 1, mode, groupOfWeight })
    evaluator.addImage(image(truth, found, [], mode === 'masks'))
    // A second image makes the class countable whatever the first one holds.
    const sure = { label: 0, box: [0, 0, 1, 1], score: 0.01, mask: other } as const
    evaluator.addImage(image([sure], [sure], [], mode === 'masks'))
    const result = evaluator.accumulate()
    const curve = result.curves.get(0)!
    const total = result.positives[0]!
    expect([...curve.scores]).toEqual([...expected.map(([score]) => score), 0.01])
    const credits = Array.from(curve.recall, (recall, i) => (recall - (curve.recall[i - 1] ?? 0)) * total)
    expect(round(credits)).toEqual([...expected.map(([, credit]) => credit), 1])
  })
})

/** The rules read from their description, box by box, nothing shared with the kernel. */
function plainLabels(truth: readonly Thing[], found: readonly Thing[]): [number, number][] {
  const area = ([y1, x1, y2, x2]: Box) => (y2 - y1) * (x2 - x1)
  const shared = (a: Box, b: Box) =>
    Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]))
  const iou = (a: Box, b: Box) => shared(a, b) / (area(a) + area(b) - shared(a, b))
  const singles = truth.filter(thing => !thing.group)
  const groups = truth.filter(thing => thing.group)
  const taken = new Set<Thing>()
  const result: [number, number][] = []
  for (const detection of found.toSorted((a, b) => b.score! - a.score!)) {
    const best = singles.toSorted((a, b) => iou(detection.box, b.box) - iou(detection.box, a.box))[0]
    if (best && iou(detection.box, best.box) >= 0.5) {
      if (best.difficult) continue
      if (!taken.has(best)) {
        taken.add(best)
        result.push([detection.score!, 1])
        continue
      }
    }
    if (groups.some(group => shared(detection.box, group.box) / area(detection.box) >= 0.5)) continue
    result.push([detection.score!, 0])
  }
  return result
}

const boxes = fc
  .tuple(fc.nat(6), fc.nat(6), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .map(([y, x, h, w]): Box => [y, x, y + h, x + w])

describe('Open Images evaluation', () => {
  it('equals a plain reading of the rules on boxes', () => {
    const truths = fc.array(
      fc.record({ label: fc.constant(0), box: boxes, group: fc.boolean(), difficult: fc.boolean() }),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(truths, fc.array(boxes, { minLength: 1, maxLength: 8 }), (truth, found) => {
        const things = found.map((box, i) => ({ label: 0, box, score: (i + 1) / 10 }))
        const evaluator = createOpenImagesEvaluator({ classCount: 1, mode: 'boxes', groupOfWeight: 0 })
        const sure = { label: 0, box: [0, 0, 1, 1], score: 0.001 } as const
        evaluator.addImage(image(truth, things, [0]))
        evaluator.addImage(image([sure], [sure]))
        const { curves, positives } = evaluator.accumulate()
        const curve = curves.get(0)!
        const credits = Array.from(curve.recall, (recall, i) =>
          Math.round((recall - (curve.recall[i - 1] ?? 0)) * positives[0]!),
        )
        expect(Array.from(curve.scores, (score, i) => [score, credits[i]])).toEqual([
          ...plainLabels(truth, things),
          [0.001, 1],
        ])
      }),
    )
  })

  it('drops detections of classes nobody verified and removes boxes without area', () => {
    const evaluator = createOpenImagesEvaluator({ classCount: 2, mode: 'boxes' })
    evaluator.addImage(
      image(
        [{ label: 0, box: [0, 0, 4, 4] }],
        [
          { label: 1, box: [0, 0, 4, 4] },
          { label: 0, box: [3, 3, 3, 4] },
          { label: 0, box: [0, 0, 4, 4] },
        ],
      ),
    )
    evaluator.addImage(image([{ label: 1, box: [0, 0, 4, 4] }], [{ label: 1, box: [0, 0, 4, 4] }]))
    expect([...evaluator.accumulate().averagePrecision]).toEqual([1, 1])
  })

  it('gives NaN to classes without ground truth and leaves them out of the mean', () => {
    const evaluator = createOpenImagesEvaluator({ classCount: 2, mode: 'boxes' })
    evaluator.addImage(image([{ label: 0, box: [0, 0, 4, 4] }], [], [1]))
    expect([...evaluator.accumulate().averagePrecision]).toEqual([0, Number.NaN])
    expect(evaluator.accumulate().mean).toBe(0)
  })

  it('takes the boxes of masks when none are given', () => {
    const mask = ['.##.', '.##.', '....']
    const evaluator = createOpenImagesEvaluator({ classCount: 1, mode: 'masks' })
    const { boxesXyxy: _, ...detections } = image([], [{ label: 0, box: [0, 0, 1, 1], mask }], [], true).detections
    evaluator.addImage({ ...image([{ label: 0, box: [0, 1, 2, 3], mask }], [], [], true), detections })
    expect(evaluator.accumulate().mean).toBe(1)
  })

  it('counts an image as often as it is repeated', () => {
    const evaluator = createOpenImagesEvaluator({ classCount: 1, mode: 'boxes' })
    evaluator.addImage(image([{ label: 0, box: [0, 0, 4, 4] }], [{ label: 0, box: [0, 0, 4, 4], score: 0.9 }]))
    evaluator.addImage(image([{ label: 0, box: [0, 0, 4, 4] }], [{ label: 0, box: [8, 8, 9, 9], score: 0.8 }]))
    expect(evaluator.accumulate(Uint32Array.of(3, 1)).mean).toBe(0.75)
    expect(evaluator.accumulate(Uint32Array.of(0, 2)).mean).toBe(0)
  })
})

describe('image labels with a hierarchy', () => {
  it('lifts what is there to its ancestors and lowers what is not there to its descendants', () => {
    // 0 animal > 1 bird > 2 owl; 3 food; 4 turkey is a bird and food.
    const ancestors = [[], [0], [0, 1], [], [0, 1, 3]]
    expect(expandImageLabels({ positive: [4], negative: [] }, ancestors)).toEqual([0, 1, 3, 4])
    expect(expandImageLabels({ positive: [], negative: [1] }, ancestors)).toEqual([1, 2, 4])
    expect(expandImageLabels({ positive: [2], negative: [3] }, ancestors)).toEqual([0, 1, 2, 3, 4])
  })
})
