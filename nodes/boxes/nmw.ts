import { defineNode } from '../../engine/contract/node.ts'
import { nonMaximumWeighted } from '../kernels/nmw.ts'
import { unitedFacets } from '../values/united-classes.ts'
import { checkWeights, type FoldWeights, WEIGHTS_SCHEMA, weightsPort } from '../values/weights.ts'
import { fusedDetections } from './fused-detections.ts'
import { detectionsIn, detectionsOut, type FusionInputs, fusionPool, maxParam } from './fusion-ports.ts'

interface Params {
  readonly iou: number
  readonly skip_below: number
  readonly weights?: FoldWeights
  readonly max?: number
}

export const boxesNmw = defineNode<Params, FusionInputs>({
  name: 'boxes/nmw',
  version: 1,
  description:
    'Non-maximum weighted: the best box of each object keeps its score and moves to the mean of the boxes it would have suppressed, weighted by score and by IoU with it. Boxes are clipped to the image first; those left without area take no part.',
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
        default: 0.55,
        description:
          'A box joins the cluster of its class whose best box overlaps it most, if that IoU is > this. Ties: the older cluster.',
      },
      skip_below: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0,
        description: 'Boxes with a score < this take no part; the score is the source’s own, before its weight.',
      },
      weights: {
        ...WEIGHTS_SCHEMA,
        'x-weights-of': 'detections',
        description:
          'Trust in each source, by axis and coordinate id, divided by the largest; missing = 1, 0 = left out.',
      },
      max: maxParam,
    },
  },
  inputs: { detections: detectionsIn, weights: weightsPort },
  outputs: { detections: detectionsOut },
  example: `
fused:
  uses: boxes/nmw
  over: [model]
  with: { iou: 0.55 }
  in: { detections: detections.detections }
`,
  types: (params, context) => {
    checkWeights(params.weights, context)
    return { detections: unitedFacets(context, 'detections') }
  },
  run: (inputs, params, context) => {
    const { pool, weights } = fusionPool(inputs, params.weights, context)
    const fused = nonMaximumWeighted(pool, {
      sourceCount: weights.length,
      weights,
      iouThreshold: params.iou,
      skipBelow: params.skip_below,
      frameHw: pool.frameHw,
    })
    return { detections: fusedDetections(fused, pool.frameHw, params.max) }
  },
})
