import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { gatherBoxes } from '../kernels/box-geometry.ts'
import { greedyNms } from '../kernels/nms.ts'
import type { Proposals } from '../values/proposals.ts'
import { type FoldWeights, membersOf, PRESENCE_SCHEMA, type Weights, weightsPort } from '../values/weights.ts'

interface Params {
  readonly iou: number
  readonly max: number
  readonly weights?: FoldWeights
}

interface Inputs {
  readonly proposals: readonly Proposals[]
  readonly weights?: Weights
}

export const ensembleProposals = defineNode<Params, Inputs>({
  name: 'ensemble/proposals',
  version: 1,
  description:
    'Pools the proposals of several views and thins them by one class-agnostic NMS: the best duplicate wins with its own box (mmdetection merge_aug_proposals).',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      iou: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.7,
        description: 'A proposal with IoU > this with a better one is dropped.',
      },
      max: { type: 'integer', minimum: 1, default: 1000, description: 'Proposals to keep, best objectness first.' },
      weights: { ...PRESENCE_SCHEMA, 'x-weights-of': 'proposals' },
    },
  },
  inputs: {
    proposals: { kind: 'proposals', per: 'item', many: 'folded', description: 'Proposals of each view.' },
    weights: weightsPort,
  },
  outputs: {
    proposals: {
      kind: 'proposals',
      per: 'item',
      persist: 'always',
      description: 'The merged proposals: by objectness descending, ties in the order of the views.',
    },
  },
  example: `proposals:
  uses: ensemble/proposals
  over: [model, scale, flip]
  with: { iou: 0.7, max: 1000 }
  in: { proposals: propose.proposals }
`,
  types: () => ({ proposals: {} }),
  run: ({ proposals, weights: named }, { iou, max, weights }) => {
    const { values: views } = membersOf(proposals, weights, named)
    const frameHw = sameFrame(views)
    const count = views.reduce((sum, view) => sum + view.scores.length, 0)
    const boxes = new Float64Array(4 * count)
    const scores = new Float64Array(count)
    let at = 0
    for (const view of views) {
      boxes.set(view.boxesXyxy, 4 * at)
      scores.set(view.scores, at)
      at += view.scores.length
    }
    const kept = greedyNms(boxes, scores, iou, { max })
    return {
      proposals: {
        frameHw,
        boxesXyxy: gatherBoxes(boxes, kept),
        scores: Float64Array.from(kept, i => scores[i]!),
      } satisfies Proposals,
    }
  },
})

function sameFrame(views: readonly Proposals[]): readonly [number, number] {
  const [height, width] = views[0]!.frameHw
  const other = views.find(view => view.frameHw[0] !== height || view.frameHw[1] !== width)
  if (other !== undefined)
    throw new TaskError({
      code: 'bad-value',
      message: `the views are of images of different size: ${width} × ${height} and ${other.frameHw[1]} × ${other.frameHw[0]}`,
    })
  return [height, width]
}
