import type { CocoSettings } from './coco-settings.ts'
import { argsortDescending } from './order.ts'

/** What evaluation keeps of an image. */
export interface ImageRecords {
  readonly order: number
  readonly groups: readonly ClassRecords[]
}

/** Detections of one image and class, by score descending. Fields as `MatchResult`. */
export interface ClassRecords {
  readonly label: number
  readonly scores: Float64Array
  readonly matched: Uint32Array
  readonly ignored: Uint32Array
  readonly positives: Uint32Array
}

/** Precision, recall and scores by T thresholds, R recalls, K classes, A size ranges, M caps; −1 = no ground truth. */
export interface CocoCurves {
  readonly settings: CocoSettings
  readonly classCount: number
  /** [T, R, K, A, M] */
  readonly precision: Float64Array
  /** [T, K, A, M] highest recall reached. */
  readonly recall: Float64Array
  /** [T, R, K, A, M] score at which the recall is reached; 0 where it is not. */
  readonly scores: Float64Array
  /** [K, A] ground truths that count. */
  readonly positives: Float64Array
}

/**
 * Pools all images of a class and reads precision at the recall thresholds. Source: `COCOeval.accumulate` of pycocotools
 * 2.0.11: detections by score descending, ties by image order, then by rank in the image; precision
 * tp / (fp + tp + 2⁻⁵²), made non-increasing from the right; the value at recall r is that of the first detection with
 * recall ≥ r, 0 if there is none.
 * @param repeats how often each image counts, by its order.
 */
export function accumulateRecords(
  images: readonly ImageRecords[],
  classCount: number,
  settings: CocoSettings,
  repeats?: Uint32Array,
): CocoCurves {
  const T = settings.iouThresholds.length
  const R = settings.recallThresholds.length
  const A = settings.areaRanges.length
  const M = settings.maxDetections.length
  const curves = {
    settings,
    classCount,
    precision: new Float64Array(T * R * classCount * A * M).fill(-1),
    recall: new Float64Array(T * classCount * A * M).fill(-1),
    scores: new Float64Array(T * R * classCount * A * M).fill(-1),
    positives: new Float64Array(classCount * A),
  }
  const byClass = new Map<number, { readonly group: ClassRecords; readonly weight: number }[]>()
  for (const image of [...images].sort((a, b) => a.order - b.order)) {
    const weight = repeats?.[image.order] ?? 1
    if (weight === 0) continue
    for (const group of image.groups) {
      const list = byClass.get(group.label)
      if (list) list.push({ group, weight })
      else byClass.set(group.label, [{ group, weight }])
    }
  }
  for (const [label, groups] of byClass) {
    for (let a = 0; a < A; a++) {
      for (const { group, weight } of groups) curves.positives[label * A + a]! += weight * group.positives[a]!
    }
    accumulateClass(poolGroups(groups, A), label, curves)
  }
  return curves
}

interface Pool {
  readonly scores: Float64Array
  readonly weights: Float64Array
  /** Rank within its image. */
  readonly ranks: Uint32Array
  /** [n · A] */
  readonly matched: Uint32Array
  readonly ignored: Uint32Array
}

function poolGroups(groups: readonly { readonly group: ClassRecords; readonly weight: number }[], A: number): Pool {
  let count = 0
  for (const { group } of groups) count += group.scores.length
  const scores = new Float64Array(count)
  let at = 0
  for (const { group } of groups) {
    scores.set(group.scores, at)
    at += group.scores.length
  }
  const order = argsortDescending(scores)
  const place = new Uint32Array(count)
  for (let i = 0; i < count; i++) place[order[i]!] = i
  const pool = {
    scores: order.length > 0 ? Float64Array.from(order, i => scores[i]!) : scores,
    weights: new Float64Array(count),
    ranks: new Uint32Array(count),
    matched: new Uint32Array(count * A),
    ignored: new Uint32Array(count * A),
  }
  at = 0
  for (const { group, weight } of groups) {
    for (let rank = 0; rank < group.scores.length; rank++) {
      const to = place[at++]!
      pool.weights[to] = weight
      pool.ranks[to] = rank
      for (let a = 0; a < A; a++) {
        pool.matched[to * A + a] = group.matched[rank * A + a]!
        pool.ignored[to * A + a] = group.ignored[rank * A + a]!
      }
    }
  }
  return pool
}

function accumulateClass(pool: Pool, label: number, curves: CocoCurves): void {
  const { iouThresholds, areaRanges, maxDetections } = curves.settings
  const A = areaRanges.length
  const M = maxDetections.length
  const count = pool.scores.length
  const recalls = new Float64Array(count)
  const precisions = new Float64Array(count)
  const scores = new Float64Array(count)
  for (let a = 0; a < A; a++) {
    const positives = curves.positives[label * A + a]!
    if (positives === 0) continue
    for (let m = 0; m < M; m++) {
      const cap = maxDetections[m]!
      for (let t = 0; t < iouThresholds.length; t++) {
        const bit = 1 << t
        let truePositives = 0
        let falsePositives = 0
        let kept = 0
        for (let i = 0; i < count; i++) {
          if (pool.ranks[i]! >= cap) continue
          if ((pool.ignored[i * A + a]! & bit) === 0) {
            if ((pool.matched[i * A + a]! & bit) !== 0) truePositives += pool.weights[i]!
            else falsePositives += pool.weights[i]!
          }
          recalls[kept] = truePositives / positives
          precisions[kept] = truePositives / (falsePositives + truePositives + Number.EPSILON)
          scores[kept++] = pool.scores[i]!
        }
        curves.recall[((t * curves.classCount + label) * A + a) * M + m] = kept > 0 ? recalls[kept - 1]! : 0
        for (let i = kept - 1; i > 0; i--) {
          if (precisions[i]! > precisions[i - 1]!) precisions[i - 1] = precisions[i]!
        }
        readAtRecalls(curves, t, (label * A + a) * M + m, recalls, precisions, scores, kept)
      }
    }
  }
}

function readAtRecalls(
  curves: CocoCurves,
  t: number,
  column: number,
  recalls: Float64Array,
  precisions: Float64Array,
  scores: Float64Array,
  kept: number,
): void {
  const { recallThresholds, areaRanges, maxDetections } = curves.settings
  const R = recallThresholds.length
  const columns = curves.classCount * areaRanges.length * maxDetections.length
  let at = 0
  for (let r = 0; r < R; r++) {
    while (at < kept && recalls[at]! < recallThresholds[r]!) at++
    const slot = (t * R + r) * columns + column
    curves.precision[slot] = at < kept ? precisions[at]! : 0
    curves.scores[slot] = at < kept ? scores[at]! : 0
  }
}
