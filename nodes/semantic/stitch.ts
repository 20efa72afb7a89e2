import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { joinPlanes, resizePlanes } from '../kernels/resize-planes.ts'
import { addTile, finishStitch, newStitch, type Stitch } from '../kernels/stitch-planes.ts'
import type { ImageRef } from '../values/image.ts'
import { mapPlanes, type Semantic, type SemanticMap } from '../values/semantic.ts'
import { PRECISION_SCHEMA } from './map-size.ts'

interface Params {
  readonly blend: 'ramp' | 'mean'
  readonly max_megapixels: number
  readonly precision: 'f32' | 'u8'
}

interface Inputs {
  readonly maps: Collection<Semantic>
  readonly tiles: Collection<ImageRef>
  readonly image: ImageRef
}

export const semanticStitch = defineNode<Params, Inputs>({
  name: 'semantic/stitch',
  version: 1,
  description:
    'Puts the maps of the tiles of an image together to maps of the image, averaging where tiles overlap. Numbers about tiles are left out.',
  mode: 'gather',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      blend: {
        enum: ['ramp', 'mean'],
        default: 'ramp',
        description: 'Weight of a tile at a pixel: ramp, the distance to the nearest edge of the tile; mean, 1.',
      },
      max_megapixels: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 100,
        description: 'A larger image is refused: 8 bytes for each pixel and class are held, and 4 for each pixel.',
      },
      precision: PRECISION_SCHEMA,
    },
  },
  inputs: {
    maps: { kind: 'semantic', per: 'children', description: 'Maps of each tile.' },
    tiles: { kind: 'image', per: 'children', description: 'The tiles, which know their place.' },
    image: { kind: 'image', per: 'item', description: 'The image they were cut from.' },
  },
  outputs: {
    maps: { kind: 'semantic', per: 'item', description: 'Maps of the whole image, at its size; 0 where no tile is.' },
  },
  example: `whole:
  uses: semantic/stitch
  in: { maps: mean.maps, tiles: tiles.images, image: scenes.images }
`,
  types: (_params, context) => ({ maps: context.inputs['maps']?.[0] ?? {} }),
  run: async ({ maps, tiles, image }, params) => {
    const frameHw = [image.heightPx, image.widthPx] as const
    if (frameHw[0] * frameHw[1] > params.max_megapixels * 1e6)
      throw new TaskError({
        code: 'bad-value',
        message: `the image has ${frameHw.join(' × ')} pixels, more than ${params.max_megapixels} megapixels`,
        fix: 'make instances of each tile (semantic/threshold, submission/geojson), or raise max_megapixels if the memory is there',
      })
    const places = new Map<string, ImageRef>()
    for await (const { id, value } of tiles.items) places.set(id, value)
    const stitches = new Map<string, Stitch>()
    for await (const { id, value } of maps.items) {
      const window = windowOf(id, places.get(id), image)
      const windowHw = [window.heightPx, window.widthPx] as const
      for (const [name, map] of Object.entries(value.maps)) {
        const planes = resizePlanes(mapPlanes(map), map.sizeHw, windowHw, 'torch')
        const stitch = stitches.get(name) ?? newStitch(frameHw, planes.length)
        stitches.set(name, stitch)
        if (planes.length !== stitch.sums.length)
          throw new TaskError({
            code: 'bad-value',
            message: `map ${name} has ${planes.length} classes in tile ${id} and ${stitch.sums.length} in others`,
            fix: 'show all tiles to one model, or to models of one class list',
          })
        addTile(stitch, planes, window, params.blend)
      }
    }
    const whole = [...stitches].map(([name, stitch]): [string, SemanticMap] => [
      name,
      { sizeHw: frameHw, values: joinPlanes(finishStitch(stitch), params.precision) },
    ])
    return { maps: { frameHw, maps: Object.fromEntries(whole), vectors: {} } satisfies Semantic }
  },
})

/** The window that the tile is of the image: the edit by which it differs from it. */
function windowOf(id: string, tile: ImageRef | undefined, image: ImageRef) {
  const own = image.edits ?? []
  const [cut, ...rest] = (tile?.edits ?? []).slice(own.length)
  const begins = JSON.stringify(tile?.edits?.slice(0, own.length) ?? []) === JSON.stringify(own)
  const isTile = tile?.sha256 === image.sha256 && begins && rest.every(({ edit }) => edit === 'resize')
  if (isTile && cut?.edit === 'crop') return cut
  if (isTile && (cut === undefined || cut.edit === 'resize'))
    return { x: 0, y: 0, widthPx: image.widthPx, heightPx: image.heightPx }
  throw new TaskError({
    code: 'bad-value',
    message: `the tile ${id} is no window of the image`,
    fix: 'give the tiles as images/tiles made them, and the image it made them of',
  })
}
