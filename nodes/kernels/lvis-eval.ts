import { gatherBoxes } from './box-geometry.ts'
import { boxAreas } from './box-iou.ts'
import type { CocoCurves } from './coco-accumulate.ts'
import { type CocoDetections, type CocoTruth, createCocoEvaluator } from './coco-eval.ts'
import { cocoSettings } from './coco-settings.ts'
import { averagePrecision, averageRecall } from './coco-summary.ts'
import { selectMasks } from './mask-sets.ts'
import { argsortDescending } from './order.ts'

/**
 * The LVIS metric: COCO's, with rules for a data set in which no image is searched for every class. Source: lvis 0.5.3.
 * - The best `maxDetections` detections of an image count, over all classes together (equal scores: source order).
 * - A detection counts only if its class has ground truth in the image or was confirmed not to be there.
 * - In classes not exhaustively annotated in the image, detections that find nothing are ignored.
 * - There are no crowds; ground truth flagged `ignore` neither counts nor punishes.
 */

export interface LvisOptions {
  readonly classCount: number
  readonly similarity: 'bbox' | 'segm'
  /** Default 300; lvis's name for the recall is AR@300. */
  readonly maxDetections?: number
  /** Size of a detection by its box, also for masks, as lvis does when results carry boxes. Default false. */
  readonly boxAreas?: boolean
}

export interface LvisImage {
  readonly truth: Omit<CocoTruth, 'crowd' | 'ids'>
  readonly detections: CocoDetections
  /** Classes confirmed not to be in the image. */
  readonly absentClasses: ReadonlySet<number>
  /** Classes of which not every instance was annotated. */
  readonly incompleteClasses: ReadonlySet<number>
  readonly order?: number
}

export interface LvisEvaluator {
  addImage: (image: LvisImage) => void
  accumulate: (repeats?: Uint32Array) => CocoCurves
}

export function createLvisEvaluator(options: LvisOptions): LvisEvaluator {
  const most = options.maxDetections ?? 300
  const evaluator = createCocoEvaluator({
    classCount: options.classCount,
    similarity: options.similarity,
    settings: { ...cocoSettings, maxDetections: [most] },
  })
  return {
    addImage: image => {
      const { truth, detections } = image
      const { boxesXyxy, masks, areasPx } = detections
      const present = new Set(truth.labels)
      const kept = argsortDescending(detections.scores)
        .subarray(0, most)
        .toSorted()
        .filter(i => present.has(detections.labels[i]!) || image.absentClasses.has(detections.labels[i]!))
      evaluator.addImage({
        truth,
        detections: {
          labels: Int32Array.from(kept, i => detections.labels[i]!),
          scores: Float64Array.from(kept, i => detections.scores[i]!),
          ...(boxesXyxy && { boxesXyxy: gatherBoxes(boxesXyxy, kept) }),
          ...(masks && { masks: selectMasks(masks, kept) }),
          ...(areasPx && { areasPx: Float64Array.from(kept, i => areasPx[i]!) }),
          ...(options.boxAreas && boxesXyxy && { areasPx: boxAreas(gatherBoxes(boxesXyxy, kept)) }),
        },
        incompleteClasses: image.incompleteClasses,
        ...(image.order !== undefined && { order: image.order }),
      })
    },
    accumulate: evaluator.accumulate,
  }
}

/** Training images in which a class occurs: rare < 10 ≤ common < 100 ≤ frequent. */
export type LvisFrequency = 'rare' | 'common' | 'frequent'

export const lvisStatNames = [
  'AP',
  'AP50',
  'AP75',
  'APs',
  'APm',
  'APl',
  'APr',
  'APc',
  'APf',
  'AR',
  'ARs',
  'ARm',
  'ARl',
] as const

/** The thirteen numbers of lvis, in its order; −1 where nothing could be measured. */
export function lvisStats(curves: CocoCurves, frequencies: readonly LvisFrequency[]): Float64Array {
  const of = (frequency: LvisFrequency) => [...frequencies.keys()].filter(label => frequencies[label] === frequency)
  return Float64Array.of(
    averagePrecision(curves),
    averagePrecision(curves, { iou: 0.5 }),
    averagePrecision(curves, { iou: 0.75 }),
    averagePrecision(curves, { area: 'small' }),
    averagePrecision(curves, { area: 'medium' }),
    averagePrecision(curves, { area: 'large' }),
    averagePrecision(curves, { labels: of('rare') }),
    averagePrecision(curves, { labels: of('common') }),
    averagePrecision(curves, { labels: of('frequent') }),
    averageRecall(curves),
    averageRecall(curves, { area: 'small' }),
    averageRecall(curves, { area: 'medium' }),
    averageRecall(curves, { area: 'large' }),
  )
}
