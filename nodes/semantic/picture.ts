import { defineNode } from '../../engine/contract/node.ts'
import { joinPlanes, resizePlanes } from '../kernels/resize-planes.ts'
import type { Semantic } from '../values/semantic.ts'
import { checkMap, chosenMap, MAP_SCHEMA } from './choose-map.ts'
import { MAP_SIZE_SCHEMA, type MapSize, mapSizeHw } from './map-size.ts'

interface Params {
  readonly map?: string
  readonly class_id?: string
  readonly map_size: MapSize
  readonly threshold?: number
  readonly format: 'png' | 'tiff'
}

interface Inputs {
  readonly maps: Semantic
}

export const semanticPicture = defineNode<Params, Inputs>({
  name: 'semantic/picture',
  version: 1,
  description:
    'Writes one class of a map as a grey picture of 8 bits: probability times 255, rounded down (soft labels, for training and for other programs), or 255 and 0 by a threshold.',
  mode: 'item',
  lane: 'cpu',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      map: MAP_SCHEMA,
      class_id: {
        type: 'string',
        examples: ['building', 'road'],
        description: 'Id of the class. Default: the only one of the map.',
      },
      map_size: {
        ...MAP_SIZE_SCHEMA,
        description:
          'Size of the picture: own (that of the map), frame (that of the image), or [height, width]; bilinear as torch.',
      },
      threshold: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        examples: [0.54, 0.5],
        description: 'Write 255 where the probability is >= this and 0 elsewhere. Default: soft.',
      },
      format: { enum: ['png', 'tiff'], default: 'png', description: 'PNG, or TIFF compressed with deflate.' },
    },
  },
  inputs: { maps: { kind: 'semantic', per: 'item', description: 'Probabilities.' } },
  outputs: {
    file: {
      kind: 'file',
      per: 'item',
      extension: ({ format }: Params) => (format === 'png' ? 'png' : 'tif'),
      description: 'The picture, one channel of 8 bits.',
    },
  },
  example: `soft:
  uses: semantic/picture
  with: { map_size: frame }
  in: { maps: mean.maps }
`,
  types: ({ map, class_id: id }, context) => {
    const type = checkMap(map, 'maps', context)
    if (type === undefined) return {}
    const ids = type.classes.map(entry => entry.id)
    if (id === undefined ? ids.length === 1 : ids.includes(id)) return {}
    const message = id === undefined ? `the map has ${ids.length} classes` : `the map has no class ${id}`
    context.problem({ param: 'class_id', message, fix: `expected one of ${ids.join(', ')}` })
    return {}
  },
  run: async ({ maps: value }, params, context) => {
    const { classes, planes, sizeHw } = chosenMap(value, params.map, 'maps', context)
    const label = Math.max(
      0,
      classes.findIndex(({ id }) => id === params.class_id),
    )
    const toHw = mapSizeHw(params.map_size, sizeHw, value.frameHw)
    const [plane] = resizePlanes([planes[label]!], sizeHw, toHw, 'torch')
    const threshold = params.threshold
    const bytes =
      threshold === undefined
        ? joinPlanes([plane!], 'u8')
        : Uint8Array.from(plane!, probability => (probability >= threshold ? 255 : 0))
    const { default: sharp } = await import('sharp')
    const [height, width] = toHw
    const picture = sharp(bytes, { raw: { width, height, channels: 1 } }).toColourspace('b-w')
    const encoded =
      params.format === 'png' ? picture.png() : picture.tiff({ compression: 'deflate', predictor: 'none' })
    return { file: new Uint8Array(await encoded.toBuffer()) }
  },
})
