import { defineNode } from '../../engine/contract/node.ts'
import type { ImageRef } from '../values/image.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { readRgb } from '../values/read-image.ts'
import { checkDrawable } from './check-drawable.ts'
import { drawInstances } from './draw-instances.ts'
import { classColor } from './palette.ts'
import { encodeJpeg, scaledCanvas } from './picture.ts'

interface Params {
  readonly min_score: number
  readonly max_instances: number
  readonly longer_side_px?: number
  readonly quality: number
}

export const viewOverlay = defineNode<Params, { image: ImageRef; instances: Instances }>({
  name: 'view/overlay',
  version: 1,
  description:
    'Draws boxes, masks and labels with scores over the picture, one colour for each class. Higher scores lie on top (ties: the earlier instance).',
  mode: 'item',
  lane: 'cpu',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      min_score: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.3,
        description: 'Draw predictions with score ≥ this; ground truth is always drawn.',
      },
      max_instances: { type: 'integer', minimum: 1, default: 50, description: 'Draw at most this many, best first.' },
      longer_side_px: {
        type: 'integer',
        minimum: 64,
        maximum: 8192,
        description:
          'Longer side of the drawn picture. Default: that of the picture, but at least 640 and at most 1600.',
      },
      quality: { type: 'integer', minimum: 1, maximum: 100, default: 90, description: 'JPEG quality.' },
    },
  },
  inputs: {
    image: { kind: 'image', per: 'item', description: 'The picture.' },
    instances: { kind: 'instances', per: 'item', description: 'What to draw on it.' },
  },
  outputs: {
    file: { kind: 'file', per: 'item', persist: 'auto', extension: 'jpg', description: 'The drawing, a JPEG.' },
  },
  example: `
drawings:
  uses: view/overlay
  with: { min_score: 0.5 }
  in: { image: images.images, instances: leaf.instances }
`,
  run: async ({ image, instances }, params, context) => {
    const classes = inputClasses(context, 'instances')
    checkDrawable(instances, image, classes, 'input instances')
    const picture = await readRgb(image, context)
    const ownSidePx = Math.max(picture.widthPx, picture.heightPx)
    const sidePx = params.longer_side_px ?? Math.min(1600, Math.max(640, ownSidePx))
    const canvas = await scaledCanvas(picture, sidePx)
    drawInstances(canvas, instances, {
      classes,
      colors: classes.map((_, label) => classColor(label)),
      minScore: params.min_score,
      maxInstances: params.max_instances,
      textScale: Math.max(1, Math.round(sidePx / 400)),
    })
    return { file: await encodeJpeg(canvas, params.quality) }
  },
})
