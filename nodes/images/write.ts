import { defineNode } from '../../engine/contract/node.ts'
import type { ImageRef } from '../values/image.ts'
import { readRgb } from '../values/read-image.ts'

interface Params {
  readonly format: 'png' | 'jpg'
  readonly quality: number
}

export const imagesWrite = defineNode<Params, { image: ImageRef }>({
  name: 'images/write',
  version: 1,
  description:
    'Writes a picture as a file, with everything that steps changed in it: resized, cut, painted over. 8 bits of red, green and blue.',
  mode: 'item',
  lane: 'cpu',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      format: { enum: ['png', 'jpg'], default: 'png', description: 'png keeps every pixel, jpg is smaller.' },
      quality: { type: 'integer', minimum: 1, maximum: 100, default: 95, description: 'Of JPEG.' },
    },
  },
  inputs: { image: { kind: 'image', per: 'item', description: 'The picture.' } },
  outputs: {
    file: {
      kind: 'file',
      per: 'item',
      persist: 'auto',
      extension: ({ format }: Params) => format,
      description: 'The file.',
    },
  },
  example: `
pictures:
  uses: images/write
  with: { format: jpg }
  in: { image: painted.image }
`,
  run: async ({ image }, { format, quality }, context) => {
    const { default: sharp } = await import('sharp')
    const { rgb, widthPx, heightPx } = await readRgb(image, context)
    const picture = sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    const file = format === 'png' ? picture.png() : picture.jpeg({ quality, chromaSubsampling: '4:4:4' })
    return { file: new Uint8Array(await file.toBuffer()) }
  },
})
