import { defineNode } from '../../engine/contract/node.ts'
import { boxIou } from '../kernels/box-iou.ts'
import { matrixNms } from '../kernels/matrix-nms.ts'
import { topK } from '../kernels/order.ts'
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
  readonly sigma: number
  readonly min_score: number
  readonly candidates: number
  readonly class_agnostic: boolean
  readonly max?: number
  readonly weights?: FoldWeights
}

export const boxesMatrixNms = defineNode<Params, FusionInputs>({
  name: 'boxes/matrix-nms',
  version: 1,
  description:
    'Matrix NMS (SOLOv2) over the detections of all sources together: every box loses score once, by the better box that overlaps it worst, less if that one is itself overlapped. Ties: source order.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      decay: {
        enum: ['gaussian', 'linear'],
        default: 'gaussian',
        description: 'gaussian: exp(−sigma · IoU²). linear: 1 − IoU.',
      },
      sigma: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 2,
        description: 'Gaussian only: the larger, the harsher.',
      },
      min_score: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.05,
        description: 'Boxes whose lowered score is ≥ this stay.',
      },
      candidates: {
        type: 'integer',
        minimum: 1,
        maximum: 5000,
        default: 500,
        description: 'Boxes of an image that take part, best score first, over all classes; every pair is compared.',
      },
      class_agnostic: classAgnosticParam,
      max: maxParam,
      weights: { ...PRESENCE_SCHEMA, 'x-weights-of': 'detections' },
    },
  },
  inputs: { detections: detectionsIn, weights: weightsPort },
  outputs: { detections: detectionsOut },
  example: `
lowered:
  uses: boxes/matrix-nms
  over: [model]
  with: { min_score: 0.05, max: 100 }
  in: { detections: detections.detections }
`,
  types: (_params, context) => ({ detections: unitedFacets(context, 'detections') }),
  run: (inputs, params, context) => {
    const { pool } = fusionPool(inputs, params.weights, context)
    // Rising, so that ties stay in source order.
    const chosen = topK(pool.scores, params.candidates).sort()
    const { boxesXyxy, scores, labels } = pickDetections(
      pool,
      chosen,
      Float64Array.from(chosen, index => pool.scores[index]!),
    )
    const result = matrixNms(boxIou(boxesXyxy, boxesXyxy), scores, {
      decay: params.decay,
      sigma: params.sigma,
      minScore: params.min_score,
      ...(!params.class_agnostic && { groups: labels }),
    })
    const kept = result.kept.slice(0, params.max).map(index => chosen[index]!)
    return { detections: pickDetections(pool, kept, result.scores.slice(0, params.max)) }
  },
})
