import type { GeoTIFFImage } from 'geotiff'
import type { Georeference } from './image.ts'

/** GeoTIFF keys that mean "defined by the user", not by a code. */
const USER_DEFINED = 32767

/**
 * Where a GeoTIFF lies: from its 4 × 4 transformation, or from one tie point and the size of a pixel. A file whose points
 * are centres of pixels (GTRasterType 2) is moved by half a pixel, as GDAL does.
 * @returns undefined when the file does not say, or only by several tie points.
 */
export function georeferenceOf(image: GeoTIFFImage): Georeference | undefined {
  const directory = image.fileDirectory
  const matrix = list(directory.getValue('ModelTransformation'))
  const scale = list(directory.getValue('ModelPixelScale'))
  const tie = list(directory.getValue('ModelTiepoint'))
  const affine =
    matrix?.length === 16
      ? [matrix[0]!, matrix[1]!, matrix[3]!, matrix[4]!, matrix[5]!, matrix[7]!]
      : tie?.length === 6 && scale !== undefined && scale.length >= 2
        ? [scale[0]!, 0, tie[3]! - tie[0]! * scale[0]!, 0, -scale[1]!, tie[4]! + tie[1]! * scale[1]!]
        : undefined
  if (affine === undefined || !affine.every(Number.isFinite)) return undefined
  const [a, b, c, d, e, f] = affine as [number, number, number, number, number, number]
  if (a * e - b * d === 0) return undefined
  const keys = image.getGeoKeys() ?? {}
  const half = keys.GTRasterTypeGeoKey === 2 ? 0.5 : 0
  const code = [keys.ProjectedCSTypeGeoKey, keys.GeographicTypeGeoKey].find(
    key => typeof key === 'number' && key > 0 && key < USER_DEFINED,
  )
  return {
    crs: code === undefined ? 'unknown' : `EPSG:${code}`,
    affine: [a, b, c - half * (a + b), d, e, f - half * (d + e)],
  }
}

function list(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) || ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : undefined
}
