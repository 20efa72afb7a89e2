import { defineNode } from '../../engine/contract/node.ts'
import { type MaskNmsRule, maskNms } from '../kernels/mask-nms.ts'
import type { Instances } from '../values/instances.ts'
import { joinInstances, selectInstances } from '../values/select-instances.ts'
import { unitedFacets, unitedLabelMaps } from '../values/united-classes.ts'

interface Params {
  readonly iou: number
  readonly score: number
  readonly rule: MaskNmsRule
  readonly class_agnostic?: boolean
}

export const masksNms = defineNode<Params, { instances: readonly Instances[] }>({
  name: 'masks/nms',
  version: 1,
  description:
    'Joins the instances of several sources of one image and drops those whose mask overlaps one with a higher score too much (IoU of pixels). Class lists are united by class id. Instances without a pixel are dropped. Ground-truth marks (crowd, group-of) suppress like any other instance.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      iou: { type: 'number', minimum: 0, maximum: 1, default: 0.5, description: 'IoU from which a mask is dropped.' },
      score: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0,
        description:
          'Only instances above it take part: score > this (default and openimages-2019), score ≥ this (sartorius).',
      },
      rule: {
        enum: ['default', 'openimages-2019', 'sartorius'],
        default: 'default',
        description:
          'default: IoU ≥ iou is dropped, the first of equal scores wins, result by score descending. openimages-2019: IoU ≥ iou, equal scores never drop each other, result in source order (the 7th-place solution). sartorius: IoU > iou over all classes, the last of equal scores wins, result by score descending (TheoViel’s solution).',
      },
      class_agnostic: {
        type: 'boolean',
        description: 'Masks of different classes drop each other too. Default: only with the rule sartorius.',
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
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The survivors.' } },
  example: `
parents:
  uses: masks/nms
  with: { iou: 0.5 }
  in: { instances: [lifted_leaf.instances, lifted_parent.instances] }
`,
  types: (_params, context) => ({ instances: unitedFacets(context, 'instances') }),
  run: ({ instances }, params, context) => {
    const labelMaps = unitedLabelMaps(context, 'instances')
    const all = aboveScore(joinInstances(instances, labelMaps), params)
    const agnostic = params.class_agnostic ?? params.rule === 'sartorius'
    const { kept } = maskNms(all.masks, all.scores, params.iou, {
      rule: params.rule,
      ...(!agnostic && { groups: all.labels }),
    })
    return { instances: selectInstances(all, kept) }
  },
})

function aboveScore(instances: Instances, { score: threshold, rule }: Params): Instances {
  const kept: number[] = []
  for (const [index, score] of instances.scores.entries()) {
    if (rule === 'sartorius' ? score >= threshold : score > threshold) kept.push(index)
  }
  return kept.length === instances.scores.length ? instances : selectInstances(instances, kept)
}
