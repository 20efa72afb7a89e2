import { interpolatedPrecision, precisionCurve } from './average-precision.ts'
import { gatherBoxes } from './box-geometry.ts'
import { boxIou } from './box-iou.ts'
import type { CocoDetections, CocoTruth } from './coco-eval.ts'
import { type ErrorKind, type JudgedDetection, judgeDetections } from './error-kinds.ts'
import { maskIou } from './mask-iou.ts'
import { selectMasks } from './mask-sets.ts'
import { argsortDescending } from './order.ts'

/**
 * What each kind of error costs: the AP gained if all errors of the kind were repaired and nothing else changed. Source:
 * TIDE (Bolya et al. 2020), tidecv 1.0.1; numbers in 0 … 1, there in per cent.
 *
 * A repaired `location` or `class` error becomes right (the best-scored one of each ground truth; the others vanish),
 * a repaired `duplicate`, `background` or `both` vanishes, a repaired `missed` is no longer asked for. As in TIDE the
 * mean runs over classes with ground truth or detections, a class without ground truth counting 0; gains below 0 are 0.
 * Equal scores keep image and source order.
 */

export interface ErrorBreakdownOptions {
  readonly classCount: number
  readonly similarity: 'bbox' | 'segm'
  /** Default 0.5. */
  readonly foregroundIou?: number
  /** Default 0.1. */
  readonly backgroundIou?: number
  /** Best-scored detections of an image, over all classes. Default 100. */
  readonly maxDetections?: number
}

export interface ErrorBreakdown {
  /** Mean over classes of the precision at 101 recalls, at the foreground threshold. */
  readonly averagePrecision: number
  readonly counts: Readonly<Record<ErrorKind, number>>
  readonly gains: Readonly<Record<ErrorKind, number>>
  /** Gain if every wrong detection had score 0 and every right one score 1. */
  readonly falsePositiveGain: number
  /** Gain if no ground truth were left over, with the precision as it is. */
  readonly falseNegativeGain: number
}

export const errorKinds: readonly ErrorKind[] = ['class', 'location', 'both', 'duplicate', 'background', 'missed']

export interface ErrorBreakdownBuilder {
  /** Crowd and `ignore` ground truths are regions in which detections of their class do not count. */
  addImage: (truth: CocoTruth, detections: CocoDetections) => void
  finish: () => ErrorBreakdown
}

export function createErrorBreakdown(options: ErrorBreakdownOptions): ErrorBreakdownBuilder {
  const foreground = options.foregroundIou ?? 0.5
  const background = options.backgroundIou ?? 0.1
  const judged: JudgedDetection[] = []
  const positives = new Float64Array(options.classCount)
  const untaken = new Float64Array(options.classCount)
  const missed = new Float64Array(options.classCount)
  return {
    addImage: (truth, detections) => {
      const order = argsortDescending(detections.scores).subarray(0, options.maxDetections ?? 100)
      const region = (g: number) => truth.crowd?.[g] === 1 || truth.ignore?.[g] === 1
      const counted = Uint32Array.from([...truth.labels.keys()].filter(g => !region(g)))
      const regions = Uint32Array.from([...truth.labels.keys()].filter(region))
      const result = judgeDetections(
        {
          ious: overlaps(options.similarity, detections, order, truth, counted),
          labels: Int32Array.from(order, d => detections.labels[d]!),
          scores: Float64Array.from(order, d => detections.scores[d]!),
          truthLabels: Int32Array.from(counted, g => truth.labels[g]!),
          excused: excusedBy(options.similarity, detections, order, truth, regions, foreground),
        },
        foreground,
        background,
      )
      judged.push(...result.detections)
      for (const g of counted) positives[truth.labels[g]!]!++
      for (const label of result.untaken) untaken[label]!++
      for (const label of result.missed) missed[label]!++
    },
    finish: () => {
      const base = meanPrecision(judged.map(asFound), positives)
      const gain = (kind: ErrorKind) => {
        const wanted = kind === 'missed' ? positives.map((count, label) => count - missed[label]!) : positives
        return Math.max(
          0,
          meanPrecision(
            judged.map(one => repaired(one, kind)),
            wanted,
          ) - base,
        )
      }
      const count = (kind: ErrorKind) =>
        kind === 'missed' ? missed.reduce((a, b) => a + b, 0) : judged.filter(({ error }) => error === kind).length
      return {
        averagePrecision: base,
        counts: forEachKind(count),
        gains: forEachKind(gain),
        falsePositiveGain: meanPrecision(judged.map(asFound).map(sharpened), positives) - base,
        falseNegativeGain:
          meanPrecision(
            judged.map(asFound),
            positives.map((n, label) => n - untaken[label]!),
          ) - base,
      }
    },
  }
}

interface Point {
  readonly label: number
  readonly score: number
  readonly right: boolean
}

function asFound(one: JudgedDetection): Point | undefined {
  return one.excused ? undefined : { label: one.label, score: one.score, right: one.error === undefined }
}

function repaired(one: JudgedDetection, kind: ErrorKind): Point | undefined {
  if (one.error !== kind) return asFound(one)
  return one.repairedLabel === undefined ? undefined : { label: one.repairedLabel, score: one.score, right: true }
}

function sharpened(point: Point | undefined): Point | undefined {
  return point && { ...point, score: point.right ? 1 : 0 }
}

function meanPrecision(points: readonly (Point | undefined)[], positives: Float64Array): number {
  const byLabel = Array.from(positives, (): Point[] => [])
  for (const point of points) if (point) byLabel[point.label]!.push(point)
  let sum = 0
  let classes = 0
  byLabel.forEach((own, label) => {
    if (own.length === 0 && positives[label] === 0) return
    classes++
    if (positives[label] === 0) return
    const scores = Float64Array.from(own, point => point.score)
    const credits = Float64Array.from(own, point => (point.right ? 1 : 0))
    sum += interpolatedPrecision(precisionCurve(scores, credits, positives[label]!))
  })
  return classes === 0 ? 0 : sum / classes
}

function forEachKind(value: (kind: ErrorKind) => number): Record<ErrorKind, number> {
  return Object.fromEntries(errorKinds.map(kind => [kind, value(kind)])) as Record<ErrorKind, number>
}

/** Detections whose overlap with a region of their class, over their own area, is > threshold. */
function excusedBy(
  similarity: ErrorBreakdownOptions['similarity'],
  detections: CocoDetections,
  order: Uint32Array,
  truth: CocoTruth,
  regions: Uint32Array,
  threshold: number,
): Uint8Array {
  const crowd = new Uint8Array(regions.length).fill(1)
  const shares = overlaps(similarity, detections, order, truth, regions, crowd)
  return Uint8Array.from(order, (d, rank) => {
    const inside = [...regions.keys()].some(
      r => truth.labels[regions[r]!] === detections.labels[d] && shares[rank * regions.length + r]! > threshold,
    )
    return inside ? 1 : 0
  })
}

function overlaps(
  similarity: ErrorBreakdownOptions['similarity'],
  detections: CocoDetections,
  order: Uint32Array,
  truth: CocoTruth,
  chosen: Uint32Array,
  crowd?: Uint8Array,
): Float64Array {
  if (order.length === 0 || chosen.length === 0) return new Float64Array(0)
  const options = crowd === undefined ? {} : { crowd }
  if (similarity === 'bbox') {
    if (!truth.boxesXyxy || !detections.boxesXyxy) throw new RangeError('boxes are needed to compare boxes')
    return boxIou(gatherBoxes(detections.boxesXyxy, order), gatherBoxes(truth.boxesXyxy, chosen), options)
  }
  if (!truth.masks || !detections.masks) throw new RangeError('masks are needed to compare masks')
  return maskIou(selectMasks(detections.masks, order), selectMasks(truth.masks, chosen), options)
}
