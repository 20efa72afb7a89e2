import type { CocoCurves } from './coco-accumulate.ts'

/** Means over parts of the curves. Source: `COCOeval.summarize` of pycocotools 2.0.11. */

export interface CocoSelection {
  /** One IoU threshold by value (compared exactly, as numpy does); absent: all of them. */
  readonly iou?: number
  /** Name of the size range; default `all`. */
  readonly area?: string
  /** One of the caps; default the largest. */
  readonly maxDetections?: number
  /** One class. */
  readonly label?: number
  /** Some classes; absent, and no `label`: all of them. */
  readonly labels?: readonly number[]
}

/** Mean precision over the selected thresholds, recalls and classes that have ground truth; −1 if there are none. */
export function averagePrecision(curves: CocoCurves, selection: CocoSelection = {}): number {
  return meanOf(curves, curves.precision, curves.settings.recallThresholds.length, selection)
}

/** Mean of the highest recall over the selected thresholds and classes that have ground truth; −1 if there are none. */
export function averageRecall(curves: CocoCurves, selection: CocoSelection = {}): number {
  return meanOf(curves, curves.recall, 1, selection)
}

/** The twelve numbers of COCO's table, in its order. */
export const cocoStatNames = [
  'AP',
  'AP50',
  'AP75',
  'APs',
  'APm',
  'APl',
  'AR1',
  'AR10',
  'AR100',
  'ARs',
  'ARm',
  'ARl',
] as const

/**
 * The twelve numbers; −1 where nothing could be measured.
 * @param rules strict: the first number uses the cap 100 and is −1 if that is not among the caps; fixed (default): the
 * largest cap. AR1, AR10 and AR100 are those of the first three caps, whatever they are; a missing cap gives −1.
 */
export function cocoStats(curves: CocoCurves, rules: 'strict' | 'fixed' = 'fixed'): Float64Array {
  const caps = curves.settings.maxDetections
  const last = caps[2] ?? caps[caps.length - 1]!
  const headline = rules === 'strict' ? 100 : caps[caps.length - 1]!
  return Float64Array.of(
    averagePrecision(curves, { maxDetections: headline }),
    averagePrecision(curves, { iou: 0.5, maxDetections: last }),
    averagePrecision(curves, { iou: 0.75, maxDetections: last }),
    averagePrecision(curves, { area: 'small', maxDetections: last }),
    averagePrecision(curves, { area: 'medium', maxDetections: last }),
    averagePrecision(curves, { area: 'large', maxDetections: last }),
    averageRecall(curves, { maxDetections: caps[0] ?? -1 }),
    averageRecall(curves, { maxDetections: caps[1] ?? -1 }),
    averageRecall(curves, { maxDetections: caps[2] ?? -1 }),
    averageRecall(curves, { area: 'small', maxDetections: last }),
    averageRecall(curves, { area: 'medium', maxDetections: last }),
    averageRecall(curves, { area: 'large', maxDetections: last }),
  )
}

/** `values` is [T, depth, K, A, M]. */
function meanOf(curves: CocoCurves, values: Float64Array, depth: number, selection: CocoSelection): number {
  const { iouThresholds, areaRanges, maxDetections } = curves.settings
  const A = areaRanges.length
  const M = maxDetections.length
  const a = areaRanges.findIndex(range => range.name === (selection.area ?? 'all'))
  const m = selection.maxDetections === undefined ? M - 1 : maxDetections.indexOf(selection.maxDetections)
  if (a < 0 || m < 0) return -1
  const all = Array.from({ length: curves.classCount }, (_, label) => label)
  const labels = selection.label === undefined ? (selection.labels ?? all) : [selection.label]
  let sum = 0
  let count = 0
  for (let t = 0; t < iouThresholds.length; t++) {
    if (selection.iou !== undefined && iouThresholds[t] !== selection.iou) continue
    for (let r = 0; r < depth; r++) {
      for (const label of labels) {
        const value = values[(((t * depth + r) * curves.classCount + label) * A + a) * M + m]!
        if (value <= -1) continue
        sum += value
        count++
      }
    }
  }
  return count === 0 ? -1 : sum / count
}
