/**
 * Which detections of one image and class are right, by the rules of the Open Images challenges. Source:
 * `per_image_evaluation.py` of the TensorFlow Object Detection API (2019).
 *
 * Four stages, each over the detections by score descending that no stage before has settled:
 * 1. masks against ground truths that have a mask, by IoU; 2. masks against groups that have a mask, by IoA;
 * 3. boxes against ground truths without a mask, by IoU; 4. boxes against groups without a mask, by IoA.
 * IoU: a detection looks only at the ground truth of highest IoU (the first of equals), taken or not; with IoU ≥
 * threshold it is right if that one is free, ignored if it is difficult, and stays open if it is taken.
 * IoA (intersection / area of the detection): with IoA ≥ threshold to its best group, the detection is ignored.
 * What is still open at the end is false. In mask mode what stages 3 and 4 settle is ignored.
 */

export interface OpenImagesTruths {
  /** [D · G] IoU, for groups IoA, detections by score descending. */
  readonly overlaps: Float64Array
  /** [G] */
  readonly difficult: Uint8Array
}

export interface OpenImagesStages {
  readonly maskIou: OpenImagesTruths
  readonly maskIoa: OpenImagesTruths
  readonly boxIou: OpenImagesTruths
  readonly boxIoa: OpenImagesTruths
}

export interface OpenImagesOutcome {
  readonly scores: Float64Array
  /** 1 right, 0 false, or the weight of a found group; what is ignored is left out. */
  readonly credits: Float64Array
}

const OPEN = 0
const RIGHT = 1
const IGNORED = 2

/**
 * @param scores [D] descending.
 * @param groupOfWeight if > 0, every group that a detection of score > 0 hit adds one entry of this credit, with the
 * highest score of its hits, after the detections (in mask mode only groups that have a mask).
 */
export function matchOpenImages(
  scores: Float64Array,
  stages: OpenImagesStages,
  iouThreshold: number,
  groupOfWeight: number,
  maskMode: boolean,
): OpenImagesOutcome {
  const state = new Uint8Array(scores.length)
  const groupScores: number[] = []
  matchSingles(state, stages.maskIou, iouThreshold, RIGHT)
  groupScores.push(...matchGroups(state, scores, stages.maskIoa, iouThreshold))
  matchSingles(state, stages.boxIou, iouThreshold, maskMode ? IGNORED : RIGHT)
  const boxGroups = matchGroups(state, scores, stages.boxIoa, iouThreshold)
  if (!maskMode) groupScores.push(...boxGroups)

  const kept = [...scores.keys()].filter(i => state[i] !== IGNORED)
  const found = groupOfWeight > 0 ? groupScores.filter(score => score > 0) : []
  return {
    scores: Float64Array.from([...kept.map(i => scores[i]!), ...found]),
    credits: Float64Array.from([...kept.map(i => (state[i] === RIGHT ? 1 : 0)), ...found.map(() => groupOfWeight)]),
  }
}

function matchSingles(state: Uint8Array, truths: OpenImagesTruths, threshold: number, outcome: number): void {
  const count = truths.difficult.length
  if (count === 0) return
  const taken = new Uint8Array(count)
  for (let i = 0; i < state.length; i++) {
    if (state[i] !== OPEN) continue
    const best = firstHighest(truths.overlaps, i * count, count)
    if (truths.overlaps[i * count + best]! < threshold) continue
    if (truths.difficult[best] === 1) state[i] = IGNORED
    else if (taken[best] === 0) {
      taken[best] = 1
      state[i] = outcome
    }
  }
}

/** Highest score of the hits of each group; 0 for a group that none hit. */
function matchGroups(state: Uint8Array, scores: Float64Array, groups: OpenImagesTruths, threshold: number): number[] {
  const count = groups.difficult.length
  const highest = new Array<number>(count).fill(0)
  if (count === 0) return highest
  for (let i = 0; i < state.length; i++) {
    if (state[i] !== OPEN) continue
    const best = firstHighest(groups.overlaps, i * count, count)
    if (groups.overlaps[i * count + best]! < threshold) continue
    state[i] = IGNORED
    highest[best] = Math.max(highest[best]!, scores[i]!)
  }
  return highest
}

function firstHighest(overlaps: Float64Array, from: number, count: number): number {
  let best = 0
  for (let g = 1; g < count; g++) if (overlaps[from + g]! > overlaps[from + best]!) best = g
  return best
}
