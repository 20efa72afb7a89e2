import { cv2Taps, resizePlane, torchTaps } from './linear-taps.ts'

/** Whose bilinear interpolation of float32 planes: see `torchTaps` and `cv2Taps`. */
export type Interpolation = 'torch' | 'cv2'

/** Each row-major plane at another size; the planes themselves when the size is the same. */
export function resizePlanes(
  planes: readonly Float32Array[],
  fromHw: readonly [number, number],
  toHw: readonly [number, number],
  interpolation: Interpolation,
): readonly Float32Array[] {
  if (fromHw[0] === toHw[0] && fromHw[1] === toHw[1]) return planes
  const taps = (axis: 0 | 1) =>
    interpolation === 'torch'
      ? torchTaps(fromHw[axis], toHw[axis])
      : cv2Taps(fromHw[axis], toHw[axis], axis === 0 ? 'rows' : 'columns')
  const rows = taps(0)
  const columns = taps(1)
  return planes.map(plane => resizePlane(plane, fromHw, rows, columns))
}

/** Row-major planes behind each other: probabilities, or bytes of floor(255 · p) (the product in doubles). */
export function joinPlanes(planes: readonly Float32Array[], precision: 'f32' | 'u8'): Float32Array | Uint8Array {
  const area = planes[0]?.length ?? 0
  const out = precision === 'u8' ? new Uint8Array(planes.length * area) : new Float32Array(planes.length * area)
  for (const [k, plane] of planes.entries()) {
    if (precision === 'f32') out.set(plane, k * area)
    else for (let i = 0; i < area; i++) out[k * area + i] = 255 * plane[i]!
  }
  return out
}
