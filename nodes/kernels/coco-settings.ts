/** The parameters of COCO's detection evaluation, with the bits pycocotools 2.0.11 has (numpy.linspace). */

export interface CocoSettings {
  /** [T] ≤ 32 of them. */
  readonly iouThresholds: Float64Array
  /** [R] ascending. */
  readonly recallThresholds: Float64Array
  readonly areaRanges: readonly CocoAreaRange[]
  /** [M] ascending: best-scored detections of an image and class that count. */
  readonly maxDetections: readonly number[]
}

export interface CocoAreaRange {
  readonly name: string
  /** px². COCO: both ends belong to the range, so an area of 1024 is small and medium. */
  readonly lowPx: number
  readonly highPx: number
}

/** 0.5, 0.55, … 0.95 · recall 0, 0.01, … 1 · all, small < 32², medium < 96², large · best 1, 10, 100. */
export const cocoSettings: CocoSettings = {
  // The ninth comes out as 0.8999999999999999, as in pycocotools: an IoU of exactly that passes.
  iouThresholds: linspace(0.5, 0.95, 10),
  recallThresholds: linspace(0, 1, 101),
  areaRanges: [
    { name: 'all', lowPx: 0, highPx: 1e10 },
    { name: 'small', lowPx: 0, highPx: 1024 },
    { name: 'medium', lowPx: 1024, highPx: 9216 },
    { name: 'large', lowPx: 9216, highPx: 1e10 },
  ],
  maxDetections: [1, 10, 100],
}

/** `count` numbers from `start` to `stop`, computed as numpy does: start + i · step, the last one exactly `stop`. */
export function linspace(start: number, stop: number, count: number): Float64Array {
  const out = new Float64Array(count)
  const step = (stop - start) / (count - 1)
  for (let i = 0; i < count; i++) out[i] = i * step + start
  if (count > 1) out[count - 1] = stop
  return out
}
