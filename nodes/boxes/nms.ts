import { defineNode } from '../../engine/contract/node.ts'
import { argmaxNms } from '../kernels/argmax-nms.ts'
import { classNms } from '../kernels/class-nms.ts'
import type { ProposalBoxes } from '../values/boxes.ts'
import { type ByClass, byClassSchema, checkByClass, groupPort, numbersByLabel } from '../values/by-class.ts'
import { classesInFacets } from '../values/class-lists.ts'
import type { Detections } from '../values/detections.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Label } from '../values/label.ts'

interface Params {
  readonly score: ByClass
  readonly iou: ByClass
  readonly labels: 'all' | 'argmax'
  readonly class_agnostic: boolean
  readonly max: number
  readonly min_side: number
}

interface Inputs {
  readonly boxes: ProposalBoxes
  readonly group?: Label
}

export const boxesNms = defineNode<Params, Inputs>({
  name: 'boxes/nms',
  version: 1,
  description:
    'Turns class probabilities of proposals into detections: score threshold, greedy NMS within each class, the best over all classes. Or one detection for each proposal, of its likeliest class, and NMS over all classes.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      score: {
        ...byClassSchema({ type: 'number', minimum: 0, maximum: 1 }),
        default: 0.05,
        description: 'A class of a proposal is a candidate when its probability is > this.',
      },
      iou: {
        ...byClassSchema({ type: 'number', minimum: 0, maximum: 1 }),
        default: 0.5,
        description:
          'Within a class, a candidate with IoU > this with a better one is dropped. Ties: earlier proposal first.',
      },
      labels: {
        enum: ['all', 'argmax'],
        default: 'all',
        description:
          'all: every class of a proposal is a candidate. argmax: only its likeliest one (of equal ones the first).',
      },
      class_agnostic: {
        type: 'boolean',
        default: false,
        description: 'Candidates of different classes drop each other too.',
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
    group: groupPort,
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
  types: (params, context) => {
    const classes = classesInFacets(context.inputs['boxes']?.[0])
    checkByClass('score', params.score, classes, context)
    checkByClass('iou', params.iou, classes, context)
    return classes === undefined ? {} : { detections: { classes } }
  },
  run: ({ boxes, group }, params, context) => {
    const number = (param: 'score' | 'iou') =>
      numbersByLabel(param, params[param], boxes.classCount, () => inputClasses(context, 'boxes'), group, context)
    const [scoreThreshold, iouThreshold] = [number('score'), number('iou')]
    const { max, min_side: minSidePx, class_agnostic: classAgnostic } = params
    const found =
      params.labels === 'argmax'
        ? argmaxNms(boxes, { scoreThreshold, iouThreshold, max, minSidePx, classAgnostic })
        : classNms(boxes, { scoreThreshold, iouThreshold, max, minSidePx, classAgnostic })
    return { detections: { frameHw: boxes.frameHw, ...found } satisfies Detections }
  },
})
