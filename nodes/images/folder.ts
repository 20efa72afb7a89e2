import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode, type ItemFile, type PathRef } from '../../engine/contract/node.ts'
import type { ImageRef } from '../values/image.ts'

interface Params {
  readonly path: PathRef
  readonly max_megapixels: number
}

interface Inputs {
  readonly file: ItemFile
}

/** Bits of the sample formats that libvips names. */
const BIT_DEPTHS: { readonly [depth: string]: ImageRef['bitDepth'] } = {
  uchar: 8,
  char: 8,
  ushort: 16,
  short: 16,
  uint: 32,
  int: 32,
  float: 32,
}

export const imagesFolder = defineNode<Params, Inputs>({
  name: 'images/folder',
  version: 1,
  description: 'The pictures of a folder and its subfolders, one item each. Only headers are read.',
  mode: 'files',
  lane: 'io',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: {
        type: 'string',
        'x-path': 'folder',
        'x-files': ['**/*.{jpg,jpeg,png,tif,tiff,webp,JPG,JPEG,PNG,TIF,TIFF,WEBP}'],
        description:
          'Folder with pictures (JPEG, PNG, TIFF, WebP). The id of an item is its path below, without extension.',
      },
      max_megapixels: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 268,
        description: 'A picture with more pixels is refused instead of filling the memory.',
      },
    },
  },
  inputs: {},
  outputs: {
    images: { kind: 'image', per: 'item', description: 'Digest, size and sample format of each picture.' },
  },
  example: `images:
  uses: images/folder
  with: { path: photos }
`,
  types: () => ({ images: {} }),
  run: async ({ file }, params) => {
    const header = await readHeader(file)
    const megapixels = (header.widthPx * header.heightPx) / 1e6
    if (megapixels > params.max_megapixels)
      throw bad(
        file,
        `has ${header.widthPx} × ${header.heightPx} pixels (${megapixels.toFixed(0)} megapixels), allowed are ${params.max_megapixels}`,
        'cut it into tiles, or raise max_megapixels if the memory is there',
      )
    return { images: header }
  },
})

async function readHeader(file: ItemFile): Promise<ImageRef> {
  const { default: sharp } = await import('sharp')
  const metadata = await sharp(file.path, { limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      const reason = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n')[0]
      const hint =
        file.sizeBytes === 0 ? 'the file is empty' : 'replace the file; it may be cut off or not be a picture'
      throw bad(file, `has no readable header: ${reason}`, hint, cause)
    })
  const bitDepth = BIT_DEPTHS[metadata.depth ?? '']
  if (!metadata.width || !metadata.height || !metadata.channels || bitDepth === undefined)
    throw bad(
      file,
      `has samples of type ${metadata.depth ?? 'unknown'}, expected 8, 16 or 32 bits`,
      'convert the picture',
    )
  return {
    sha256: file.sha256,
    widthPx: metadata.width,
    heightPx: metadata.height,
    channels: metadata.channels,
    bitDepth,
    format: metadata.format,
  }
}

function bad(file: ItemFile, what: string, fix: string, cause?: unknown): TaskError {
  return new TaskError({ code: 'bad-image', message: `${file.path} ${what}`, fix }, { cause })
}
