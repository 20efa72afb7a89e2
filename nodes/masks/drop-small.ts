import { defineNode } from '../../engine/contract/node.ts'
import { maskAreas } from '../kernels/rle.ts'
import { largeEnough } from '../kernels/small-objects.ts'
import { type ByClass, byClassSchema, checkByClass, groupPort, numbersByInstance } from '../values/by-class.ts'
import { classesInFacets } from '../values/class-lists.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Label } from '../values/label.ts'
import { selectInstances } from '../values/select-instances.ts'

interface Params {
  readonly area_px: ByClass
  readonly rule: 'all' | 'smallest'
  readonly keep_one: boolean
}

export const masksDropSmall = defineNode<Params, { instances: Instances; group?: Label }>({
  name: 'masks/drop-small',
  version: 1,
  description:
    'Drops instances by the pixels of their mask, by either of two published rules (TheoViel’s solution of Sartorius, whose tuning and inference differ). The others stay in their order.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['area_px'],
    properties: {
      area_px: {
        ...byClassSchema({ type: 'number', minimum: 0 }),
        description: 'A mask of ≤ this many pixels is small; 0 drops nothing.',
      },
      rule: {
        enum: ['all', 'smallest'],
        default: 'all',
        description:
          'all: every small mask goes. smallest: if any is small, only the masks of the smallest area of the image go.',
      },
      keep_one: {
        type: 'boolean',
        default: false,
        description: 'With all: if none would stay, the first instance does.',
      },
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' },
    group: groupPort,
  },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'Those that are large enough.' } },
  example: `
large:
  uses: masks/drop-small
  with: { area_px: 75 }
  in: { instances: survivors.instances }
`,
  types: (params, context) => {
    const instances = context.inputs['instances']?.[0]
    checkByClass('area_px', params.area_px, classesInFacets(instances), context)
    return { instances: instances ?? {} }
  },
  run: ({ instances, group }, { area_px: areaPx, rule, keep_one: keepOne }, context) => {
    const limits = numbersByInstance(
      'area_px',
      areaPx,
      instances.labels,
      () => inputClasses(context, 'instances'),
      group,
      context,
    )
    const kept = largeEnough(maskAreas(instances.masks), limits, rule, { keepOne })
    return { instances: kept.length === instances.scores.length ? instances : selectInstances(instances, kept) }
  },
})
