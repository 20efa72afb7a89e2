import { describe, expect, it } from 'vitest'
import type { NodeDefinition } from '../../engine/contract/node.ts'
import { boxesMatrixNms } from '../../nodes/boxes/matrix-nms.ts'
import { boxesNmm } from '../../nodes/boxes/nmm.ts'
import { boxesNmw } from '../../nodes/boxes/nmw.ts'
import { boxesSoftNms } from '../../nodes/boxes/soft-nms.ts'
import { boxesWbf } from '../../nodes/boxes/wbf.ts'
import { type Detections, detectionsKind } from '../../nodes/values/detections.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { type DetectionSpec, detectionsOf, specsOf } from '../helpers/detections.ts'
import { readGolden } from '../helpers/golden.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const frame = [20, 20] as const

/** Runs a node on sources of one class list each; every source has the same unless told otherwise. */
async function run(
  node: NodeDefinition,
  params: object,
  sources: readonly Detections[],
  lists: readonly { classes: readonly object[] }[] = sources.map(() => classesOf('cat', 'dog', 'fox', 'owl')),
): Promise<Detections> {
  const types = typedRun({ detections: lists as never })
  const { detections } = await runNode(node, { detections: sources }, withDefaults(node, params), types)
  detectionsKind.encode(detections as Detections)
  return detections as Detections
}

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
}

const cases = readGolden<Case[]>('fusion/boxes.json.gz').map((data, index) => ({ index, data }))

/** In a frame of one pixel, so that ensemble-boxes' unit square is the picture. */
const sourcesOf = ({ boxes, scores, labels }: Case) =>
  boxes.map((own, source) =>
    detectionsOf(
      [1, 1],
      own.map((box, i) => ({ box, score: scores[source]![i]!, label: labels[source]![i]! })),
    ),
  )

function expectNear(found: Detections, expected: Result): void {
  const wanted = expected.scores
    .map((score, i) => ({ score: Math.min(1, score), label: expected.labels[i]!, box: expected.boxes[i]! }))
    .sort((a, b) => b.score - a.score)
  const got = specsOf(found)
  expect(got.map(({ label }) => label)).toEqual(wanted.map(({ label }) => label))
  for (const [k, { score, box }] of got.entries()) {
    expect(Math.abs(score - wanted[k]!.score)).toBeLessThan(1e-6)
    box.forEach((side, s) => {
      expect(Math.abs(side - wanted[k]!.box[s]!)).toBeLessThan(1e-6)
    })
  }
}

describe('boxes/wbf', () => {
  it.each(cases)('gives what ensemble-boxes gives, for all confidences: case $index', async ({ data }) => {
    for (const confidence of ['avg', 'max', 'box-and-model-avg', 'absent-model-aware-avg']) {
      const params = {
        iou: data.iou,
        skip_below: data.skip,
        confidence,
        ...(data.weights && { weights: data.weights }),
      }
      const found = await run(boxesWbf, params, sourcesOf(data))
      expectNear(found, data.wbf[confidence.replaceAll('-', '_')]!)
    }
  })

  it('never scores above 1, whatever the weights round to', async () => {
    const sources = Array.from({ length: 7 }, () => detectionsOf(frame, [{ score: 1, box: [1, 1, 9, 9] }]))
    for (const confidence of ['avg', 'max', 'box-and-model-avg', 'absent-model-aware-avg']) {
      const weights = [0.1, 0.7, 0.3, 1.1, 0.9, 0.2, 0.6]
      const [one] = specsOf(await run(boxesWbf, { confidence, weights }, sources))
      expect(one!.score).toBeLessThanOrEqual(1)
      expect(one!.score).toBeGreaterThan(0.999999)
    }
  })

  it('reports weights that are all 0 before anything runs', async () => {
    const check = testCheck({ inputs: { detections: [classesOf('a'), classesOf('a')] } })
    await boxesWbf.types!({ weights: [0, 0] } as never, check.context)
    expect(check.problems).toMatchObject([{ param: 'weights' }])
  })
})

describe('boxes/nmw', () => {
  it.each(cases)('gives what ensemble-boxes gives: case $index', async ({ data }) => {
    const params = { iou: data.iou, skip_below: data.skip, ...(data.weights && { weights: data.weights }) }
    expectNear(await run(boxesNmw, params, sourcesOf(data)), data.nmw)
  })
})

describe('boxes/soft-nms', () => {
  const pair = [
    detectionsOf(frame, [{ score: 0.9, box: [0, 0, 4, 4] }]),
    detectionsOf(frame, [{ score: 0.8, box: [0, 0, 4, 3] }]),
  ]
  const scores = async (params: object) => specsOf(await run(boxesSoftNms, params, pair)).map(({ score }) => score)

  it('lowers the score of the lesser box by its overlap with the better one', async () => {
    expect(await scores({})).toEqual([0.9, 0.8 * Math.exp(-(0.75 * 0.75) / 0.5)])
    expect(await scores({ sigma: 1 })).toEqual([0.9, 0.8 * Math.exp(-(0.75 * 0.75))])
    expect(await scores({ decay: 'linear' })).toEqual([0.9, 0.8 * 0.25])
  })

  it('linear: decays above iou only, unless asked at the threshold; drops below min_score', async () => {
    expect(await scores({ decay: 'linear', iou: 0.75 })).toEqual([0.9, 0.8])
    expect(await scores({ decay: 'linear', iou: 0.75, at_threshold: true })).toEqual([0.9, 0.8 * 0.25])
    expect(await scores({ decay: 'linear', min_score: 0.21 })).toEqual([0.9])
  })
})

describe('boxes/matrix-nms', () => {
  it('lowers by the worst better box, among the best candidates only', async () => {
    const sources = [
      detectionsOf(frame, [
        { score: 0.9, box: [0, 0, 4, 4] },
        { score: 0.8, box: [0, 0, 4, 2] },
        { score: 0.7, box: [10, 10, 12, 12], label: 1 },
      ]),
    ]
    const gaussian = specsOf(await run(boxesMatrixNms, {}, sources))
    expect(gaussian.map(({ label }) => label)).toEqual([0, 1, 0])
    expect(gaussian[2]!.score).toBeCloseTo(0.8 * Math.exp(-2 * 0.25), 12)
    const linear = specsOf(await run(boxesMatrixNms, { decay: 'linear', candidates: 2 }, sources))
    expect(linear.map(({ score }) => score)).toEqual([0.9, 0.4])
    expect(specsOf(await run(boxesMatrixNms, { decay: 'linear', min_score: 0.5 }, sources))).toHaveLength(2)
  })
})

interface Tiles extends Result {
  readonly merged: readonly (Result & {
    readonly reach: string
    readonly overlap: string
    readonly agnostic: boolean
    readonly threshold: number
  })[]
}

describe('boxes/nmm', () => {
  const tiles = readGolden<Tiles[]>('fusion/tiles.json.gz').map((data, index) => ({ index, data }))

  it.each(tiles)('gives what SAHI gives, best first: case $index', async ({ data }) => {
    const specs = data.boxes.map((box, i) => ({ box, score: data.scores[i]!, label: data.labels[i]! }))
    for (const { reach, overlap, threshold, agnostic, boxes, scores, labels } of data.merged) {
      const params = { reach, overlap, threshold, class_agnostic: agnostic }
      const found = specsOf(await run(boxesNmm, params, [detectionsOf([400, 400], specs)]))
      const expected = boxes.map((box, i) => ({ box, score: scores[i]!, label: labels[i]! }))
      expect(found).toEqual(expected.sort((a, b) => b.score - a.score))
    }
  })
})

const fusing = [boxesWbf, boxesNmw, boxesSoftNms, boxesMatrixNms, boxesNmm]

describe.each(fusing.map(node => [node.name, node] as const))('%s', (_name, node) => {
  const whole: DetectionSpec['box'] = [0, 0, 10, 10]

  it('meets classes by id and types its output with the united list', async () => {
    const lists = [classesOf('cat', 'dog'), classesOf('dog', 'owl')]
    const sources = [
      detectionsOf(frame, [
        { label: 0, score: 0.9, box: whole },
        { label: 1, score: 0.8, box: whole },
      ]),
      detectionsOf(frame, [
        { label: 0, score: 0.7, box: whole },
        { label: 1, score: 0.6, box: whole },
      ]),
    ]
    const found = specsOf(await run(node, { min_score: 0.3, decay: 'linear' }, sources, lists))
    // The two dogs are one box; a cat and an owl lie on it, untouched.
    expect(found.map(({ label }) => label).sort()).toEqual([0, 1, 2])
    const { context } = testCheck({ inputs: { detections: lists } })
    expect(await node.types!({} as never, context)).toEqual({ detections: classesOf('cat', 'dog', 'owl') })
  })

  it('gives the best max, by score descending, and nothing for nothing', async () => {
    const boxes = [3, 1, 2].map(k => ({ score: k / 4, box: [6 * k, 0, 6 * k + 2, 2] }))
    const found = specsOf(await run(node, { max: 2 }, [detectionsOf(frame, boxes)]))
    expect(found.map(({ score }) => score)).toEqual([0.75, 0.5])
    expect(specsOf(await run(node, {}, [detectionsOf(frame, []), detectionsOf(frame, [])]))).toEqual([])
  })

  it('refuses sources of pictures of different size, naming the source', async () => {
    const sources = [detectionsOf(frame, []), detectionsOf([20, 30], [])]
    await expect(run(node, {}, sources)).rejects.toThrow('a frame of 20 × 30 (source 1)')
  })

  it('refuses a label that its class list does not have, naming the instance', async () => {
    const sources = [
      detectionsOf(frame, []),
      detectionsOf(frame, [
        { score: 0.5, box: whole },
        { label: 4, score: 0.5, box: whole },
      ]),
    ]
    await expect(run(node, {}, sources)).rejects.toThrow('labels[1] of input 1 is 4, its class list has 4 classes')
  })
})
