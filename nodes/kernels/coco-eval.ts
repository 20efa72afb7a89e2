import { gatherBoxes } from './box-geometry.ts'
import { boxAreas, boxIou } from './box-iou.ts'
import { accumulateRecords, type CocoCurves, type ImageRecords } from './coco-accumulate.ts'
import { matchDetections } from './coco-match.ts'
import { type CocoSettings, cocoSettings } from './coco-settings.ts'
import { indicesByGroup } from './groups.ts'
import { maskIouAmong } from './mask-iou.ts'
import type { MaskSet } from './masks.ts'
import { argsortDescending } from './order.ts'
import { maskAreas } from './rle.ts'

/**
 * COCO detection evaluation, one image at a time: what is kept of an image is a few numbers for each detection, so the
 * memory does not depend on masks or frames. Source: pycocotools 2.0.11, `cocoeval.py`.
 *
 * `rules: 'strict'` reproduces pycocotools:
 * - a ground truth with annotation id 0 is taken by a detection that still counts as unmatched;
 * - a user's `ignore` flags are overwritten by the crowd flags;
 * - the area of a detection is that of its box, also for masks (what `loadRes` does when results carry boxes).
 * `rules: 'fixed'` (default) gives id 0 no meaning, honours `ignore`, and measures the area of the mask.
 * Same in both: areas of ground truth are the annotated ones; size ranges include both ends; the last of several equal
 * IoUs wins; crowd regions take many detections and count for none; image order decides ties between images.
 */

export interface CocoOptions {
  readonly classCount: number
  /** What overlaps: boxes, masks, or the numbers of the image's own `ious`. */
  readonly similarity: 'bbox' | 'segm' | 'given'
  readonly rules?: 'strict' | 'fixed'
  /** Default `cocoSettings`. */
  readonly settings?: CocoSettings
  /** All classes are one (pycocotools `useCats = 0`): class-agnostic evaluation, e.g. of proposals. */
  readonly pooledClasses?: boolean
  /** Size ranges low ≤ area < high instead of low ≤ area ≤ high. */
  readonly halfOpenAreas?: boolean
}

export interface CocoTruth {
  /** [G] 0 … classCount − 1. */
  readonly labels: Int32Array
  /** [G] annotated area, px². Absent: of the mask, or of the box when there are no masks. */
  readonly areasPx?: Float64Array
  readonly boxesXyxy?: Float64Array
  readonly masks?: MaskSet
  readonly crowd?: Uint8Array
  /** [G] 1 = found or missed, it does not count. */
  readonly ignore?: Uint8Array
  /** [G] annotation ids; only strict rules look at them. */
  readonly ids?: ArrayLike<number>
}

export interface CocoDetections {
  readonly labels: Int32Array
  readonly scores: Float64Array
  readonly boxesXyxy?: Float64Array
  readonly masks?: MaskSet
  /** [D] px². Absent: of the box, or of the mask under fixed rules when masks are compared. */
  readonly areasPx?: Float64Array
}

export interface CocoImage {
  readonly truth: CocoTruth
  readonly detections: CocoDetections
  /** Position of the image among all (pycocotools: ascending id); default: the order of the calls. Decides score ties. */
  readonly order?: number
  /** For `similarity: 'given'`: [D' · G'] of these detections with these ground truths (indices into the image). */
  readonly ious?: (detections: Uint32Array, truths: Uint32Array) => Float64Array
  /** Classes whose unmatched detections are ignored in this image (LVIS: not exhaustively annotated). */
  readonly incompleteClasses?: ReadonlySet<number>
}

export interface CocoEvaluator {
  addImage: (image: CocoImage) => void
  /** What is kept of an image, by itself. */
  measure: (image: CocoImage) => ImageRecords
  /** Adds an image that was measured, as the next in order. */
  addMeasured: (image: ImageRecords) => void
  /**
   * @param repeats [images] how often each image counts, by order; default once. Bootstrap replicates; equal to adding
   * the image that often, except for equal scores inside one image.
   */
  accumulate: (repeats?: Uint32Array) => CocoCurves
}

export function createCocoEvaluator(options: CocoOptions): CocoEvaluator {
  const settings = options.settings ?? cocoSettings
  if (settings.iouThresholds.length > 32) throw new RangeError('at most 32 IoU thresholds can be evaluated at once')
  const records: ImageRecords[] = []
  const classCount = options.pooledClasses ? 1 : options.classCount
  return {
    addImage: image => {
      records.push(cocoRecords(image, options, settings, image.order ?? records.length))
    },
    measure: image => cocoRecords(image, options, settings, image.order ?? 0),
    addMeasured: image => {
      records.push({ ...image, order: records.length })
    },
    accumulate: repeats => accumulateRecords(records, classCount, settings, repeats),
  }
}

/** What evaluation keeps of one image, for those who keep the records themselves and call `accumulateRecords`. */
export function cocoRecords(
  image: CocoImage,
  options: CocoOptions,
  settings: CocoSettings,
  order: number,
): ImageRecords {
  const strict = options.rules === 'strict'
  const { truth, detections } = image
  const truthAreas = truth.areasPx ?? areasOf(truth, truth.masks !== undefined)
  const detectionAreas = detections.areasPx ?? areasOf(detections, options.similarity === 'segm' && !strict)
  const rules = {
    iouThresholds: settings.iouThresholds,
    areaRanges: settings.areaRanges.map(range => [range.lowPx, range.highPx] as const),
    halfOpenAreas: options.halfOpenAreas ?? false,
  }
  const truthByClass = indicesByClass(truth.labels, options)
  const detectionsByClass = indicesByClass(detections.labels, options)
  const most = settings.maxDetections[settings.maxDetections.length - 1]!
  const groups: ImageRecords['groups'][number][] = []
  for (const label of new Set([...truthByClass.keys(), ...detectionsByClass.keys()])) {
    const truths = Uint32Array.from(truthByClass.get(label) ?? [])
    const found = Uint32Array.from(detectionsByClass.get(label) ?? [])
    const scores = Float64Array.from(found, i => detections.scores[i]!)
    const best = argsortDescending(scores).subarray(0, most)
    const chosen = best.map(rank => found[rank]!)
    const crowd = Uint8Array.from(truths, i => truth.crowd?.[i] ?? 0)
    const ignored = strict ? crowd : Uint8Array.from(truths, i => (truth.crowd?.[i] || truth.ignore?.[i] ? 1 : 0))
    const invisible = strict ? Uint8Array.from(truths, i => (truth.ids?.[i] === 0 ? 1 : 0)) : undefined
    const result = matchDetections(
      iousOf(image, options.similarity, chosen, truths, crowd),
      Float64Array.from(chosen, i => detectionAreas[i]!),
      {
        areasPx: Float64Array.from(truths, i => truthAreas[i]!),
        crowd,
        ignored,
        ...(invisible && { invisible }),
      },
      { ...rules, ignoreUnmatched: image.incompleteClasses?.has(label) ?? false },
    )
    groups.push({ label, scores: Float64Array.from(best, rank => scores[rank]!), ...result })
  }
  return { order, groups }
}

function areasOf(instances: CocoTruth | CocoDetections, ofMasks: boolean): Float64Array {
  if (ofMasks && instances.masks !== undefined) return maskAreas(instances.masks)
  if (instances.boxesXyxy !== undefined) return boxAreas(instances.boxesXyxy)
  if (instances.masks !== undefined) return maskAreas(instances.masks)
  throw new RangeError('areas are needed: give areasPx, boxesXyxy or masks')
}

/** Positions of the instances of each class, in source order; pooled: all of them, class after class. */
function indicesByClass(labels: Int32Array, options: CocoOptions): Map<number, number[]> {
  const stray = labels.findIndex(label => label < 0 || label >= options.classCount)
  if (stray >= 0) {
    throw new RangeError(`instance ${stray} has label ${labels[stray]}, but there are ${options.classCount} classes`)
  }
  const byClass = indicesByGroup(labels.keys(), labels)
  if (!options.pooledClasses || labels.length === 0) return byClass
  const classes = [...byClass.keys()].sort((a, b) => a - b)
  return new Map([[0, classes.flatMap(label => byClass.get(label)!)]])
}

function iousOf(
  image: CocoImage,
  similarity: CocoOptions['similarity'],
  found: Uint32Array,
  truths: Uint32Array,
  crowd: Uint8Array,
): Float64Array {
  if (found.length === 0 || truths.length === 0) return new Float64Array(0)
  const { truth, detections } = image
  if (similarity === 'given') {
    if (image.ious === undefined) throw new RangeError('ious are needed when the similarity is given')
    return image.ious(found, truths)
  }
  if (similarity === 'bbox') {
    if (!truth.boxesXyxy || !detections.boxesXyxy) throw new RangeError('boxes are needed to compare boxes')
    return boxIou(gatherBoxes(detections.boxesXyxy, found), gatherBoxes(truth.boxesXyxy, truths), { crowd })
  }
  if (!truth.masks || !detections.masks) throw new RangeError('masks are needed to compare masks')
  return maskIouAmong(detections.masks, found, truth.masks, truths, { crowd })
}
