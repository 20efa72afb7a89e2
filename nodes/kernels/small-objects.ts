/**
 * Which masks stay when small ones go.
 * - `all`: every mask with area ≤ the limit goes. If none would stay and `keepOne` is set, the first one does
 *   (TheoViel's tuning code for Sartorius).
 * - `smallest`: if any area is ≤ the limit, only the masks of the smallest area go, however many others are under the
 *   limit (the same author's inference code; the two differ).
 * A limit of 0 keeps everything in both. The limit is one number, or one for each mask.
 *
 * @returns indices that stay, rising.
 */
export function largeEnough(
  areasPx: Float64Array,
  maxSmallPx: number | ArrayLike<number>,
  rule: 'all' | 'smallest',
  options: { readonly keepOne?: boolean } = {},
): Uint32Array<ArrayBuffer> {
  const all = Uint32Array.from(areasPx, (_, i) => i)
  const small = all.filter(i => {
    const limitPx = typeof maxSmallPx === 'number' ? maxSmallPx : maxSmallPx[i]!
    return limitPx > 0 && areasPx[i]! <= limitPx
  })
  if (small.length === 0) return all
  if (rule === 'smallest') {
    const smallest = areasPx.reduce((least, area) => Math.min(least, area), Number.POSITIVE_INFINITY)
    return all.filter(i => areasPx[i]! > smallest)
  }
  const gone = new Uint8Array(all.length)
  for (const i of small) gone[i] = 1
  const kept = all.filter(i => gone[i] === 0)
  return kept.length === 0 && options.keepOne ? all.slice(0, 1) : kept
}
