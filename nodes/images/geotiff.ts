import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode, type ItemFile, type PathRef } from '../../engine/contract/node.ts'
import type { ImageRef } from '../values/image.ts'
import { chooseBands } from '../values/image-edits.ts'
import { readGeotiffHeader } from '../values/read-geotiff.ts'

interface Params {
  readonly path: PathRef
  readonly bands?: readonly [number, number, number]
  readonly georeference: 'required' | 'optional'
}

interface Inputs {
  readonly file: ItemFile
}

export const imagesGeotiff = defineNode<Params, Inputs>({
  name: 'images/geotiff',
  version: 1,
  description:
    'The GeoTIFF rasters of a folder and its subfolders, one item each, with their place on the earth. Only headers are read here, and later only the blocks that a window touches, so rasters may be larger than the memory.',
  mode: 'files',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: {
        type: 'string',
        'x-path': 'folder',
        'x-files': ['**/*.{tif,tiff,TIF,TIFF}'],
        description: 'Folder with GeoTIFF files. The id of an item is its path below, without extension.',
      },
      bands: {
        type: 'array',
        items: { type: 'integer', minimum: 1 },
        minItems: 3,
        maxItems: 3,
        examples: [
          [3, 2, 1],
          [1, 2, 3],
        ],
        description:
          'Channels that are shown as red, green and blue, counted from 1 as GDAL does. Default: the first three, or the only one three times.',
      },
      georeference: {
        enum: ['required', 'optional'],
        default: 'required',
        description: 'With required, a raster that does not say where it lies is an error.',
      },
    },
  },
  inputs: {},
  outputs: {
    images: { kind: 'image', per: 'item', description: 'Size, sample format and georeference of each raster.' },
  },
  example: `scenes:
  uses: images/geotiff
  with: { path: scenes, bands: [3, 2, 1] }
`,
  types: () => ({ images: {} }),
  run: async ({ file }, params) => {
    const { unsigned, georeference, ...header } = await readGeotiffHeader(file.path)
    if (georeference === undefined && params.georeference === 'required')
      throw bad(
        file,
        'does not say where on the earth it lies (no transformation, and not one tie point with a pixel size)',
        'write it with gdal_translate -a_srs … -a_ullr …, or say georeference: optional if its place is not needed',
      )
    const image: ImageRef = { sha256: file.sha256, ...header, format: 'geotiff', ...(georeference && { georeference }) }
    if (params.bands === undefined) return { images: image }
    if (Math.max(...params.bands) > header.channels)
      throw bad(
        file,
        `has ${header.channels} channels, bands asks for ${params.bands.join(', ')}`,
        'bands count from 1',
      )
    const [red, green, blue] = params.bands
    return { images: chooseBands(image, [red - 1, green - 1, blue - 1]) }
  },
})

function bad(file: ItemFile, what: string, fix: string): TaskError {
  return new TaskError({ code: 'bad-image', message: `${file.path} ${what}`, fix })
}
