import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { masksToLabelMap } from '../kernels/label-map.ts'
import { argsortDescending } from '../kernels/order.ts'
import { removeOverlaps } from '../kernels/overlap-removal.ts'
import type { Instances } from '../values/instances.ts'

interface Params {
  readonly overlap: 'score' | 'first' | 'last'
  readonly format: 'png' | 'tiff'
}

/** The largest number a 16-bit sample can hold. */
const MOST_INSTANCES = 65535

export const masksToLabelMapFile = defineNode<Params, { instances: Instances }>({
  name: 'masks/to-label-map',
  version: 1,
  description:
    'Draws the instances of a picture as one grey picture of 16 bits: 0 is background, instance i (from 0, in its order) is i + 1. What cell and nucleus tools read as a label image.',
  mode: 'item',
  lane: 'cpu',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      overlap: {
        enum: ['score', 'first', 'last'],
        default: 'score',
        description:
          'Who gets a pixel of several masks: the highest score (ties: the earlier instance), the earlier or the later instance.',
      },
      format: {
        enum: ['png', 'tiff'],
        default: 'png',
        description: 'PNG, or TIFF compressed with deflate; both lossless.',
      },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' } },
  outputs: {
    file: {
      kind: 'file',
      per: 'item',
      extension: ({ format }: Params) => (format === 'png' ? 'png' : 'tif'),
      description: 'The label picture, one channel of 16 bits.',
    },
  },
  example: `
labels:
  uses: masks/to-label-map
  in: { instances: cells.instances }
`,
  run: async ({ instances }, { overlap, format }) => {
    const { masks, scores, sizeHw } = instances
    if (scores.length > MOST_INSTANCES) {
      throw new TaskError({
        code: 'bad-value',
        message: `${scores.length} instances do not fit into a label picture of 16 bits; the most are ${MOST_INSTANCES}`,
        fix: 'keep fewer with instances/filter (max_per_image)',
      })
    }
    const disjoint = overlap === 'score' ? removeOverlaps(masks, argsortDescending(scores)) : masks
    const numbers = Uint16Array.from(masksToLabelMap(disjoint, overlap === 'last' ? 'last' : 'first'))
    const { default: sharp } = await import('sharp')
    const [height, width] = sizeHw
    const picture = sharp(numbers, { raw: { width, height, channels: 1 } }).toColourspace('grey16')
    const encoded = format === 'png' ? picture.png() : picture.tiff({ compression: 'deflate', predictor: 'none' })
    return { file: new Uint8Array(await encoded.toBuffer()) }
  },
})
