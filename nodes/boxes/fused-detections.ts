import type { FusedBoxes } from '../kernels/box-pool.ts'
import type { Detections } from '../values/detections.ts'

/** The best `max` of what was fused (it comes by score descending). */
export function fusedDetections(
  fused: FusedBoxes,
  frameHw: readonly [number, number],
  max: number | undefined,
): Detections {
  const count = Math.min(max ?? fused.scores.length, fused.scores.length)
  return {
    frameHw,
    boxesXyxy: fused.boxesXyxy.slice(0, 4 * count),
    // A mean of ones can come out an ulp above 1.
    scores: fused.scores.slice(0, count).map(score => Math.min(1, score)),
    labels: fused.labels.slice(0, count),
  }
}
