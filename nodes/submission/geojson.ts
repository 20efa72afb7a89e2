import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { type Affine, applyAffine } from '../kernels/affine.ts'
import { pixelRings, type RingedPart } from '../kernels/pixel-rings.ts'
import type { ImageRef } from '../values/image.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'

interface Inputs {
  readonly instances: Instances
  readonly image: ImageRef
}

export const submissionGeojson = defineNode<Record<string, never>, Inputs>({
  name: 'submission/geojson',
  version: 1,
  description:
    'Writes instances as polygons in map coordinates, for GIS programs: the exact outlines of the pixels, with holes, one feature for each instance that has a pixel. Coordinates are in the system of the image; unless that is WGS 84, the file says so in the member crs, which RFC 7946 gave up but GDAL and QGIS read.',
  mode: 'item',
  lane: 'cpu',
  params: { type: 'object', additionalProperties: false, properties: {} },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' },
    image: { kind: 'image', per: 'item', description: 'The image, which knows its place.' },
  },
  outputs: {
    file: {
      kind: 'file',
      per: 'item',
      extension: 'geojson',
      description: 'A FeatureCollection, one feature on a line.',
    },
  },
  example: `polygons:
  uses: submission/geojson
  in: { instances: buildings.instances, image: scenes.images }
`,
  run: ({ instances, image }, _params, context) => {
    const [height, width] = instances.sizeHw
    if (height !== image.heightPx || width !== image.widthPx)
      throw new TaskError({
        code: 'bad-value',
        message: `the instances are in a frame of ${height} × ${width}, the image has ${image.heightPx} × ${image.widthPx} (height × width)`,
        fix: 'give the image in whose frame they are',
      })
    const classes = inputClasses(context, 'instances')
    checkLabels(instances.labels, classes, 'input instances')
    const { georeference } = image
    if (georeference === undefined)
      throw new TaskError({
        code: 'bad-value',
        message: 'the image does not know where on the earth it lies, so its instances have no map coordinates',
        fix: 'read it with images/geotiff',
      })
    const lines: string[] = []
    for (let i = 0; i < instances.labels.length; i++) {
      const parts = pixelRings(instances.masks, i)
      if (parts.length === 0) continue
      const { id, name } = classes[instances.labels[i]!]!
      const properties = { instance: i, class: id, name, score: instances.scores[i]! }
      const geometry = geometryOf(parts, georeference.affine)
      lines.push(JSON.stringify({ type: 'Feature', properties, geometry }))
    }
    const crs = crsMember(georeference.crs)
    const text = `{"type":"FeatureCollection",${crs}"features":[\n${lines.join(',\n')}\n]}\n`
    return { file: new TextEncoder().encode(text) }
  },
})

/** Nothing for WGS 84, which is what no member means; null, which GeoJSON had for it, when nobody knows. */
function crsMember(crs: string): string {
  if (crs === 'EPSG:4326') return ''
  const code = /^EPSG:(\d+)$/.exec(crs)
  return code ? `"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::${code[1]}"}},` : '"crs":null,'
}

/** Outer rings run counter-clockwise on the map and holes clockwise (RFC 7946 3.1.6). */
function geometryOf(parts: readonly RingedPart[], affine: Affine) {
  // Outer rings run clockwise on the screen; a picture that is not mirrored lies on the map with y turned over.
  const [a, b, , d, e] = affine
  const turns = a * e - b * d < 0
  const polygons = parts.map(({ outer, holes }) => [outer, ...holes].map(ring => toMap(ring, affine, turns)))
  return polygons.length === 1
    ? { type: 'Polygon', coordinates: polygons[0]! }
    : { type: 'MultiPolygon', coordinates: polygons }
}

function toMap(ring: Float64Array, affine: Affine, turns: boolean): readonly (readonly number[])[] {
  const xy = applyAffine(affine, ring)
  const positions = Array.from({ length: xy.length / 2 }, (_, i) => [xy[2 * i]!, xy[2 * i + 1]!])
  if (turns) positions.reverse()
  return [...positions, positions[0]!]
}
