import { areaUnderCurve, type PrecisionCurve, precisionCurve } from './average-precision.ts'
import { gatherBoxes } from './box-geometry.ts'
import { boxArea, boxIou, boxOverlap } from './box-iou.ts'
import { indicesByGroup } from './groups.ts'
import { maskIoa, maskIou } from './mask-iou.ts'
import { selectMasks } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'
import { matchOpenImages, type OpenImagesOutcome, type OpenImagesTruths } from './open-images-match.ts'
import { argsortDescending } from './order.ts'
import { maskBoxesXyxy } from './rle.ts'

/**
 * The metric of the Open Images challenges: mean over classes of the area under the precision curve at IoU ≥ 0.5.
 * Source: `OpenImagesChallengeEvaluator` of the TensorFlow Object Detection API (2019). Ground truth, image labels and
 * detections are expected with their ancestor classes already added (`open-images-labels.ts`, `hierarchy/expand`).
 *
 * Differs from it: equal scores keep their source order, images in the order added, where numpy's sort leaves the order
 * open; overlaps in doubles, not float32.
 */

export interface OpenImagesOptions {
  readonly classCount: number
  /** `boxes`: the detection challenge. `masks`: the instance segmentation challenge. */
  readonly mode: 'boxes' | 'masks'
  /** Default 0.5, compared with ≥. */
  readonly iouThreshold?: number
  /** What a found group counts. Default: 1 for boxes, 0 for masks, as in the challenges. */
  readonly groupOfWeight?: number
}

export interface OpenImagesTruth {
  readonly labels: Int32Array
  readonly boxesXyxy: Float64Array
  /** Masks mode: an empty one means that the object was not segmented. */
  readonly masks?: MaskSet
  readonly groupOf?: Uint8Array
  readonly difficult?: Uint8Array
}

export interface OpenImagesDetections {
  readonly labels: Int32Array
  readonly scores: Float64Array
  /** Boxes mode: needed. Masks mode: default the tight boxes of the masks. */
  readonly boxesXyxy?: Float64Array
  readonly masks?: MaskSet
}

export interface OpenImagesImage {
  readonly truth: OpenImagesTruth
  /**
   * Labels somebody checked in this image, found or not. Only these and those of the ground truth are evaluated;
   * other detections are dropped.
   */
  readonly verifiedLabels: Iterable<number>
  readonly detections: OpenImagesDetections
}

export interface OpenImagesResult {
  /** [K] NaN for classes without ground truth. */
  readonly averagePrecision: Float64Array
  /** Mean of the numbers above; NaN if there are none. */
  readonly mean: number
  /** [K] ground truths that count. */
  readonly positives: Float64Array
  /** Curves of the classes with ground truth, by label. */
  readonly curves: ReadonlyMap<number, PrecisionCurve>
}

export interface OpenImagesEvaluator {
  addImage: (image: OpenImagesImage) => void
  /** @param repeats [images] how often each counts, in the order added (bootstrap); default once. */
  accumulate: (repeats?: Uint32Array) => OpenImagesResult
}

interface Record {
  readonly image: number
  readonly label: number
  readonly positives: number
  readonly outcome: OpenImagesOutcome
}

export function createOpenImagesEvaluator(options: OpenImagesOptions): OpenImagesEvaluator {
  const records: Record[] = []
  let images = 0
  return {
    addImage: image => {
      records.push(...imageRecords(image, options, images++))
    },
    accumulate: repeats => {
      const averagePrecision = new Float64Array(options.classCount).fill(Number.NaN)
      const positives = new Float64Array(options.classCount)
      const curves = new Map<number, PrecisionCurve>()
      const byLabel = indicesByGroup(
        records.keys(),
        records.map(record => record.label),
      )
      for (const [label, indices] of byLabel) {
        const own = indices.map(index => records[index]!).filter(record => (repeats?.[record.image] ?? 1) > 0)
        const times = (record: Record) => repeats?.[record.image] ?? 1
        for (const record of own) positives[label]! += times(record) * record.positives
        if (positives[label] === 0) continue
        const curve = precisionCurve(
          Float64Array.from(own.flatMap(record => [...record.outcome.scores])),
          Float64Array.from(own.flatMap(record => [...record.outcome.credits])),
          positives[label]!,
          Float64Array.from(own.flatMap(record => Array.from(record.outcome.scores, () => times(record)))),
        )
        curves.set(label, curve)
        averagePrecision[label] = areaUnderCurve(curve)
      }
      const known = averagePrecision.filter(value => !Number.isNaN(value))
      const mean = known.reduce((sum, value) => sum + value, 0) / known.length
      return { averagePrecision, mean, positives, curves }
    },
  }
}

function* imageRecords(image: OpenImagesImage, options: OpenImagesOptions, index: number): Generator<Record> {
  const { truth, detections } = image
  const maskMode = options.mode === 'masks'
  const groupOfWeight = options.groupOfWeight ?? (maskMode ? 0 : 1)
  if (maskMode && !(truth.masks && detections.masks)) throw new RangeError('masks are needed to compare masks')
  const boxesXyxy = detections.boxesXyxy ?? (detections.masks && maskBoxesXyxy(detections.masks))
  if (boxesXyxy === undefined) throw new RangeError('boxes are needed to compare boxes')
  const segmented = Uint8Array.from(truth.labels, (_, g) => {
    return maskMode && truth.masks!.offsets[g]! < truth.masks!.offsets[g + 1]! ? 1 : 0
  })
  const truthByLabel = indicesByGroup(truth.labels.keys(), truth.labels)
  const valid = [...detections.labels.keys()].filter(d => boxArea(boxesXyxy, d) > 0)
  const foundByLabel = indicesByGroup(valid, detections.labels)
  for (const label of new Set([...truthByLabel.keys(), ...image.verifiedLabels])) {
    const found = foundByLabel.get(label) ?? []
    const truths = truthByLabel.get(label) ?? []
    if (found.length === 0 && truths.length === 0) continue
    const sorted = argsortDescending(Float64Array.from(found, d => detections.scores[d]!)).map(rank => found[rank]!)
    const candidates = { boxes: gatherBoxes(boxesXyxy, sorted), masks: maskMode ? detections.masks : undefined, sorted }
    const part = (withMask: 0 | 1, group: 0 | 1): OpenImagesTruths => {
      const chosen = truths.filter(g => segmented[g] === withMask && (truth.groupOf?.[g] ?? 0) === group)
      const difficult = Uint8Array.from(chosen, g => truth.difficult?.[g] ?? 0)
      return { overlaps: overlapsOf(candidates, truth, chosen, withMask === 1, group === 1), difficult }
    }
    const outcome = matchOpenImages(
      Float64Array.from(sorted, d => detections.scores[d]!),
      { maskIou: part(1, 0), maskIoa: part(1, 1), boxIou: part(0, 0), boxIoa: part(0, 1) },
      options.iouThreshold ?? 0.5,
      groupOfWeight,
      maskMode,
    )
    let positives = 0
    for (const g of truths) {
      if (truth.difficult?.[g] || (maskMode && segmented[g] === 0)) continue
      positives += truth.groupOf?.[g] ? groupOfWeight : 1
    }
    yield { image: index, label, positives, outcome }
  }
}

function overlapsOf(
  found: { readonly boxes: Float64Array; readonly masks: MaskSet | undefined; readonly sorted: Uint32Array },
  truth: OpenImagesTruth,
  chosen: readonly number[],
  ofMasks: boolean,
  overArea: boolean,
): Float64Array {
  if (chosen.length === 0 || found.sorted.length === 0) return new Float64Array(0)
  if (ofMasks) {
    const masks = selectMasks(found.masks!, found.sorted)
    return (overArea ? maskIoa : maskIou)(masks, selectMasks(truth.masks!, chosen))
  }
  const boxes = gatherBoxes(truth.boxesXyxy, chosen)
  if (!overArea) return boxIou(found.boxes, boxes)
  const out = new Float64Array(found.sorted.length * chosen.length)
  for (let k = 0; k < out.length; k++) {
    const d = Math.floor(k / chosen.length)
    out[k] = boxOverlap(found.boxes, d, boxes, k % chosen.length) / boxArea(found.boxes, d)
  }
  return out
}
