import { defineNode } from '../../engine/contract/node.ts'
import { maskNms } from '../kernels/mask-nms.ts'
import type { Instances } from '../values/instances.ts'
import { joinInstances, selectInstances } from '../values/select-instances.ts'
import { unitedFacets, unitedLabelMaps } from '../values/united-classes.ts'
import { votedInstances } from './voted-instances.ts'

interface Params {
  readonly iou: number
  readonly score: number
  readonly rule: 'default' | 'openimages-2019'
}

export const masksVote = defineNode<Params, { instances: readonly Instances[] }>({
  name: 'masks/vote',
  version: 1,
  description:
    'Mask NMS of several sources of one image in which the suppressed have a say: where a survivor suppressed at least 2 masks of its class whose scores add up to > its own, its mask becomes the pixels for which Σ score · mask / Σ score > 0.5 over itself and them. Scores stay. Boxes of changed masks are their tight boxes; a mask that ends without a pixel is dropped. Source: mask voting of the 7th-place solution of Open Images 2019.',
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
        description: 'A mask whose IoU with a better one of its class is ≥ this is suppressed and votes.',
      },
      score: { type: 'number', minimum: 0, maximum: 1, default: 0, description: 'Only scores > this take part.' },
      rule: {
        enum: ['openimages-2019', 'default'],
        default: 'openimages-2019',
        description:
          'As in masks/nms. openimages-2019: equal scores never suppress each other, result in source order. default: the first of equal scores wins, result by score descending.',
      },
    },
  },
  inputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      many: 'ordered',
      mixedFacets: true,
      description: 'The sources; their order decides which of two equal scores comes first.',
    },
  },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The survivors with corrected masks.' } },
  example: `
voted:
  uses: masks/vote
  with: { iou: 0.5 }
  in: { instances: [first.instances, second.instances, third.instances] }
`,
  types: (_params, context) => ({ instances: unitedFacets(context, 'instances') }),
  run: ({ instances }, { iou, score, rule }, context) => {
    const joined = joinInstances(instances, unitedLabelMaps(context, 'instances'))
    const above = [...joined.scores.keys()].filter(index => joined.scores[index]! > score)
    const all = selectInstances(joined, above)
    const result = maskNms(all.masks, all.scores, iou, { rule, groups: all.labels })
    return { instances: votedInstances(all, selectInstances(all, result.kept), result) }
  },
})
