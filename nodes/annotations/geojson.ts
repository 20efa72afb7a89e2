import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode, type PathRef, type RunContext } from '../../engine/contract/node.ts'
import { applyAffine, invertAffine } from '../kernels/affine.ts'
import { unionOfAll } from '../kernels/mask-algebra.ts'
import { concatMasks, emptyMasks, selectMasks } from '../kernels/mask-sets.ts'
import { rasterizePolygon } from '../kernels/rasterize-polygon.ts'
import { maskAreas, maskBoxesXyxy } from '../kernels/rle.ts'
import { badFile } from '../values/bad-file.ts'
import { classListProblem } from '../values/class-lists.ts'
import { type GeojsonFeature, type GeojsonFile, readGeojson } from '../values/geojson-file.ts'
import type { Georeference, ImageRef } from '../values/image.ts'
import type { Instances } from '../values/instances.ts'

interface Params {
  readonly path: PathRef
  readonly classes: readonly string[]
  readonly class_property?: string
  readonly all_touched: boolean
  readonly crs: 'stated' | 'as-image'
  readonly missing: 'refuse' | 'empty'
}

interface Inputs {
  readonly image: ImageRef
}

export const annotationsGeojson = defineNode<Params, Inputs>({
  name: 'annotations/geojson',
  version: 1,
  description:
    'Reads polygons in map coordinates as ground truth of images that know their place: for each image the GeoJSON file of its name, each feature one instance, drawn as GDAL draws it. Features that do not reach into the image are left out.',
  mode: 'item',
  lane: 'io',
  usesItemId: true,
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path', 'classes'],
    properties: {
      path: {
        type: 'string',
        'x-path': 'folder',
        'x-files': ['**/*.{geojson,json}'],
        description: 'Folder with GeoJSON files; that of an image is <id>.geojson or <id>.json.',
      },
      classes: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        minItems: 1,
        uniqueItems: true,
        description: 'Ids of the classes, in label order. Without class_property all features are of the first.',
      },
      class_property: {
        type: 'string',
        examples: ['building', 'landuse'],
        description: 'Property of a feature that holds its class id. Default: none.',
      },
      all_touched: {
        type: 'boolean',
        default: false,
        description: 'Draw every pixel that a polygon touches, not only those whose centre lies inside.',
      },
      crs: {
        enum: ['stated', 'as-image'],
        default: 'stated',
        description:
          'Coordinate system of the files: what they state (WGS 84 if nothing, as RFC 7946 says), which must be that of the image, since nothing is reprojected; or that of the image, whatever they state.',
      },
      missing: {
        enum: ['refuse', 'empty'],
        default: 'refuse',
        description: 'An image without a file is an error, or has no instances.',
      },
    },
  },
  inputs: { image: { kind: 'image', per: 'item', description: 'The image, with a georeference.' } },
  outputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      description: 'The features in the frame of the image, in file order.',
    },
  },
  example: `truth:
  uses: annotations/geojson
  with: { path: labels, classes: [building], all_touched: true }
  in: { image: scenes.images }
`,
  types: ({ classes, class_property: property }, context) => {
    const list = classes.map(id => ({ id, name: id }))
    const problem = classListProblem(list)
    if (problem !== undefined) context.problem({ param: 'classes', message: problem })
    if (property === undefined && classes.length > 1)
      context.problem({
        param: 'classes',
        message: `there are ${classes.length} classes and nothing that tells which a feature is of`,
        fix: 'name the property that holds it: class_property',
      })
    return { instances: { classes: list } }
  },
  run: async ({ image }, params, context) => {
    const id = context.itemId!
    const { georeference } = image
    if (georeference === undefined)
      throw new TaskError({
        code: 'bad-value',
        message:
          'the image does not know where on the earth it lies, so polygons in map coordinates cannot be put into it',
        fix: 'read it with images/geotiff',
      })
    const path = ['geojson', 'json']
      .map(ending => join(params.path.path, `${id}.${ending}`))
      .find(one => existsSync(one))
    if (path === undefined && params.missing === 'refuse')
      throw badFile(
        params.path.path,
        undefined,
        `there is no ${id}.geojson for the image ${id}`,
        'name files like images, or say missing: empty if those without one are empty',
      )
    const file = path === undefined ? undefined : readGeojson(path, await readFile(path))
    if (file && params.crs === 'stated') checkCrs(path!, file, georeference)
    if (file && file.leftOut > 0) context.note(`${id}: ${file.leftOut} features are no polygons and were left out`)
    return { instances: draw(file?.features ?? [], path ?? '', image, georeference, params, context) }
  },
})

function checkCrs(path: string, file: GeojsonFile, { crs }: Georeference): void {
  if (file.crs === crs || file.features.length === 0) return
  throw badFile(
    path,
    undefined,
    `its coordinates are in ${file.crs}${file.isStated ? '' : ' (it states nothing)'}, the image is in ${crs}`,
    'reproject it (ogr2ogr -t_srs), or say crs: as-image if the file only states it wrongly',
  )
}

function draw(
  features: readonly GeojsonFeature[],
  path: string,
  { heightPx, widthPx }: ImageRef,
  georeference: Georeference,
  params: Params,
  context: RunContext,
): Instances {
  const sizeHw = [heightPx, widthPx] as const
  const toPixels = invertAffine(georeference.affine)
  const drawn = features.map(({ polygons }) => {
    const parts = polygons.map(rings =>
      rasterizePolygon(
        rings.map(ring => applyAffine(toPixels, ring)),
        sizeHw,
        params.all_touched,
      ),
    )
    return parts.length === 1 ? parts[0]! : unionOfAll(concatMasks(parts))
  })
  const all = concatMasks([emptyMasks(sizeHw, 0), ...drawn])
  const areasPx = maskAreas(all)
  const inside = [...areasPx.keys()].filter(i => areasPx[i]! > 0)
  if (inside.length < features.length) {
    const hint = inside.length === 0 ? '; are the coordinates those of the image?' : ''
    context.note(
      `${context.itemId}: ${features.length - inside.length} of ${features.length} features do not reach into the image${hint}`,
    )
  }
  const masks = selectMasks(all, inside)
  const labels = inside.map(i => labelOf(features[i]!, path, params))
  return {
    sizeHw,
    boxesXyxy: maskBoxesXyxy(masks),
    scores: new Float64Array(inside.length).fill(1),
    labels: Int32Array.from(labels),
    masks,
  }
}

function labelOf(
  { where, properties }: GeojsonFeature,
  path: string,
  { classes, class_property: property }: Params,
): number {
  if (property === undefined) return 0
  const label = classes.indexOf(String(properties[property]))
  if (label >= 0) return label
  throw badFile(
    path,
    where,
    `${property} is ${JSON.stringify(properties[property])}, which is none of ${classes.join(', ')}`,
    'list the class under classes',
  )
}
