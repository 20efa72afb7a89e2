import { describeValue } from '../../engine/base/words.ts'
import { badFile, isRecord, parseJsonFile } from './bad-file.ts'

/** One polygon or several of a GeoJSON feature, in the coordinates of the file. */
export interface GeojsonFeature {
  /** For messages: "feature 7". */
  readonly where: string
  readonly properties: { readonly [name: string]: unknown }
  /** Each polygon: its rings, the outer one first; each ring x, y, x, y, … */
  readonly polygons: readonly (readonly Float64Array[])[]
}

export interface GeojsonFile {
  /** `EPSG:4326` when the file says nothing: that is what RFC 7946 means. */
  readonly crs: string
  /** Does the file name a coordinate system? */
  readonly isStated: boolean
  readonly features: readonly GeojsonFeature[]
  /** Features without an area: points, lines, null. */
  readonly leftOut: number
}

/** @throws TaskError `bad-file` naming the feature and what is wrong with it. */
export function readGeojson(path: string, bytes: Uint8Array): GeojsonFile {
  const document = parseJsonFile(path, bytes)
  if (!isRecord(document)) throw badFile(path, undefined, `is ${describeValue(document)}, expected a GeoJSON object`)
  const stated = statedCrs(path, document['crs'])
  const list = document['type'] === 'FeatureCollection' ? document['features'] : [document]
  if (!Array.isArray(list)) throw badFile(path, undefined, 'has no list of features')
  const features: GeojsonFeature[] = []
  for (const [index, feature] of list.entries()) {
    const where = `feature ${index}`
    if (!isRecord(feature)) throw badFile(path, where, `is ${describeValue(feature)}, expected an object`)
    const isFeature = feature['type'] === 'Feature'
    const geometry = isFeature ? feature['geometry'] : feature
    const properties = isFeature && isRecord(feature['properties']) ? feature['properties'] : {}
    const polygons = polygonsOf(path, where, geometry)
    if (polygons.length > 0) features.push({ where, properties, polygons })
  }
  return {
    crs: stated ?? 'EPSG:4326',
    isStated: stated !== undefined,
    features,
    leftOut: list.length - features.length,
  }
}

/** Types of GeoJSON that have no area. */
const WITHOUT_AREA = ['Point', 'MultiPoint', 'LineString', 'MultiLineString']

function polygonsOf(path: string, where: string, geometry: unknown): readonly (readonly Float64Array[])[] {
  if (geometry === null) return []
  if (!isRecord(geometry)) throw badFile(path, where, `has no geometry, but ${describeValue(geometry)}`)
  const { type, coordinates, geometries } = geometry
  if (type === 'GeometryCollection') {
    if (!Array.isArray(geometries)) throw badFile(path, where, 'is a collection without a list of geometries')
    return geometries.flatMap(one => polygonsOf(path, where, one))
  }
  if (WITHOUT_AREA.includes(type as string)) return []
  if (type !== 'Polygon' && type !== 'MultiPolygon')
    throw badFile(path, where, `has the geometry ${describeValue(type)}, expected Polygon or MultiPolygon`)
  if (!Array.isArray(coordinates)) throw badFile(path, where, 'has no list of coordinates')
  const polygons = type === 'Polygon' ? [coordinates] : coordinates
  return polygons.map((rings, part) => {
    if (!Array.isArray(rings)) throw badFile(path, where, `polygon ${part} is no list of rings`)
    return rings.map((ring, index) => readRing(path, `${where}, polygon ${part}, ring ${index}`, ring))
  })
}

function readRing(path: string, where: string, ring: unknown): Float64Array {
  if (!Array.isArray(ring) || ring.length < 3) throw badFile(path, where, 'has fewer than three positions')
  const xy = new Float64Array(2 * ring.length)
  for (const [i, position] of ring.entries()) {
    const [x, y] = Array.isArray(position) ? position : []
    if (!Number.isFinite(x) || !Number.isFinite(y))
      throw badFile(path, `${where}, position ${i}`, `is ${JSON.stringify(position)}, expected two numbers`)
    xy[2 * i] = x
    xy[2 * i + 1] = y
  }
  return xy
}

/** The name under the old member `crs`, as `EPSG:n`; GDAL and QGIS write it for coordinates that are not WGS 84. */
function statedCrs(path: string, crs: unknown): string | undefined {
  if (crs === undefined) return undefined
  if (crs === null) return 'unknown'
  const properties = isRecord(crs) ? crs['properties'] : undefined
  const name = isRecord(properties) ? properties['name'] : undefined
  if (typeof name !== 'string')
    throw badFile(
      path,
      'crs',
      `is ${JSON.stringify(crs).slice(0, 80)}`,
      'expected { "type": "name", "properties": { "name": … } }',
    )
  if (/CRS84$/i.test(name)) return 'EPSG:4326'
  const code = /EPSG:{1,2}(?:[\d.]*:)?(\d+)$/i.exec(name)
  return code ? `EPSG:${code[1]}` : name
}
