import { defineNode } from '../../engine/contract/node.ts'
import { type Connectivity, fillHoles } from '../kernels/components.ts'
import type { Instances } from '../values/instances.ts'
import { withMasks } from './changed-masks.ts'

interface Params {
  readonly background: Connectivity
}

export const masksFillHoles = defineNode<Params, { instances: Instances }>({
  name: 'masks/fill-holes',
  version: 1,
  description:
    'Fills the holes of each mask: background that cannot reach the edge of the picture over background. Masks are filled one by one, so a filled hole may cover another instance.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      background: {
        enum: [4, 8],
        default: 4,
        description:
          'Pixels of the background are connected over their 4 sides (scipy’s binary_fill_holes) or over corners too, which leaves holes open that touch the outside at a corner.',
      },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' } },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The same, without holes.' } },
  example: `
solid:
  uses: masks/fill-holes
  in: { instances: masks.instances }
`,
  types: (_params, context) => ({ instances: context.inputs['instances']?.[0] ?? {} }),
  run: ({ instances }, { background }) => ({ instances: withMasks(instances, fillHoles(instances.masks, background)) }),
})
