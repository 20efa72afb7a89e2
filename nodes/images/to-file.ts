import { readFile } from 'node:fs/promises'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { sha256 } from '../../engine/base/digest.ts'
import { defineNode } from '../../engine/contract/node.ts'
import type { ImageRef } from '../values/image.ts'
import { readRgb } from '../values/read-image.ts'

interface Params {
  readonly format: 'png' | 'jpeg'
  readonly quality: number
}

export const imagesToFile = defineNode<Params, { image: ImageRef }>({
  name: 'images/to-file',
  version: 1,
  description:
    'The picture as a file, for data sets that hold their pictures. A file that already has the format comes as it is, byte for byte; others, and pictures made of others (chips, stretched rasters), are drawn as 8-bit RGB.',
  mode: 'item',
  lane: 'cpu',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      format: { enum: ['png', 'jpeg'], default: 'png', description: 'PNG, which loses nothing, or JPEG.' },
      quality: {
        type: 'integer',
        minimum: 1,
        maximum: 100,
        default: 95,
        description: 'JPEG quality, where it is drawn.',
      },
    },
  },
  inputs: { image: { kind: 'image', per: 'item', description: 'The picture.' } },
  outputs: {
    file: {
      kind: 'file',
      per: 'item',
      persist: 'auto',
      extension: ({ format }: Params) => (format === 'png' ? 'png' : 'jpg'),
      description: 'The file.',
    },
  },
  example: `
pictures:
  uses: images/to-file
  with: { format: jpeg }
  in: { image: images.images }
`,
  run: async ({ image }, { format, quality }, context) => {
    if (image.format === format && image.edits === undefined) return { file: await sourceBytes(image, context) }
    const { rgb, widthPx: width, heightPx: height } = await readRgb(image, context)
    const { default: sharp } = await import('sharp')
    const picture = sharp(rgb, { raw: { width, height, channels: 3 } })
    const drawn = format === 'png' ? picture.png() : picture.jpeg({ quality, chromaSubsampling: '4:4:4' })
    return { file: new Uint8Array(await drawn.toBuffer()) }
  },
})

async function sourceBytes({ sha256: digest }: ImageRef, context: { sourcePath: (sha256: string) => string }) {
  const path = context.sourcePath(digest)
  const bytes = new Uint8Array(await readFile(path))
  if (sha256(bytes) === digest) return bytes
  throw new TaskError({
    code: 'input-changed',
    message: `${path} changed while it was being used`,
    fix: 'run again: the new content is planned and only what depends on it is computed',
  })
}
