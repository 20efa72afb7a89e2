import { defineNode } from '../../engine/contract/node.ts'
import { limitedHw } from '../kernels/limited-size.ts'
import type { ImageRef } from '../values/image.ts'
import { resizeImage } from '../values/image-edits.ts'

interface Params {
  readonly longer_side_px: number
}

export const imagesLimit = defineNode<Params, { image: ImageRef }>({
  name: 'images/limit',
  version: 1,
  description:
    'Makes pictures with a longer side above the limit smaller (bilinear, as OpenCV does it on bytes; the other side rounded down) and leaves the others. What follows, boxes, masks and submissions, lives in the smaller frame.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      longer_side_px: { type: 'integer', minimum: 1, default: 1024, description: 'Longest side in pixels.' },
    },
  },
  inputs: { image: { kind: 'image', per: 'item', description: 'The picture.' } },
  outputs: { image: { kind: 'image', per: 'item', description: 'The picture, or a smaller one.' } },
  example: `
small:
  uses: images/limit
  with: { longer_side_px: 1024 }
  in: { image: images.images }
`,
  run: ({ image }, { longer_side_px: longerPx }) => ({
    image: resizeImage(image, limitedHw([image.heightPx, image.widthPx], longerPx)),
  }),
})
