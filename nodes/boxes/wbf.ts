import { defineNode } from '../../engine/contract/node.ts'
import { type WbfConfidence, weightedBoxesFusion } from '../kernels/wbf.ts'
import { unitedFacets } from '../values/united-classes.ts'
import { checkWeights, type FoldWeights, WEIGHTS_SCHEMA, weightsPort } from '../values/weights.ts'
import { fusedDetections } from './fused-detections.ts'
import { detectionsIn, detectionsOut, type FusionInputs, fusionPool, maxParam } from './fusion-ports.ts'

interface Params {
  readonly iou: number
  readonly skip_below: number
  readonly confidence: WbfConfidence
  readonly weights?: FoldWeights
  readonly max?: number
}

export const boxesWbf = defineNode<Params, FusionInputs>({
  name: 'boxes/wbf',
  version: 1,
  description:
    'Weighted boxes fusion: detections of several models or views of one image become clusters, each one box that is the mean of its members weighted by score and source. Boxes are clipped to the image first; those left without area take no part.',
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
          'A box joins the cluster of its class whose fused box overlaps it most, if that IoU is > this. Ties: the older cluster.',
      },
      skip_below: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0,
        description: 'Boxes with a score < this take no part; the score is the source’s own, before its weight.',
      },
      confidence: {
        enum: ['avg', 'max', 'box-and-model-avg', 'absent-model-aware-avg'],
        default: 'avg',
        description:
          'Score of a cluster. avg: mean of the members, lowered if fewer than there are sources, at most 1. max: the best member. box-and-model-avg: mean of the members times the share of the sources present, by weight. absent-model-aware-avg: sum over the members and a 0 for each absent source, by weight.',
      },
      weights: {
        ...WEIGHTS_SCHEMA,
        'x-weights-of': 'detections',
        description:
          'Trust in each source, by axis and coordinate id: { model: { L1: 2 } }; missing = 1, 0 = left out.',
      },
      max: maxParam,
    },
  },
  inputs: { detections: detectionsIn, weights: weightsPort },
  outputs: { detections: detectionsOut },
  example: `
fused:
  uses: boxes/wbf
  over: [model]
  with: { iou: 0.55, weights: { model: { L1: 2 } } }
  in: { detections: detections.detections }
`,
  types: (params, context) => {
    checkWeights(params.weights, context)
    return { detections: unitedFacets(context, 'detections') }
  },
  run: (inputs, params, context) => {
    const { pool, weights } = fusionPool(inputs, params.weights, context)
    const fused = weightedBoxesFusion(pool, {
      sourceCount: weights.length,
      weights,
      iouThreshold: params.iou,
      skipBelow: params.skip_below,
      confidence: params.confidence,
      frameHw: pool.frameHw,
    })
    return { detections: fusedDetections(fused, pool.frameHw, params.max) }
  },
})
