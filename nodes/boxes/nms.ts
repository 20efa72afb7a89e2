import { defineNode } from '../../engine/contract/node.ts'
import { classNms } from '../kernels/class-nms.ts'
import type { ProposalBoxes } from '../values/boxes.ts'
import { classesInFacets } from '../values/class-lists.ts'
import type { Detections } from '../values/detections.ts'

interface Params {
  readonly score: number
  readonly iou: number
  readonly max: number
  readonly min_side: number
}

interface Inputs {
  readonly boxes: ProposalBoxes
}

export const boxesNms = defineNode<Params, Inputs>({
  name: 'boxes/nms',
  version: 1,
  description:
    'Turns class probabilities of proposals into detections: score threshold, greedy NMS within each class, the best over all classes.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      score: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.05,
        description: 'A class of a proposal is a candidate when its probability is > this.',
      },
      iou: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.5,
        description:
          'Within a class, a candidate with IoU > this with a better one is dropped. Ties: earlier proposal first.',
      },
      max: {
        type: 'integer',
        minimum: 1,
        default: 100,
        description: 'Detections to keep in an image, over all classes, best score first.',
      },
      min_side: {
        type: 'number',
        minimum: 0,
        default: 0.01,
        description: 'Boxes with a side < this many pixels are dropped before NMS.',
      },
    },
  },
  inputs: {
    boxes: { kind: 'boxes', per: 'item', description: 'Class probabilities and boxes, of one view or averaged.' },
  },
  outputs: {
    detections: {
      kind: 'detections',
      per: 'item',
      persist: 'always',
      description: 'By score descending; ties by proposal, then class.',
    },
  },
  example: `detections:
  uses: boxes/nms
  with: { score: 0, iou: 0.5, max: 120 }
  in: { boxes: mean.boxes }
`,
  types: (_params, context) => {
    const classes = classesInFacets(context.inputs['boxes']?.[0])
    return classes === undefined ? {} : { detections: { classes } }
  },
  run: ({ boxes }, params) => {
    const found = classNms(boxes, {
      scoreThreshold: params.score,
      iouThreshold: params.iou,
      max: params.max,
      minSidePx: params.min_side,
    })
    return { detections: { frameHw: boxes.frameHw, ...found } satisfies Detections }
  },
})
