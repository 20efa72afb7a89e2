/**
 * Why each wrong detection of an image is wrong. Source: TIDE (Bolya et al. 2020), tidecv 1.0.1, with a foreground
 * threshold f = 0.5 and a background threshold b = 0.1.
 *
 * Detections by score descending take the free ground truth of their class with the highest IoU ≥ f (the first of
 * equals). One that takes none is the first of these that fits:
 * - `location`: b ≤ IoU ≤ f with its best ground truth of its class;
 * - `class`: IoU ≥ f with a ground truth of another class;
 * - `duplicate`: IoU ≥ f with a taken ground truth of its class;
 * - `background`: IoU ≤ b with every ground truth;
 * - `both`: what is left.
 * A ground truth that nobody took and that no location or class error points at is `missed`.
 */
export type ErrorKind = 'class' | 'location' | 'both' | 'duplicate' | 'background' | 'missed'

export interface ErrorImage {
  /** [D · G] plain IoU, detections by score descending. */
  readonly ious: Float64Array
  /** [D] */
  readonly labels: Int32Array
  readonly scores: Float64Array
  /** [G] */
  readonly truthLabels: Int32Array
  /** [D] 1 = lies in a region of its class that is not evaluated; such a one is not counted unless it takes something. */
  readonly excused: Uint8Array
}

export interface JudgedDetection {
  readonly label: number
  readonly score: number
  /** Absent: it is right. */
  readonly error?: Exclude<ErrorKind, 'missed'>
  /** Not in the count of detections to begin with. */
  readonly excused: boolean
  /** The class in which it would be right once its error is repaired; absent: repairing it removes it. */
  readonly repairedLabel?: number
}

export interface JudgedImage {
  readonly detections: readonly JudgedDetection[]
  /** Class of each ground truth that was not taken. */
  readonly untaken: readonly number[]
  /** Class of each of those that is missed. */
  readonly missed: readonly number[]
}

export function judgeDetections(image: ErrorImage, foreground: number, background: number): JudgedImage {
  const { ious, labels, scores, truthLabels, excused } = image
  const truths = truthLabels.length
  const taken = new Uint8Array(truths)
  const right = new Uint8Array(labels.length)
  for (let d = 0; d < labels.length; d++) {
    const best = highest(ious, d, truths, g => truthLabels[g] === labels[d] && taken[g] === 0)
    if (best < 0 || ious[d * truths + best]! < foreground) continue
    right[d] = 1
    taken[best] = 1
  }
  /** The first error that points at each untaken ground truth is the one that can be repaired. */
  const repairer = new Int32Array(truths).fill(-1)
  const judged: JudgedDetection[] = []
  for (let d = 0; d < labels.length; d++) {
    const base = { label: labels[d]!, score: scores[d]!, excused: right[d] === 0 && excused[d] === 1 }
    if (right[d] === 1) {
      judged.push(base)
      continue
    }
    const { kind, truth } = errorOf(image, d, taken, foreground, background)
    const repairs = truth >= 0 && taken[truth] === 0 && repairer[truth]! < 0
    if (repairs) repairer[truth] = d
    judged.push({ ...base, error: kind, ...(repairs && { repairedLabel: truthLabels[truth]! }) })
  }
  const untaken = [...truthLabels.keys()].filter(g => taken[g] === 0)
  return {
    detections: judged,
    untaken: untaken.map(g => truthLabels[g]!),
    missed: untaken.filter(g => repairer[g]! < 0).map(g => truthLabels[g]!),
  }
}

/** `truth`: the ground truth that a location or class error would take; −1 for the others. */
function errorOf(
  { ious, labels, truthLabels }: ErrorImage,
  d: number,
  taken: Uint8Array,
  foreground: number,
  background: number,
): { readonly kind: Exclude<ErrorKind, 'missed'>; readonly truth: number } {
  const truths = truthLabels.length
  const iou = (g: number) => (g < 0 ? 0 : ious[d * truths + g]!)
  if (truths === 0) return { kind: 'background', truth: -1 }
  const own = highest(ious, d, truths, g => truthLabels[g] === labels[d])
  if (iou(own) >= background && iou(own) <= foreground) return { kind: 'location', truth: own }
  const other = highest(ious, d, truths, g => truthLabels[g] !== labels[d])
  if (iou(other) >= foreground) return { kind: 'class', truth: other }
  const double = highest(ious, d, truths, g => truthLabels[g] === labels[d] && taken[g] === 1)
  if (iou(double) >= foreground) return { kind: 'duplicate', truth: -1 }
  const any = highest(ious, d, truths, () => true)
  return { kind: iou(any) <= background ? 'background' : 'both', truth: -1 }
}

function highest(ious: Float64Array, d: number, truths: number, allowed: (g: number) => boolean): number {
  let best = -1
  for (let g = 0; g < truths; g++) {
    if (allowed(g) && (best < 0 || ious[d * truths + g]! > ious[d * truths + best]!)) best = g
  }
  return best
}
