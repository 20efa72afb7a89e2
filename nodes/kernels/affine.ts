/**
 * [a, b, c, d, e, f] of x = a · column + b · row + c, y = d · column + e · row + f: continuous pixels to coordinates.
 */
export type Affine = readonly [number, number, number, number, number, number]

/** Pixels x, y, … to coordinates; a new array. */
export function applyAffine([a, b, c, d, e, f]: Affine, xy: ArrayLike<number>): Float64Array {
  const out = new Float64Array(xy.length)
  for (let i = 0; i + 1 < xy.length; i += 2) {
    out[i] = a * xy[i]! + b * xy[i + 1]! + c
    out[i + 1] = d * xy[i]! + e * xy[i + 1]! + f
  }
  return out
}

/**
 * The way back, in the order in which GDAL computes it (GDALInvGeoTransform): without rotation −c / a + x · (1 / a), so that
 * corners on the grid of pixels come out as GDAL has them.
 */
export function invertAffine([a, b, c, d, e, f]: Affine): Affine {
  if (b === 0 && d === 0) return [1 / a, 0, -c / a, 0, 1 / e, -f / e]
  const inverse = 1 / (a * e - b * d)
  return [e * inverse, -b * inverse, (b * f - c * e) * inverse, -d * inverse, a * inverse, (-a * f + c * d) * inverse]
}
