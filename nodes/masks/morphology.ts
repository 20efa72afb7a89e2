import { defineNode } from '../../engine/contract/node.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { dilateMasks, erodeMasks, type Neighbourhood } from '../kernels/morphology.ts'
import type { Instances } from '../values/instances.ts'
import { withMasks, withoutEmptied } from './changed-masks.ts'

interface Params {
  readonly operation: 'erode' | 'dilate' | 'open' | 'close'
  readonly shape: Neighbourhood['shape']
  readonly radius_px: number
  readonly outside: 'foreground' | 'background'
  readonly emptied: 'drop' | 'keep'
}

export const masksMorphology = defineNode<Params, { instances: Instances }>({
  name: 'masks/morphology',
  version: 1,
  description:
    'Shrinks or grows each mask by a neighbourhood: erode, dilate, open (erode, then dilate: removes thin parts) or close (dilate, then erode: fills thin gaps). Boxes of changed masks are their tight boxes.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['operation'],
    properties: {
      operation: { enum: ['erode', 'dilate', 'open', 'close'], description: 'What to do with each mask.' },
      shape: {
        enum: ['square', 'cross', 'disk'],
        default: 'square',
        description: 'Neighbourhood: square of 2r + 1, cross of 2r + 1 in each axis, or disk (dx² + dy² ≤ r²).',
      },
      radius_px: { type: 'integer', minimum: 0, maximum: 256, default: 1, description: 'r, in pixels.' },
      outside: {
        enum: ['foreground', 'background'],
        default: 'foreground',
        description:
          'What erosion takes for the pixels beyond the picture: foreground does not eat at its edge (OpenCV’s default), background does (scipy’s).',
      },
      emptied: {
        enum: ['drop', 'keep'],
        default: 'drop',
        description: 'What becomes of an instance that loses its last pixel.',
      },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' } },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The same with changed masks.' } },
  example: `
smooth:
  uses: masks/morphology
  with: { operation: open, shape: disk, radius_px: 2 }
  in: { instances: masks.instances }
`,
  types: (_params, context) => ({ instances: context.inputs['instances']?.[0] ?? {} }),
  run: ({ instances }, params) => {
    const changed = withMasks(instances, apply(instances.masks, params))
    return { instances: params.emptied === 'keep' ? changed : withoutEmptied(instances, changed) }
  },
})

function apply(masks: MaskSet, { operation, shape, radius_px: radiusPx, outside }: Params): MaskSet {
  const neighbourhood = { shape, radiusPx }
  const erode = (set: MaskSet) => erodeMasks(set, neighbourhood, outside)
  const dilate = (set: MaskSet) => dilateMasks(set, neighbourhood)
  switch (operation) {
    case 'erode':
      return erode(masks)
    case 'dilate':
      return dilate(masks)
    case 'open':
      return dilate(erode(masks))
    case 'close':
      return erode(dilate(masks))
  }
}
