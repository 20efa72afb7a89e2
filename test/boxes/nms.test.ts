import { array, assert, asyncProperty, constantFrom, integer, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boxesNms } from '../../nodes/boxes/nms.ts'
import { ensembleBoxes } from '../../nodes/ensemble/boxes.ts'
import type { ProposalBoxes } from '../../nodes/values/boxes.ts'
import type { Detections } from '../../nodes/values/detections.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const cells = classesOf('shsy5y', 'astro', 'cort')

async function detect(boxes: ProposalBoxes, params: object, group?: string): Promise<Detections> {
  const inputs = { boxes, ...(group !== undefined && { group: { text: group } }) }
  const run = typedRun({ boxes: [cells], group: [cells] })
  return (await runNode(boxesNms, inputs, withDefaults(boxesNms, params), run))['detections'] as Detections
}

/** A proposal: probabilities in quarters, and a box for each class. */
const proposal = tuple(
  array(integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 }),
  array(
    tuple(
      integer({ min: 0, max: 9 }),
      integer({ min: 0, max: 9 }),
      integer({ min: 1, max: 6 }),
      integer({ min: 1, max: 6 }),
    ),
    { minLength: 3, maxLength: 3 },
  ),
)
type Proposal = readonly [number[], (readonly [number, number, number, number])[]]

function boxesOf(proposals: readonly Proposal[]): ProposalBoxes {
  return {
    frameHw: [20, 20],
    classCount: 3,
    probabilities: Float32Array.from(proposals.flatMap(([quarters]) => quarters.map(quarter => quarter / 4))),
    boxesXyxy: Float32Array.from(proposals.flatMap(([, own]) => own.flatMap(([x, y, w, h]) => [x, y, x + w, y + h]))),
    boxesPerProposal: 3,
  }
}

function iou(a: readonly number[], b: readonly number[]): number {
  const width = Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!)
  const height = Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!)
  if (width <= 0 || height <= 0) return 0
  const size = (c: readonly number[]) => (c[2]! - c[0]!) * (c[3]! - c[1]!)
  return (width * height) / (size(a) + size(b) - width * height)
}

/** The box stage of the Sartorius solution, for one view. */
function plainArgmax(proposals: readonly Proposal[], threshold: number, overlap: number) {
  const candidates = proposals.map(([quarters, own]) => {
    const score = Math.max(...quarters)
    const label = quarters.indexOf(score)
    const [x, y, w, h] = own[label]!
    return { score: score / 4, label, box: [x, y, x + w, y + h] }
  })
  const order = candidates.map((_, i) => i).sort((a, b) => candidates[b]!.score - candidates[a]!.score || a - b)
  const kept: (typeof candidates)[number][] = []
  for (const i of order) {
    if (kept.every(({ box }) => iou(box, candidates[i]!.box) <= overlap)) kept.push(candidates[i]!)
  }
  return kept.filter(({ score }) => score > threshold)
}

describe('boxes/nms with one class for each proposal', () => {
  it('equals a plain reading of the Sartorius box stage', async () => {
    await assert(
      asyncProperty(
        array(proposal, { maxLength: 12 }),
        constantFrom(0, 0.25, 0.5),
        constantFrom(0.1, 0.5, 0.7),
        async (proposals, score, overlap) => {
          const params = { labels: 'argmax', class_agnostic: true, score, iou: { others: overlap } }
          const found = await detect(boxesOf(proposals), params, 'astro')
          const plain = plainArgmax(proposals, score, overlap)
          expect([...found.scores]).toEqual(plain.map(one => one.score))
          expect([...found.labels]).toEqual(plain.map(one => one.label))
          expect([...found.boxesXyxy]).toEqual(plain.flatMap(one => one.box))
        },
      ),
    )
  })

  it('lets only proposals of one class drop each other unless told', async () => {
    const two: Proposal[] = [
      [
        [4, 0, 0],
        [
          [0, 0, 4, 4],
          [0, 0, 4, 4],
          [0, 0, 4, 4],
        ],
      ],
      [
        [0, 3, 0],
        [
          [0, 0, 4, 4],
          [0, 0, 4, 4],
          [0, 0, 4, 4],
        ],
      ],
    ]
    expect((await detect(boxesOf(two), { labels: 'argmax' })).scores).toHaveLength(2)
    expect((await detect(boxesOf(two), { labels: 'argmax', class_agnostic: true })).scores).toHaveLength(1)
    expect((await detect(boxesOf(two), { class_agnostic: true })).scores).toHaveLength(1)
    expect((await detect(boxesOf(two), { labels: 'argmax', max: 1 })).labels).toEqual(Int32Array.of(0))
  })
})

describe('boxes/nms by class', () => {
  const stack: Proposal[] = [2, 3, 4].map(quarter => [
    [quarter, quarter, 0],
    [
      [0, 0, 10, quarter + 4],
      [0, 0, 10, quarter + 4],
      [0, 0, 1, 1],
    ],
  ])

  it('takes the threshold and the overlap of the label', async () => {
    const params = { score: { shsy5y: 0.6, others: 0.1 }, iou: { shsy5y: 0.9, astro: 0.5, cort: 0.5 } }
    const found = await detect(boxesOf(stack), params)
    expect([...found.labels]).toEqual([0, 1, 0])
    expect([...found.scores]).toEqual([1, 1, 0.75])
  })

  it('takes those of the image where its type is bound', async () => {
    const params = { score: 0.1, iou: { shsy5y: 0.9, astro: 0.5, cort: 0.5 } }
    expect((await detect(boxesOf(stack), params, 'shsy5y')).scores).toHaveLength(6)
    expect((await detect(boxesOf(stack), params, 'cort')).scores).toHaveLength(2)
  })

  it('is checked before the run', async () => {
    const check = testCheck({ inputs: { boxes: [cells] } })
    await boxesNms.types!(withDefaults(boxesNms, { iou: { astro: 0.4 } }) as never, check.context)
    expect(check.problems[0]?.message).toBe('iou has no number for shsy5y, cort')
  })
})

describe('ensemble/boxes with labels: argmax', () => {
  it('averages the box of the class that each view finds likeliest', async () => {
    const probabilities = [Float32Array.of(0.2, 0.5, 0.1), Float32Array.of(0.6, 0.1, 0.1)]
    const boxesXyxy = Float32Array.of(0, 0, 2, 2, 10, 10, 14, 14, 50, 50, 60, 60)
    const views = probabilities.map(own => ({
      frameHw: [99, 99],
      classCount: 3,
      probabilities: own,
      boxesXyxy,
      boxesPerProposal: 3,
    }))
    const { boxes } = (await runNode(ensembleBoxes, { boxes: views }, { labels: 'argmax' })) as { boxes: ProposalBoxes }
    expect(boxes.boxesPerProposal).toBe(1)
    expect([...boxes.boxesXyxy]).toEqual([5, 5, 8, 8])
    expect([...boxes.probabilities]).toEqual([0.4, 0.3, 0.1].map(Math.fround))
    const check = testCheck({ inputs: { boxes: [{ ...cells, class_boxes: 'per-class' }] } })
    expect(await ensembleBoxes.types!({ labels: 'argmax' } as never, check.context)).toEqual({
      boxes: { ...cells, class_boxes: 'shared' },
    })
  })
})
