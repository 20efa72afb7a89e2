import { defineNode } from '../../engine/contract/node.ts'
import { softNms } from '../kernels/soft-nms.ts'
import { unitedFacets } from '../values/united-classes.ts'
import { type FoldWeights, PRESENCE_SCHEMA, weightsPort } from '../values/weights.ts'
import {
  classAgnosticParam,
  detectionsIn,
  detectionsOut,
  type FusionInputs,
  fusionPool,
  maxParam,
} from './fusion-ports.ts'
import { pickDetections } from './pool-detections.ts'

interface Params {
  readonly decay: 'linear' | 'gaussian'
  readonly iou: number
  readonly at_threshold: boolean
  readonly sigma: number
  readonly min_score: number
  readonly class_agnostic: boolean
  readonly max?: number
  readonly weights?: FoldWeights
}

export const boxesSoftNms = defineNode<Params, FusionInputs>({
  name: 'boxes/soft-nms',
  version: 1,
  description:
    'Soft-NMS over the detections of all sources together: a box that overlaps a better one keeps its place and loses score, the more the nearer it is. Ties: source order.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      decay: {
        enum: ['gaussian', 'linear'],
        default: 'gaussian',
        description:
          'gaussian: score · exp(−IoU² / sigma), at every IoU. linear: score · (1 − IoU), where the IoU is above iou.',
      },
      iou: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.5,
        description: 'Linear only: boxes with IoU > this decay.',
      },
      at_threshold: {
        type: 'boolean',
        default: false,
        description: 'Linear only: boxes with IoU = iou decay too (the paper and mmcv); ensemble-boxes spares them.',
      },
      sigma: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 0.5,
        description: 'Gaussian only: the larger, the gentler.',
      },
      min_score: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.001,
        description: 'A box is dropped when its score falls < this.',
      },
      class_agnostic: classAgnosticParam,
      max: maxParam,
      weights: { ...PRESENCE_SCHEMA, 'x-weights-of': 'detections' },
    },
  },
  inputs: { detections: detectionsIn, weights: weightsPort },
  outputs: { detections: detectionsOut },
  example: `
softened:
  uses: boxes/soft-nms
  over: [model]
  with: { decay: gaussian, sigma: 0.5 }
  in: { detections: detections.detections }
`,
  types: (_params, context) => ({ detections: unitedFacets(context, 'detections') }),
  run: (inputs, params, context) => {
    const { pool } = fusionPool(inputs, params.weights, context)
    const { kept, scores } = softNms(pool.boxesXyxy, pool.scores, {
      decay: params.decay,
      iouThreshold: params.iou,
      atThreshold: params.at_threshold,
      sigma: params.sigma,
      minScore: params.min_score,
      ...(!params.class_agnostic && { groups: pool.labels }),
    })
    return { detections: pickDetections(pool, kept.slice(0, params.max), scores.slice(0, params.max)) }
  },
})
