import { defineNode } from '../../engine/contract/node.ts'
import { indicesByGroup } from '../kernels/groups.ts'
import { concatMasks, selectMasks } from '../kernels/mask-sets.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { argsortDescending } from '../kernels/order.ts'
import { removeOverlaps } from '../kernels/overlap-removal.ts'
import type { Instances } from '../values/instances.ts'
import { withMasks, withoutEmptied } from './changed-masks.ts'

interface Params {
  readonly within_class: boolean
  readonly emptied: 'drop' | 'keep'
}

export const masksOverlapRemoval = defineNode<Params, { instances: Instances }>({
  name: 'masks/overlap-removal',
  version: 1,
  description:
    'Makes the masks of an image disjoint: every pixel stays with the instance of the highest score that has it (ties: the earlier one) and is taken from all others. Order and scores stay; boxes of changed masks are their tight boxes. The rule of the Sartorius and iMaterialist metrics, which allow no overlaps.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      within_class: {
        type: 'boolean',
        default: false,
        description: 'Only instances of one class take pixels from each other.',
      },
      emptied: {
        enum: ['drop', 'keep'],
        default: 'drop',
        description: 'What becomes of an instance that loses its last pixel; keep is what TheoViel’s program does.',
      },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'Instances whose masks may overlap.' } },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The instances with disjoint masks.' } },
  example: `
disjoint:
  uses: masks/overlap-removal
  in: { instances: survivors.instances }
`,
  types: (_params, context) => ({ instances: context.inputs['instances']?.[0] ?? {} }),
  run: ({ instances }, { within_class: withinClass, emptied }) => {
    const order = argsortDescending(instances.scores)
    const masks = withinClass
      ? removeWithin(instances.masks, order, instances.labels)
      : removeOverlaps(instances.masks, order)
    const changed = withMasks(instances, masks)
    return { instances: emptied === 'keep' ? changed : withoutEmptied(instances, changed) }
  },
})

function removeWithin(masks: MaskSet, order: Uint32Array, labels: Int32Array): MaskSet {
  const groups = [...indicesByGroup(order, labels).values()]
  if (groups.length < 2) return removeOverlaps(masks, order)
  const parts = concatMasks(groups.map(group => removeOverlaps(selectMasks(masks, group), [...group.keys()])))
  const places = new Uint32Array(order.length)
  groups.flat().forEach((index, place) => {
    places[index] = place
  })
  return selectMasks(parts, places)
}
