import { type Flip, mirrorsX, mirrorsY } from './box-geometry.ts'

/**
 * Ways to lay a picture before a network sees it, and back: first mirrored, then, with `transpose`, rows and columns
 * exchanged. So the way back is first exchanged, then mirrored. Open Cities' third place mirrored first there too, which
 * turns the map by 180° when exactly one axis is mirrored of a transposed view: `published` does that.
 */
export interface PlaneView {
  readonly flip: Flip
  readonly transpose: boolean
}

/** How the way back is taken; see `PlaneView`. */
export type InverseOrder = 'correct' | 'published'

/** A row-major plane (or interleaved picture of `channels`) mirrored; a copy. */
export function flipPlane<T extends Float32Array | Uint8Array>(
  plane: T,
  [height, width]: readonly [number, number],
  flip: Flip,
  channels = 1,
): T {
  const out = new (plane.constructor as new (length: number) => T)(plane.length)
  const backX = mirrorsX(flip)
  const backY = mirrorsY(flip)
  for (let y = 0; y < height; y++) {
    const fromRow = (backY ? height - 1 - y : y) * width
    for (let x = 0; x < width; x++) {
      const from = (fromRow + (backX ? width - 1 - x : x)) * channels
      const to = (y * width + x) * channels
      for (let c = 0; c < channels; c++) out[to + c] = plane[from + c]!
    }
  }
  return out
}

/** A row-major plane (or interleaved picture) with rows and columns exchanged: [height, width] becomes [width, height]. */
export function transposePlane<T extends Float32Array | Uint8Array>(
  plane: T,
  [height, width]: readonly [number, number],
  channels = 1,
): T {
  const out = new (plane.constructor as new (length: number) => T)(plane.length)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) out[(x * height + y) * channels + c] = plane[(y * width + x) * channels + c]!
  return out
}

/** A plane seen in `view` as it lies in the picture; `sizeHw` is its size in the view. */
export function undoView(
  plane: Float32Array,
  sizeHw: readonly [number, number],
  { flip, transpose }: PlaneView,
  order: InverseOrder = 'correct',
): { readonly plane: Float32Array; readonly sizeHw: readonly [number, number] } {
  const turned = [sizeHw[1], sizeHw[0]] as const
  if (!transpose) return { plane: flipPlane(plane, sizeHw, flip), sizeHw }
  if (order === 'published') return { plane: transposePlane(flipPlane(plane, sizeHw, flip), sizeHw), sizeHw: turned }
  return { plane: flipPlane(transposePlane(plane, sizeHw), turned, flip), sizeHw: turned }
}
