import { defineNode } from '../../engine/contract/node.ts'
import type { Instances } from '../values/instances.ts'

export const masksToPicture = defineNode<Record<string, never>, { instances: Instances }>({
  name: 'masks/to-picture',
  version: 1,
  description:
    'Draws all instances of a picture as one black and white picture: 255 where any instance is, 0 elsewhere. What programs that train semantic models read as a mask.',
  mode: 'item',
  lane: 'cpu',
  runtimes: ['sharp'],
  params: { type: 'object', additionalProperties: false, properties: {} },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' } },
  outputs: {
    file: {
      kind: 'file',
      per: 'item',
      persist: 'auto',
      extension: 'png',
      description: 'A PNG, one channel of 8 bits.',
    },
  },
  example: `
mask-files:
  uses: masks/to-picture
  in: { instances: chips.instances }
`,
  run: async ({ instances }) => {
    const { masks } = instances
    const [height, width] = masks.sizeHw
    const pixels = new Uint8Array(height * width)
    for (let run = 0; run < masks.starts.length; run++) {
      for (let at = masks.starts[run]!; at < masks.ends[run]!; at++) {
        const x = Math.floor(at / height)
        pixels[(at - x * height) * width + x] = 255
      }
    }
    const { default: sharp } = await import('sharp')
    const picture = sharp(pixels, { raw: { width, height, channels: 1 } }).toColourspace('b-w')
    return { file: new Uint8Array(await picture.png().toBuffer()) }
  },
})
