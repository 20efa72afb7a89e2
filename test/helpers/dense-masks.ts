import { type Arbitrary, array, boolean, integer, tuple } from 'fast-check'
import { concatMasks, emptyMasks, validateMaskSet } from '../../nodes/kernels/mask-sets.ts'
import type { MaskSet } from '../../nodes/kernels/masks.ts'
import { decodeDense, encodeDense } from '../../nodes/kernels/rle.ts'

/** The plain form that oracles loop over: row-major 0/1 bytes. */
export interface DenseMask {
  readonly height: number
  readonly width: number
  readonly pixels: Uint8Array
}

export const sizeOf = (dense: DenseMask): [number, number] => [dense.height, dense.width]

/** 0 outside the frame. */
export function pixel({ height, width, pixels }: DenseMask, x: number, y: number): number {
  return x < 0 || y < 0 || x >= width || y >= height ? 0 : pixels[y * width + x]!
}

export function denseFrom(height: number, width: number, value: (x: number, y: number) => boolean | number): DenseMask {
  const pixels = new Uint8Array(height * width)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) pixels[y * width + x] = value(x, y) ? 1 : 0
  return { height, width, pixels }
}

export function encoded(...masks: readonly DenseMask[]): MaskSet {
  const size = sizeOf(masks[0]!)
  return concatMasks([emptyMasks(size, 0), ...masks.map(mask => encodeDense(mask.pixels, size, 'row-major'))])
}

/** Mask `index` in plain form; throws when the set is not in canonical form. */
export function decoded(masks: MaskSet, index = 0): DenseMask {
  const problem = validateMaskSet(masks)
  if (problem !== undefined) throw new Error(problem)
  const [height, width] = masks.sizeHw
  return { height, width, pixels: decodeDense(masks, index, 'row-major') }
}

/** "010/111": what a failing assertion shows. */
export function rows({ height, width, pixels }: DenseMask): string {
  return Array.from({ length: height }, (_, y) => pixels.subarray(y * width, (y + 1) * width).join('')).join('/')
}

/** From a drawing: "..#/.##". */
export function drawn(picture: string): DenseMask {
  const lines = picture.split('/')
  return denseFrom(lines.length, lines[0]!.length, (x, y) => lines[y]![x] === '#')
}

export const sizes = (maximum = 9): Arbitrary<[number, number]> =>
  tuple(integer({ min: 1, max: maximum }), integer({ min: 1, max: maximum }))

/** `count` masks of one random frame. */
export function denseMasks(count: number, maximum = 9): Arbitrary<DenseMask[]> {
  return sizes(maximum).chain(([height, width]) =>
    array(
      array(boolean(), { minLength: height * width, maxLength: height * width }).map(bits => ({
        height,
        width,
        pixels: Uint8Array.from(bits, Number),
      })),
      { minLength: count, maxLength: count },
    ),
  )
}
