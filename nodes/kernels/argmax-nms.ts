import type { ClassifiedBoxes, ClassNmsRules } from './class-nms.ts'
import { argmaxRows } from './majority.ts'
import { greedyNms } from './nms.ts'

/**
 * Detections with one class for each proposal, the likeliest one (of equal ones the first), whose probability is the
 * score; greedy NMS within classes, or over all. Order: score descending, then proposal.
 *
 * Source: the box stage of TheoViel's Sartorius solution, which thresholds scores after NMS. With one threshold for all
 * that is the same as before, since what it drops could only drop what is worse; thresholds by class are applied after.
 */
export function argmaxNms(
  input: ClassifiedBoxes,
  rules: ClassNmsRules & { readonly scoreThreshold: ArrayLike<number>; readonly iouThreshold: ArrayLike<number> },
): { boxesXyxy: Float64Array; scores: Float64Array; labels: Int32Array } {
  const { classCount, probabilities, boxesPerProposal } = input
  const best = argmaxRows(probabilities, classCount)
  const boxes = new Float64Array(4 * best.length)
  const scores = new Float64Array(best.length)
  const labels = new Int32Array(best.length)
  let count = 0
  for (let i = 0; i < best.length; i++) {
    const from = 4 * (boxesPerProposal === 1 ? i : i * classCount + best[i]!)
    const [x1, y1, x2, y2] = input.boxesXyxy.subarray(from, from + 4)
    if (x2! - x1! < rules.minSidePx || y2! - y1! < rules.minSidePx) continue
    boxes.set([x1!, y1!, x2!, y2!], 4 * count)
    scores[count] = probabilities[i * classCount + best[i]!]!
    labels[count++] = best[i]!
  }
  const own = labels.subarray(0, count)
  const thresholds = Float32Array.from(rules.scoreThreshold)
  const survivors = greedyNms(boxes.subarray(0, 4 * count), scores.subarray(0, count), 1, {
    iouThresholds: Float64Array.from(own, label => rules.iouThreshold[label]!),
    ...(!rules.classAgnostic && { groups: own }),
  })
  const kept = survivors.filter(i => scores[i]! > thresholds[labels[i]!]!).slice(0, rules.max)
  const out = new Float64Array(4 * kept.length)
  for (let i = 0; i < kept.length; i++) out.set(boxes.subarray(4 * kept[i]!, 4 * kept[i]! + 4), 4 * i)
  return {
    boxesXyxy: out,
    scores: Float64Array.from(kept, i => scores[i]!),
    labels: Int32Array.from(kept, i => labels[i]!),
  }
}
