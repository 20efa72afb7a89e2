import { defineNode } from '../../engine/contract/node.ts'
import { concatMasks, maskCount, selectMasks } from '../kernels/mask-sets.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { refillOutlines } from '../kernels/outline-refill.ts'
import { groupPort } from '../values/by-class.ts'
import { classesInFacets, describeClasses } from '../values/class-lists.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Label } from '../values/label.ts'
import { withMasks } from './changed-masks.ts'

interface Params {
  readonly classes?: readonly string[]
}

interface Inputs {
  readonly instances: Instances
  readonly group?: Label
}

export const masksRefillOutlines = defineNode<Params, Inputs>({
  name: 'masks/refill-outlines',
  version: 1,
  description:
    'Redraws masks the way an annotation tool damaged them: every outline, those of holes too, is filled by OpenCV’s routine for convex polygons, although few are convex. TheoViel’s Sartorius solution does this to astrocytes, whose annotations carry that damage.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      classes: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        uniqueItems: true,
        description:
          'Ids of the classes to redraw: those of the instances, or that of the image when group is bound. Default: all.',
      },
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' },
    group: {
      ...groupPort,
      description: 'Type of the image: all its instances are redrawn, or none; their own classes do not count.',
    },
  },
  outputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      description: 'The same, redrawn: boxes of changed masks are their tight boxes, and masks may overlap.',
    },
  },
  example: `redrawn:
  uses: masks/refill-outlines
  with: { classes: [astro] }
  in: { instances: large.instances, group: type.label }
`,
  types: (params, context) => {
    const instances = context.inputs['instances']?.[0]
    const classes = classesInFacets(context.inputs['group']?.[0] ?? instances)
    const unknown = classes && params.classes?.find(id => !classes.some(known => known.id === id))
    if (classes && unknown !== undefined)
      context.problem({
        param: 'classes',
        message: `there is no class with the id ${unknown}; here are ${describeClasses(classes)}`,
      })
    return { instances: instances ?? {} }
  },
  run: ({ instances, group }, { classes: chosen }, context) => {
    const isChosen = (id: string) => chosen === undefined || chosen.includes(id)
    const all = [...instances.labels.keys()]
    const redrawn =
      group === undefined
        ? all.filter(i => isChosen(inputClasses(context, 'instances')[instances.labels[i]!]!.id))
        : all.filter(() => isChosen(group.text))
    return { instances: withMasks(instances, refillSome(instances.masks, redrawn)) }
  },
})

function refillSome(masks: MaskSet, chosen: readonly number[]): MaskSet {
  const count = maskCount(masks)
  const places = Uint32Array.from({ length: count }, (_, i) => i)
  for (const [k, i] of chosen.entries()) places[i] = count + k
  return selectMasks(concatMasks([masks, refillOutlines(selectMasks(masks, chosen))]), places)
}
