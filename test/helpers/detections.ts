import type { Detections } from '../../nodes/values/detections.ts'

export interface DetectionSpec {
  readonly label?: number
  readonly score: number
  /** x1, y1, x2, y2. */
  readonly box: readonly number[]
}

export function detectionsOf(frameHw: readonly [number, number], specs: readonly DetectionSpec[]): Detections {
  return {
    frameHw,
    boxesXyxy: Float64Array.from(specs.flatMap(({ box }) => box)),
    scores: Float64Array.from(specs, ({ score }) => score),
    labels: Int32Array.from(specs, ({ label }) => label ?? 0),
  }
}

/** What `detectionsOf` took. */
export function specsOf({ boxesXyxy, scores, labels }: Detections): Required<DetectionSpec>[] {
  return Array.from(scores, (score, i) => ({ label: labels[i]!, score, box: [...boxesXyxy.slice(4 * i, 4 * i + 4)] }))
}
