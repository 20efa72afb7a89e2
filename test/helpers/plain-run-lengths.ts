import type { DenseMask } from './dense-masks.ts'

/** Runs along rows or down columns from the first pixel's number, read off pixel by pixel: what the competitions' own examples do. */
export function plainRunLengths({ height, width, pixels }: DenseMask, order: string, base: number): string {
  const at = (k: number) => pixels[order === 'row-major' ? k : (k % height) * width + Math.floor(k / height)]!
  const words: number[] = []
  for (let k = 0; k < height * width; k++) {
    if (!at(k)) continue
    let length = 1
    while (k + length < height * width && at(k + length)) length++
    words.push(k + base, length)
    k += length
  }
  return words.join(' ')
}
