import type { Lineage, lineage } from './mask-lineage.ts'

/**
 * The canonical form of N binary masks of one frame: runs of foreground pixels, nothing dense.
 *
 * Example, 4 × 5 frame (h × w), rows 1–2 of columns 1–3 set: starts 5 9 13, ends 7 11 15, offsets 0 3.
 */
export interface MaskSet {
  /** [height, width] of the frame. */
  readonly sizeHw: readonly [number, number]
  /** First pixel of each run on the column-major sequence (index = x · height + y). */
  readonly starts: Uint32Array
  /** One past the last pixel of each run; starts[i] < ends[i] < starts[i + 1] within a mask. */
  readonly ends: Uint32Array
  /** [N + 1]; runs of mask i are offsets[i] … offsets[i + 1] − 1. */
  readonly offsets: Uint32Array
  /** Which masks these were, where they are compared again and again; no part of the value. */
  readonly [lineage]?: Lineage
}
