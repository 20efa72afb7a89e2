import { defineNode } from '../../engine/contract/node.ts'
import { nonMaximumMerging } from '../kernels/nmm.ts'
import { argsortDescending } from '../kernels/order.ts'
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
  readonly reach: 'greedy' | 'transitive'
  readonly overlap: 'ios' | 'iou'
  readonly threshold: number
  readonly class_agnostic: boolean
  readonly max?: number
  readonly weights?: FoldWeights
}

export const boxesNmm = defineNode<Params, FusionInputs>({
  name: 'boxes/nmm',
  version: 1,
  description:
    'Non-maximum merging (SAHI): a box that overlaps a better one is united with it instead of dropped, which joins the parts of objects that several tiles or views cut. The merged box encloses its parts and has their best score.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      reach: {
        enum: ['greedy', 'transitive'],
        default: 'greedy',
        description:
          'greedy: a box takes those that overlap it (SAHI’s GREEDYNMM). transitive: also those that overlap what it took (NMM).',
      },
      overlap: {
        enum: ['ios', 'iou'],
        default: 'ios',
        description: 'Intersection over the smaller area, or over the union.',
      },
      threshold: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.5,
        description: 'Boxes with an overlap ≥ this are united. Ties of score: by x1, y1, x2, y2.',
      },
      class_agnostic: {
        ...classAgnosticParam,
        description: 'Boxes of different classes meet too; the merged box has the class of the best part.',
      },
      max: maxParam,
      weights: { ...PRESENCE_SCHEMA, 'x-weights-of': 'detections' },
    },
  },
  inputs: { detections: detectionsIn, weights: weightsPort },
  outputs: { detections: detectionsOut },
  example: `
merged:
  uses: boxes/nmm
  over: [scale]
  with: { reach: greedy, overlap: ios, threshold: 0.5 }
  in: { detections: detections.detections }
`,
  types: (_params, context) => ({ detections: unitedFacets(context, 'detections') }),
  run: (inputs, params, context) => {
    const { pool } = fusionPool(inputs, params.weights, context)
    const merged = nonMaximumMerging(pool.boxesXyxy, pool.scores, {
      reach: params.reach,
      overlap: params.overlap,
      threshold: params.threshold,
      ...(!params.class_agnostic && { groups: pool.labels }),
    })
    const clusters = {
      ...pool,
      boxesXyxy: merged.boxesXyxy,
      labels: Int32Array.from(merged.labelFrom, index => pool.labels[index]!),
    }
    const best = argsortDescending(merged.scores).slice(0, params.max)
    return {
      detections: pickDetections(
        clusters,
        best,
        Float64Array.from(best, cluster => merged.scores[cluster]!),
      ),
    }
  },
})
