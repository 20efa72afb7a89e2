import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { intersectionEach } from '../kernels/mask-algebra.ts'
import { selectMasks } from '../kernels/mask-sets.ts'
import { encodeDense } from '../kernels/rle.ts'
import type { ImageRef } from '../values/image.ts'
import type { Instances } from '../values/instances.ts'
import { readRgb } from '../values/read-image.ts'
import { withMasks, withoutEmptied } from './changed-masks.ts'

interface Params {
  readonly emptied: 'drop' | 'keep'
}

interface Inputs {
  readonly instances: Instances
  readonly picture?: ImageRef
}

export const masksCutToPicture = defineNode<Params, Inputs>({
  name: 'masks/cut-to-picture',
  version: 1,
  description:
    'Corrects annotations by hand-made pictures: of every mask only the pixels stay where the correction of its image is not black (red > 0). Images without a correction stay as they are; join: left lets them be missing.',
  mode: 'item',
  lane: 'cpu',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      emptied: {
        enum: ['drop', 'keep'],
        default: 'drop',
        description: 'What becomes of an instance that loses its last pixel.',
      },
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Annotations of one image.' },
    picture: {
      kind: 'image',
      per: 'item',
      optional: true,
      description: 'Correction picture of the same item, of the same size.',
    },
  },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The corrected annotations.' } },
  example: `corrected:
  uses: masks/cut-to-picture
  join: left
  in: { instances: solid.instances, picture: corrections.images }
`,
  types: (_params, context) => ({ instances: context.inputs['instances']?.[0] ?? {} }),
  run: async ({ instances, picture }, { emptied }, context) => {
    if (picture === undefined) return { instances }
    const [height, width] = instances.sizeHw
    if (picture.widthPx !== width || picture.heightPx !== height)
      throw new TaskError({
        code: 'bad-image',
        message: `the correction is ${picture.widthPx} × ${picture.heightPx}, its image ${width} × ${height} (width × height)`,
      })
    const { rgb } = await readRgb(picture, context)
    const stays = encodeDense(
      Uint8Array.from({ length: height * width }, (_, pixel) => (rgb[3 * pixel]! > 0 ? 1 : 0)),
      instances.sizeHw,
      'row-major',
    )
    const places = new Uint32Array(instances.scores.length)
    const changed = withMasks(instances, intersectionEach(instances.masks, selectMasks(stays, places)))
    return { instances: emptied === 'keep' ? changed : withoutEmptied(instances, changed) }
  },
})
