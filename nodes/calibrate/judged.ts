import type { CocoImage } from '../kernels/coco-eval.ts'
import { cocoRecords } from '../kernels/coco-eval.ts'
import { maskIou } from '../kernels/mask-iou.ts'
import { selectMasks } from '../kernels/mask-sets.ts'
import type { Instances } from '../values/instances.ts'

/** Detections of one class, over any number of images: what a calibration is fitted to. */
export interface Judged {
  readonly scores: Float64Array
  /** [N] 1 = it found an object. */
  readonly right: Uint8Array
}

export interface JudgeRules {
  readonly classCount: number
  readonly iou: number
  readonly compare: 'masks' | 'boxes'
}

/**
 * [classes] the detections of an image: right when COCO's matching pairs them with an object of their class at this IoU.
 * Those that take an ignored object (crowd, group-of) are left out.
 */
export function judgeImage(found: Instances, truth: Instances, { classCount, iou, compare }: JudgeRules): Judged[] {
  const { labels, scores, boxesXyxy, masks } = found
  const image: CocoImage = {
    truth: { ...truth, ...(truth.groupOf && { ignore: truth.groupOf }) },
    detections: { labels, scores, boxesXyxy, masks },
    ious: (chosen, truths) =>
      maskIou(selectMasks(masks, chosen), selectMasks(truth.masks, truths), {
        crowd: Uint8Array.from(truths, g => truth.crowd?.[g] ?? 0),
      }),
  }
  const settings = {
    iouThresholds: Float64Array.of(iou),
    recallThresholds: new Float64Array(0),
    areaRanges: [{ name: 'all', lowPx: 0, highPx: Number.POSITIVE_INFINITY }],
    maxDetections: [scores.length],
  }
  const options = { classCount, similarity: compare === 'boxes' ? 'bbox' : 'given' } as const
  const judged = Array.from({ length: classCount }, () => joinJudged([]))
  for (const { label, scores, matched, ignored } of cocoRecords(image, options, settings, 0).groups) {
    const counted = [...scores.keys()].filter(i => ignored[i] === 0)
    judged[label] = {
      scores: Float64Array.from(counted, i => scores[i]!),
      right: Uint8Array.from(counted, i => matched[i]! & 1),
    }
  }
  return judged
}

export function joinJudged(parts: readonly Judged[]): Judged {
  const count = parts.reduce((sum, part) => sum + part.scores.length, 0)
  const joined = { scores: new Float64Array(count), right: new Uint8Array(count) }
  let at = 0
  for (const { scores, right } of parts) {
    joined.scores.set(scores, at)
    joined.right.set(right, at)
    at += scores.length
  }
  return joined
}
