import { defineNode } from '../../engine/contract/node.ts'
import { crossSourceFusion } from '../kernels/cross-source-fusion.ts'
import type { Instances } from '../values/instances.ts'
import { fusedInstances, poolInstances } from '../values/pool-instances.ts'
import { unitedFacets, unitedLabelMaps } from '../values/united-classes.ts'
import {
  checkWeights,
  type FoldWeights,
  membersOf,
  WEIGHTS_SCHEMA,
  type Weights,
  weightsPort,
} from '../values/weights.ts'

interface Params {
  readonly iou: number
  readonly weights?: FoldWeights
  readonly max?: number
}

interface Inputs {
  readonly instances: readonly Instances[]
  readonly weights?: Weights
}

export const masksFuseSources = defineNode<Params, Inputs>({
  name: 'masks/fuse-sources',
  version: 1,
  description:
    'Matches the instances of several models of one image and fuses the matched: source by source, an instance not used yet takes from every other source the free one of its class with the highest mask IoU. Score: Σ weight · score, an absent source adding nothing; mask: the pixels where Σ weight · mask / Σ weight of those present > 0.5. An instance alone keeps its mask and gets weight · score. Weights are divided by their sum. Source: chicm’s ensemble for Open Images 2019, without its mix-up of equal scores.',
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
        default: 0.5,
        description: 'Partners have a mask IoU > this. Ties: the first.',
      },
      weights: {
        ...WEIGHTS_SCHEMA,
        'x-weights-of': 'instances',
        description: 'Trust in each source, by axis and coordinate id: { source: { a: 0.6 } }; missing = 1.',
      },
      max: { type: 'integer', minimum: 1, description: 'Instances to keep, best fused score first. Default: all.' },
    },
  },
  inputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      many: 'folded',
      mixedFacets: true,
      description: 'Instances of each source, walked in the order of their coordinates; classes meet by id.',
    },
    weights: weightsPort,
  },
  outputs: {
    instances: { kind: 'instances', per: 'item', description: 'By score descending; boxes are those of the masks.' },
  },
  example: `
fused:
  uses: masks/fuse-sources
  over: [source]
  with: { weights: { source: { large: 0.6, small: 0.4 } }, max: 160 }
  in: { instances: theirs.instances }
`,
  types: (params, context) => {
    checkWeights(params.weights, context)
    return { instances: unitedFacets(context, 'instances') }
  },
  run: ({ instances, weights: named }, params, context) => {
    const { values, weights, places } = membersOf(instances, params.weights, named)
    const labelMaps = unitedLabelMaps(context, 'instances')
    const pool = poolInstances(
      values,
      places.map(place => labelMaps[place]!),
    )
    const fused = crossSourceFusion(pool, {
      weights,
      iouThreshold: params.iou,
      ...(params.max !== undefined && { max: params.max }),
    })
    return { instances: fusedInstances(fused) }
  },
})
