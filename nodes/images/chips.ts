import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import type { ImageRef } from '../values/image.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { chipSizeHw, cutImage, cutInstances, type Window } from './cut-chip.ts'

interface Params {
  readonly pad_px: number
  readonly scales: readonly number[]
  readonly max_per_image?: number
}

interface Inputs {
  readonly image: ImageRef
  readonly instances: Instances
}

export const imagesChips = defineNode<Params, Inputs>({
  name: 'images/chips',
  version: 1,
  description:
    'Cuts a chip around every instance of an image, at several scales: children of the image, with all instances that reach into them. Nothing is copied, a chip is a window. Chips of neighbours overlap, so folds must keep those of one image together (splits/folds does).',
  mode: 'split',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      pad_px: {
        type: 'integer',
        minimum: 0,
        default: 64,
        description: 'Pixels around the box of the instance, as far as the image reaches. Open Cities: 1536.',
      },
      scales: {
        type: 'array',
        items: { type: 'number', exclusiveMinimum: 0 },
        minItems: 1,
        uniqueItems: true,
        default: [1],
        description:
          'The sides of a chip are divided by this and rounded down (2: half as large; 0.5: twice), pixels bilinear as cv2. Open Cities: [1, 2, 0.5].',
      },
      max_per_image: {
        type: 'integer',
        minimum: 1,
        examples: [100, 20],
        description: 'Instances of an image that get chips, in their order. Default: all.',
      },
    },
  },
  inputs: {
    image: { kind: 'image', per: 'item', description: 'The image, may be larger than the memory.' },
    instances: { kind: 'instances', per: 'item', description: 'What is in it.' },
  },
  outputs: {
    images: { kind: 'image', per: 'item', description: 'Chips, called <scale>_<instance>: 1_0, 0_5_12.' },
    instances: { kind: 'instances', per: 'item', description: 'All instances that reach into the chip, cut to it.' },
  },
  example: `chips:
  uses: images/chips
  with: { pad_px: 1536, scales: [1, 2, 0.5] }
  in: { image: scenes.images, instances: truth.instances }
`,
  types: (_params, context) => ({
    images: context.inputs['image']?.[0] ?? {},
    instances: context.inputs['instances']?.[0] ?? {},
  }),
  run: async function* ({ image, instances }, params, context) {
    checkLabels(instances.labels, inputClasses(context, 'instances'), 'input instances')
    const [height, width] = instances.sizeHw
    if (height !== image.heightPx || width !== image.widthPx)
      throw new TaskError({
        code: 'bad-value',
        message: `the instances are in a frame of ${height} × ${width}, the image has ${image.heightPx} × ${image.widthPx} (height × width)`,
        fix: 'give the image in whose frame they are',
      })
    const count = Math.min(instances.labels.length, params.max_per_image ?? Number.POSITIVE_INFINITY)
    for (const scale of params.scales) {
      const name = String(scale).replace('.', '_')
      for (let i = 0; i < count; i++) {
        const window = windowAround(instances.boxesXyxy.subarray(4 * i, 4 * i + 4), params.pad_px, image)
        const sizeHw = chipSizeHw(window, scale)
        yield {
          id: `${name}_${i}`,
          outputs: { images: cutImage(image, window, sizeHw), instances: cutInstances(instances, window, sizeHw) },
        }
      }
    }
  },
})

/** Whole pixels that the box touches and `padPx` around, inside the image. */
function windowAround(box: Float64Array, padPx: number, { widthPx, heightPx }: ImageRef): Window {
  const x = Math.min(Math.max(0, Math.floor(box[0]!) - padPx), widthPx - 1)
  const y = Math.min(Math.max(0, Math.floor(box[1]!) - padPx), heightPx - 1)
  const right = Math.max(x + 1, Math.min(widthPx, Math.ceil(box[2]!) + padPx))
  const bottom = Math.max(y + 1, Math.min(heightPx, Math.ceil(box[3]!) + padPx))
  return { x, y, widthPx: right - x, heightPx: bottom - y }
}
