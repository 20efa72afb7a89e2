/**
 * Greedy matching of one image's detections with its ground truth for one class, at all IoU thresholds and object sizes
 * at once. Source: `COCOeval.evaluateImg` of pycocotools 2.0.11 (Dollár, Lin).
 *
 * Detections take ground truths in score order. A detection takes the ground truth of highest IoU among those not yet
 * taken with IoU ≥ min(threshold, 1 − 1e-10); among equal IoUs the LAST one in source order. Ground truths that count
 * come before ignored ones: an ignored one is taken only if no counting one can be. Crowd regions can be taken many
 * times. A detection is ignored when what it took is ignored, or when it took nothing and its own area is out of range.
 */

export interface MatchTruth {
  /** [G] px², in source order. */
  readonly areasPx: Float64Array
  /** [G] 1 = may be taken by many detections. */
  readonly crowd: Uint8Array
  /** [G] 1 = neither found nor missed counts. */
  readonly ignored: Uint8Array
  /** [G] 1 = taken by a detection, yet that detection still reads as unmatched (annotation id 0 in pycocotools). */
  readonly invisible?: Uint8Array
}

export interface MatchRules {
  /** At most 32; a detection's outcome is one bit for each. */
  readonly iouThresholds: Float64Array
  /** [A] areas in px²: counted when low ≤ area ≤ high. */
  readonly areaRanges: readonly (readonly [number, number])[]
  /** Half-open ranges, low ≤ area < high, instead. */
  readonly halfOpenAreas?: boolean
  /** Unmatched detections are ignored instead of counted as false (LVIS: class not exhaustively annotated here). */
  readonly ignoreUnmatched?: boolean
}

export interface MatchResult {
  /** [D · A] bit t set: the detection took a ground truth at threshold t. */
  readonly matched: Uint32Array
  /** [D · A] bit t set: the detection does not count at threshold t. */
  readonly ignored: Uint32Array
  /** [A] ground truths that count. */
  readonly positives: Uint32Array
}

/**
 * @param ious [D · G] row-major, detections by score descending, ground truth in source order.
 * @param detectionAreasPx [D] in the same order.
 */
export function matchDetections(
  ious: Float64Array,
  detectionAreasPx: Float64Array,
  truth: MatchTruth,
  rules: MatchRules,
): MatchResult {
  const detections = detectionAreasPx.length
  const truths = truth.areasPx.length
  const thresholds = rules.iouThresholds.length
  const ranges = rules.areaRanges.length
  const allBits = thresholds === 32 ? 0xffffffff : (1 << thresholds) - 1
  const matched = new Uint32Array(detections * ranges)
  const ignored = new Uint32Array(detections * ranges)
  const positives = new Uint32Array(ranges)
  const candidates = listCandidates(ious, detections, truths, lowestThreshold(rules.iouThresholds))
  const takenBits = new Uint32Array(truths)
  const outside = new Uint8Array(truths)
  const state = { takenBits, outside, crowd: truth.crowd }

  for (let range = 0; range < ranges; range++) {
    takenBits.fill(0)
    for (let g = 0; g < truths; g++) {
      outside[g] = truth.ignored[g] === 1 || isOutside(truth.areasPx[g]!, rules, range) ? 1 : 0
      if (outside[g] === 0) positives[range]!++
    }
    for (let d = 0; d < detections; d++) {
      const slot = d * ranges + range
      const from = candidates.offsets[d]!
      const to = candidates.offsets[d + 1]!
      let matchedBits = 0
      let ignoredBits = 0
      for (let t = 0; t < thresholds && from < to; t++) {
        const bit = 1 << t
        const threshold = rules.iouThresholds[t]!
        const best = bestTruth(candidates.truths, from, to, ious, d * truths, threshold, bit, state)
        if (best < 0) continue
        takenBits[best]! |= bit
        if (truth.invisible?.[best] !== 1) matchedBits |= bit
        if (outside[best] === 1) ignoredBits |= bit
      }
      if (rules.ignoreUnmatched || isOutside(detectionAreasPx[d]!, rules, range)) ignoredBits |= ~matchedBits & allBits
      matched[slot] = matchedBits
      ignored[slot] = ignoredBits
    }
  }
  return { matched, ignored, positives }
}

interface TruthState {
  readonly takenBits: Uint32Array
  readonly outside: Uint8Array
  readonly crowd: Uint8Array
}

/** Counting ground truths first, ignored ones only if none of those fits; −1 if nothing fits. */
function bestTruth(
  candidates: Uint32Array,
  from: number,
  to: number,
  ious: Float64Array,
  row: number,
  threshold: number,
  bit: number,
  state: TruthState,
): number {
  for (let wanted = 0; wanted <= 1; wanted++) {
    let bestIou = Math.min(threshold, 1 - 1e-10)
    let best = -1
    for (let at = from; at < to; at++) {
      const g = candidates[at]!
      if (state.outside[g] !== wanted) continue
      if ((state.takenBits[g]! & bit) !== 0 && state.crowd[g] !== 1) continue
      const iou = ious[row + g]!
      if (iou < bestIou) continue
      bestIou = iou
      best = g
    }
    if (best >= 0) return best
  }
  return -1
}

/** Most pairs overlap too little for any threshold; the rest are listed once and used for every range and threshold. */
function listCandidates(
  ious: Float64Array,
  detections: number,
  truths: number,
  lowest: number,
): { readonly offsets: Uint32Array; readonly truths: Uint32Array } {
  const offsets = new Uint32Array(detections + 1)
  let count = 0
  for (let i = 0; i < ious.length; i++) if (ious[i]! >= lowest) count++
  const list = new Uint32Array(count)
  let at = 0
  for (let d = 0; d < detections; d++) {
    for (let g = 0; g < truths; g++) if (ious[d * truths + g]! >= lowest) list[at++] = g
    offsets[d + 1] = at
  }
  return { offsets, truths: list }
}

function lowestThreshold(iouThresholds: Float64Array): number {
  let lowest = 1 - 1e-10
  for (const threshold of iouThresholds) if (threshold < lowest) lowest = threshold
  return lowest
}

function isOutside(areaPx: number, rules: MatchRules, range: number): boolean {
  const [low, high] = rules.areaRanges[range]!
  return areaPx < low || (rules.halfOpenAreas ? areaPx >= high : areaPx > high)
}
