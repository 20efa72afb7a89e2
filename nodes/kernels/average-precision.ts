import { argsortDescending } from './order.ts'

/**
 * Average precision of one class from its detections of all images.
 *
 * A detection has a credit: 1 a true positive, 0 a false one, a fraction for a found group. Sums run by score
 * descending, equal scores in source order (numpy programs leave that order open).
 */

export interface PrecisionCurve {
  /** [n] scores descending. */
  readonly scores: Float64Array
  /** [n] sum of credits / positives. */
  readonly recall: Float64Array
  /** [n] sum of credits / (sum of credits + number of false ones), not yet made monotone. */
  readonly precision: Float64Array
}

/**
 * @param positives ground truths that count, > 0; may be fractional where groups count in part.
 * @param weights [n] how often each detection counts; default once.
 */
export function precisionCurve(
  scores: Float64Array,
  credits: Float64Array,
  positives: number,
  weights?: Float64Array,
): PrecisionCurve {
  const order = argsortDescending(scores)
  const recall = new Float64Array(order.length)
  const precision = new Float64Array(order.length)
  let found = 0
  let wrong = 0
  for (let rank = 0; rank < order.length; rank++) {
    const index = order[rank]!
    const weight = weights === undefined ? 1 : weights[index]!
    if (credits[index]! > 0) found += weight * credits[index]!
    else wrong += weight
    recall[rank] = found / positives
    precision[rank] = found + wrong > 0 ? found / (found + wrong) : 0
  }
  return { scores: Float64Array.from(order, index => scores[index]!), recall, precision }
}

/** Each value replaced by the largest from it to the end. */
export function monotonePrecision(precision: Float64Array): Float64Array {
  const out = precision.slice()
  for (let i = out.length - 2; i >= 0; i--) if (out[i + 1]! > out[i]!) out[i] = out[i + 1]!
  return out
}

/**
 * Area under the monotone curve over all its recalls (PASCAL VOC from 2010 on; `compute_average_precision` of the
 * TensorFlow Object Detection API). 0 without detections.
 */
export function areaUnderCurve({ recall, precision }: PrecisionCurve): number {
  const envelope = monotonePrecision(precision)
  let area = 0
  let before = 0
  for (let i = 0; i < recall.length; i++) {
    area += (recall[i]! - before) * envelope[i]!
    before = recall[i]!
  }
  return area
}

/** Mean of the monotone curve at recall 0, 0.01, … 1, each read at the first detection with recall ≥ it (COCO, TIDE). */
export function interpolatedPrecision({ recall, precision }: PrecisionCurve): number {
  const envelope = monotonePrecision(precision)
  let sum = 0
  let at = 0
  for (let step = 0; step <= 100; step++) {
    while (at < recall.length && recall[at]! < step / 100) at++
    if (at < recall.length) sum += envelope[at]!
  }
  return sum / 101
}
