import { emptyMasks } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'
import { rowMajorRuns } from './scan-dense.ts'

/**
 * One mask: the pixels of a row-major plane whose value is ≥ (or >) the threshold. The comparison is of the float32 value
 * with the float64 threshold: 0.7 as float32 is below 0.7.
 */
export function thresholdPlane(
  plane: Float32Array,
  sizeHw: readonly [number, number],
  threshold: number,
  comparison: '>' | '>=',
): MaskSet {
  const [height, width] = sizeHw
  const pixels = new Uint8Array(plane.length)
  if (comparison === '>') for (let i = 0; i < plane.length; i++) pixels[i] = plane[i]! > threshold ? 1 : 0
  else for (let i = 0; i < plane.length; i++) pixels[i] = plane[i]! >= threshold ? 1 : 0
  const { starts, ends } = rowMajorRuns(pixels, height, width)
  return { ...emptyMasks(sizeHw, 1), starts, ends, offsets: Uint32Array.of(0, starts.length) }
}

/** Mean of a row-major plane over the pixels of each mask, in doubles, column by column; 0 for an empty mask. */
export function meanInMasks(plane: Float32Array, masks: MaskSet): Float64Array {
  const [height, width] = masks.sizeHw
  return Float64Array.from({ length: masks.offsets.length - 1 }, (_, i) => {
    let sum = 0
    let count = 0
    for (let run = masks.offsets[i]!; run < masks.offsets[i + 1]!; run++) {
      for (let at = masks.starts[run]!; at < masks.ends[run]!; at++) {
        const x = Math.floor(at / height)
        sum += plane[(at - x * height) * width + x]!
        count++
      }
    }
    return count === 0 ? 0 : Math.min(1, sum / count)
  })
}
