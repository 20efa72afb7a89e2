import { greedyNms } from './nms.ts'
import { topK } from './order.ts'

/** N proposals with K class probabilities each, and one box or K boxes each. */
export interface ClassifiedBoxes {
  readonly classCount: number
  /** [N · K] */
  readonly probabilities: Float32Array
  /** [N · B · 4] */
  readonly boxesXyxy: Float32Array
  /** B: 1 or K. */
  readonly boxesPerProposal: number
}

export interface ClassNmsRules {
  /** A class of a proposal is a candidate when its probability is > this; one number, or [K]. */
  readonly scoreThreshold: number | ArrayLike<number>
  /** Within a class, a candidate with IoU > this with a better one is dropped; one number, or [K]. */
  readonly iouThreshold: number | ArrayLike<number>
  /** Candidates of different classes drop each other too, by the threshold of the one that is dropped. */
  readonly classAgnostic?: boolean
  /** Survivors in the end, over all classes. */
  readonly max: number
  /** Candidates with a side < this are dropped first. */
  readonly minSidePx: number
}

/**
 * Detections from class probabilities: every class of every proposal is a candidate of its own; greedy NMS within
 * classes (or over all); the best `max` over all (torchvision's postprocess_detections 0.2x). Order: probability descending, then
 * proposal, then class. The threshold is rounded to float32 like the probabilities.
 *
 * Lazy: with hundreds of thousands of candidates (threshold 0) only as many as needed are sorted and compared; the result
 * is that of the full run.
 */
export function classNms(
  input: ClassifiedBoxes,
  rules: ClassNmsRules,
): { boxesXyxy: Float64Array; scores: Float64Array; labels: Int32Array } {
  const candidates = candidatesOf(input, rules)
  const iouThresholds = perClass(rules.iouThreshold, input.classCount)
  const scores = new Float32Array(candidates.length)
  for (let i = 0; i < scores.length; i++) scores[i] = input.probabilities[candidates[i]!]!
  let take = Math.max(1024, 4 * rules.max)
  for (;;) {
    const best = topK(scores, take)
    const boxes = new Float64Array(4 * best.length)
    const bestScores = new Float64Array(best.length)
    const labels = new Int32Array(best.length)
    for (let i = 0; i < best.length; i++) {
      const at = candidates[best[i]!]!
      const from = boxOffset(input, at)
      for (let side = 0; side < 4; side++) boxes[4 * i + side] = input.boxesXyxy[from + side]!
      bestScores[i] = input.probabilities[at]!
      labels[i] = at % input.classCount
    }
    const kept = greedyNms(boxes, bestScores, iouThresholds[0]!, {
      iouThresholds: Float64Array.from(labels, label => iouThresholds[label]!),
      ...(!rules.classAgnostic && { groups: labels }),
      max: rules.max,
    })
    if (kept.length === rules.max || best.length === scores.length) {
      const out = new Float64Array(4 * kept.length)
      for (let i = 0; i < kept.length; i++) out.set(boxes.subarray(4 * kept[i]!, 4 * kept[i]! + 4), 4 * i)
      return {
        boxesXyxy: out,
        scores: Float64Array.from(kept, i => bestScores[i]!),
        labels: Int32Array.from(kept, i => labels[i]!),
      }
    }
    take *= 8
  }
}

/** Positions in `probabilities` that are candidates, ascending. */
function candidatesOf(input: ClassifiedBoxes, rules: ClassNmsRules): Uint32Array {
  const { probabilities, boxesXyxy, classCount } = input
  const shared = input.boxesPerProposal === 1
  const thresholds = Float32Array.from(perClass(rules.scoreThreshold, classCount))
  const found = new Uint32Array(probabilities.length)
  let count = 0
  let box = 0
  for (let row = 0; row < probabilities.length; row += classCount) {
    for (let at = row; at < row + classCount; at++) {
      if (
        probabilities[at]! > thresholds[at - row]! &&
        boxesXyxy[box + 2]! - boxesXyxy[box]! >= rules.minSidePx &&
        boxesXyxy[box + 3]! - boxesXyxy[box + 1]! >= rules.minSidePx
      )
        found[count++] = at
      if (!shared) box += 4
    }
    if (shared) box += 4
  }
  return found.subarray(0, count)
}

function perClass(value: number | ArrayLike<number>, classCount: number): Float64Array {
  return typeof value === 'number' ? new Float64Array(classCount).fill(value) : Float64Array.from(value)
}

function boxOffset({ classCount, boxesPerProposal }: ClassifiedBoxes, at: number): number {
  return boxesPerProposal === 1 ? 4 * Math.floor(at / classCount) : 4 * at
}
