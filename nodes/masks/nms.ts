import { defineNode } from '../../engine/contract/node.ts'
import { type MaskNmsRule, maskNms } from '../kernels/mask-nms.ts'
import { type ByClass, byClassSchema, checkByClass, groupPort, numbersByInstance } from '../values/by-class.ts'
import { classesInFacets, uniteClassLists } from '../values/class-lists.ts'
import { inputClassLists } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Label } from '../values/label.ts'
import { joinInstances, selectInstances } from '../values/select-instances.ts'
import { unitedFacets, unitedLabelMaps } from '../values/united-classes.ts'
import { votedInstances } from './voted-instances.ts'

interface Params {
  readonly iou: ByClass
  readonly score: ByClass
  readonly rule: MaskNmsRule
  readonly class_agnostic?: boolean
  readonly voting: boolean
}

interface Inputs {
  readonly instances: readonly Instances[]
  readonly group?: Label
}

export const masksNms = defineNode<Params, Inputs>({
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
      iou: {
        ...byClassSchema({ type: 'number', minimum: 0, maximum: 1 }),
        default: 0.5,
        description: 'IoU from which a mask is dropped.',
      },
      score: {
        ...byClassSchema({ type: 'number', minimum: 0, maximum: 1 }),
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
      voting: {
        type: 'boolean',
        default: false,
        description:
          'A survivor that suppressed 2 masks or more whose scores add up to > its own becomes their vote, as in masks/vote.',
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
    group: groupPort,
  },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The survivors.' } },
  example: `
parents:
  uses: masks/nms
  with: { iou: 0.5 }
  in: { instances: [lifted_leaf.instances, lifted_parent.instances] }
`,
  types: (params, context) => {
    const instances = unitedFacets(context, 'instances')
    for (const name of ['iou', 'score'] as const) checkByClass(name, params[name], classesInFacets(instances), context)
    return { instances }
  },
  run: ({ instances, group }, params, context) => {
    const labelMaps = unitedLabelMaps(context, 'instances')
    const classes = () => uniteClassLists(inputClassLists(context, 'instances')).classes
    const numbers = (name: 'iou' | 'score', labels: Int32Array) =>
      numbersByInstance(name, params[name], labels, classes, group, context)
    const joined = joinInstances(instances, labelMaps)
    const all = aboveScore(joined, numbers('score', joined.labels), params.rule)
    const agnostic = params.class_agnostic ?? params.rule === 'sartorius'
    const result = maskNms(all.masks, all.scores, numbers('iou', all.labels), {
      rule: params.rule,
      ...(!agnostic && { groups: all.labels }),
    })
    const survivors = selectInstances(all, result.kept)
    return { instances: params.voting ? votedInstances(all, survivors, result) : survivors }
  },
})

function aboveScore(instances: Instances, thresholds: Float64Array, rule: MaskNmsRule): Instances {
  const kept: number[] = []
  for (let index = 0; index < thresholds.length; index++) {
    const score = instances.scores[index]!
    const threshold = thresholds[index]!
    if (rule === 'sartorius' ? score >= threshold : score > threshold) kept.push(index)
  }
  return kept.length === instances.scores.length ? instances : selectInstances(instances, kept)
}
