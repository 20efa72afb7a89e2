import { defineNode } from '../../engine/contract/node.ts'
import { type ByClass, byClassSchema, checkByClass, groupPort, numberOfItem } from '../values/by-class.ts'
import type { Label } from '../values/label.ts'
import { meanRpn } from '../values/mean-rpn.ts'
import type { Proposals } from '../values/proposals.ts'
import { proposalsFrom } from '../values/proposals-from.ts'
import type { RpnMaps } from '../values/rpn.ts'
import { checkWeights, type FoldWeights, WEIGHTS_SCHEMA, type Weights, weightsPort } from '../values/weights.ts'

interface Params {
  readonly top_per_level: ByClass
  readonly iou: ByClass
  readonly score: ByClass
  readonly max?: ByClass
  readonly min_side: number
  readonly weights?: FoldWeights
}

interface Inputs {
  readonly rpn: readonly RpnMaps[]
  readonly group?: Label
  readonly weights?: Weights
}

export const ensembleRpn = defineNode<Params, Inputs>({
  name: 'ensemble/rpn',
  version: 1,
  description:
    'Averages the proposal maps of several models, logits and deltas number by number, and decodes the mean: one set of proposals that all members agreed on. The members need the same anchors and the same view; choose it with where: on the input. (TheoViel’s Sartorius solution.)',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      top_per_level: {
        ...byClassSchema({ type: 'integer', minimum: 1 }),
        default: 1000,
        description: 'Anchors with the best mean logits of each pyramid level that are decoded.',
      },
      iou: {
        ...byClassSchema({ type: 'number', minimum: 0, maximum: 1 }),
        default: 0.7,
        description: 'A proposal with IoU > this with a better one of its level is dropped.',
      },
      score: {
        ...byClassSchema({ type: 'number', minimum: 0, maximum: 1 }),
        default: 0,
        description: 'A proposal needs an objectness > this.',
      },
      max: {
        ...byClassSchema({ type: 'integer', minimum: 1 }),
        description: 'Proposals to keep, best objectness first. Default: all.',
      },
      min_side: {
        type: 'number',
        minimum: 0,
        default: 0.001,
        description: 'Proposals with a side < this many pixels of the view are dropped.',
      },
      weights: {
        ...WEIGHTS_SCHEMA,
        'x-weights-of': 'rpn',
        description: 'Influence of each member, by axis and coordinate id: { model: { N1: 2 } }; missing = 1.',
      },
    },
  },
  inputs: {
    rpn: { kind: 'rpn', per: 'item', many: 'folded', description: 'Proposal maps of the same view by each member.' },
    group: groupPort,
    weights: weightsPort,
  },
  outputs: {
    proposals: {
      kind: 'proposals',
      per: 'item',
      persist: 'always',
      description: 'By objectness descending; ties by level, then y, x, anchor. In the frame of the original image.',
    },
  },
  example: `proposals:
  uses: ensemble/rpn
  over: [model, flip]
  with: { top_per_level: { astro: 2000, others: 5000 }, score: 0.9 }
  in: { rpn: { from: propose.rpn, where: { flip: none } }, group: type.label }
`,
  types: (params, context) => {
    checkWeights(params.weights, context)
    for (const name of ['top_per_level', 'iou', 'score', 'max'] as const)
      checkByClass(name, params[name], 'none', context)
    return { proposals: {} }
  },
  run: ({ rpn, group, weights }, params, context) => {
    const mean = meanRpn(rpn, params.weights, weights)
    const number = (name: 'top_per_level' | 'iou' | 'score') => numberOfItem(name, params[name], group, context)
    const proposals: Proposals = proposalsFrom(mean, {
      topPerLevel: number('top_per_level'),
      nmsIou: number('iou'),
      scoreThreshold: number('score'),
      max: params.max === undefined ? Number.POSITIVE_INFINITY : numberOfItem('max', params.max, group, context),
      minSidePx: params.min_side,
    })
    return { proposals }
  },
})
