import { defineNode } from '../../engine/contract/node.ts'
import { type Connectivity, connectedComponents, largestComponents } from '../kernels/components.ts'
import { concatMasks, maskCount, selectMasks } from '../kernels/mask-sets.ts'
import { maskAreas } from '../kernels/rle.ts'
import type { Instances } from '../values/instances.ts'
import { selectInstances } from '../values/select-instances.ts'
import { withMasks } from './changed-masks.ts'

interface Params {
  readonly parts: 'largest' | 'split'
  readonly connectivity: Connectivity
  readonly min_area_px: number
}

export const masksComponents = defineNode<Params, { instances: Instances }>({
  name: 'masks/components',
  version: 1,
  description:
    'Takes masks apart into connected parts: keeps the largest part of each, or makes every part an instance of its own with the score, class and marks of the whole. Boxes of changed masks are their tight boxes. An instance without a pixel stays as it is.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['parts'],
    properties: {
      parts: {
        enum: ['largest', 'split'],
        description:
          'largest: only the part of most pixels (ties: the one whose first pixel comes first, row by row). split: all parts, in that order.',
      },
      connectivity: {
        enum: [8, 4],
        default: 8,
        description: 'Pixels are connected over corners too (8) or over sides only (4, scipy’s label).',
      },
      min_area_px: {
        type: 'number',
        minimum: 0,
        default: 0,
        description: 'With split: parts of < this many pixels are left out.',
      },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' } },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'Instances of one part each.' } },
  example: `
cells:
  uses: masks/components
  with: { parts: split, min_area_px: 20 }
  in: { instances: masks.instances }
`,
  types: (_params, context) => ({ instances: context.inputs['instances']?.[0] ?? {} }),
  run: ({ instances }, params) => ({
    instances:
      params.parts === 'largest'
        ? withMasks(instances, largestComponents(instances.masks, params.connectivity))
        : split(instances, params),
  }),
})

function split(instances: Instances, { connectivity, min_area_px: minAreaPx }: Params): Instances {
  const { masks } = instances
  const owners: number[] = []
  const pieces = [selectMasks(masks, [])]
  for (let i = 0; i < maskCount(masks); i++) {
    const empty = masks.offsets[i] === masks.offsets[i + 1]
    const parts = empty ? selectMasks(masks, [i]) : connectedComponents(masks, i, connectivity)
    const areasPx = maskAreas(parts)
    const large = [...areasPx.keys()].filter(part => empty || areasPx[part]! >= minAreaPx)
    pieces.push(large.length === areasPx.length ? parts : selectMasks(parts, large))
    owners.push(...large.map(() => i))
  }
  return withMasks(selectInstances(instances, owners), concatMasks(pieces))
}
