import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import type { Detections } from '../values/detections.ts'
import type { ImageRef } from '../values/image.ts'
import { fillImage } from '../values/image-edits.ts'
import type { Instances } from '../values/instances.ts'

interface Params {
  readonly rgb: readonly [number, number, number]
}

interface Inputs {
  readonly image: ImageRef
  readonly boxes: Detections | Instances
}

export const imagesFillBoxes = defineNode<Params, Inputs>({
  name: 'images/fill-boxes',
  version: 1,
  description:
    'Paints boxes of a picture over with one colour, so that a model learns nothing from what is in them. No pixel is copied: the result is the same file and a list of edits.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      rgb: {
        type: 'array',
        items: { type: 'integer', minimum: 0, maximum: 255 },
        minItems: 3,
        maxItems: 3,
        default: [128, 128, 128],
        description: 'The colour: red, green, blue.',
      },
    },
  },
  inputs: {
    image: { kind: 'image', per: 'item', description: 'The picture.' },
    boxes: {
      kind: ['detections', 'instances'],
      per: 'item',
      description: 'What to paint over; coordinates are cut to whole pixels, half-open.',
    },
  },
  outputs: { image: { kind: 'image', per: 'item', description: 'The painted picture.' } },
  example: `
painted:
  uses: images/fill-boxes
  in: { image: images.images, boxes: layer.hidden }
`,
  run: ({ image, boxes }, { rgb }) => {
    const [height, width] = 'frameHw' in boxes ? boxes.frameHw : boxes.sizeHw
    if (height !== image.heightPx || width !== image.widthPx) {
      throw new TaskError({
        code: 'bad-value',
        message: `the boxes live in a ${width} × ${height} frame, the picture is ${image.widthPx} × ${image.heightPx}`,
        fix: 'feed the picture that the boxes were found or annotated on',
      })
    }
    // + 0 makes 0 of − 0, which JSON could not tell apart.
    const whole = Array.from(boxes.boxesXyxy, side => Math.trunc(side) + 0)
    return { image: fillImage(image, whole, rgb) }
  },
})
