import { boxArea, boxOverlap } from './box-iou.ts'
import { indicesByGroup } from './groups.ts'

/**
 * Non-maximum merging of boxes, as SAHI 0.12.8 joins the detections of overlapping tiles: instead of dropping the lesser
 * of two overlapping boxes, it is united with the better one.
 */

export interface NmmOptions {
  /** `greedy` (SAHI's GREEDYNMM): only direct overlaps. `transitive` (NMM): also overlaps of what was taken. */
  readonly reach: 'greedy' | 'transitive'
  /** `ios`: intersection over the smaller area (SAHI's default); `iou`. */
  readonly overlap: 'ios' | 'iou'
  /** Boxes with overlap ≥ this are taken. SAHI's default 0.5. */
  readonly threshold: number
  /** [N] boxes meet only within their group. Absent: class-agnostic. */
  readonly groups?: Int32Array
}

export interface NmmResult {
  /** [4K] enclosing boxes of the merged. */
  readonly boxesXyxy: Float64Array
  /** [K] highest score of the merged. */
  readonly scores: Float64Array
  /** [K] index of the box that leads the cluster. */
  readonly keepers: Uint32Array
  /** [K] index of the box whose label the cluster has: the last one united among those of the highest score. */
  readonly labelFrom: Uint32Array
  /** What was merged into cluster k, its keeper first: members[offsets[k]] … ; their masks unite. */
  readonly members: Uint32Array
  readonly offsets: Uint32Array
}

/**
 * Pass 1 takes boxes by score descending (ties: x1, y1, x2, y2 ascending). `greedy`: a box not yet taken keeps, and takes
 * all untaken ones after it with overlap ≥ threshold. `transitive`: every box takes on behalf of its keeper (itself if
 * untaken); it takes untaken boxes that are no keepers and score lower, or score equal and do not come after it in
 * x1, y1, x2, y2. Pass 2 unites, in the order taken (transitive: by index), each taken box whose overlap with the grown
 * box is ≥ threshold; a taken box that fails is lost, as in SAHI. Result in order of the keepers, groups by ascending
 * number. Overlap with a box without area is 0. Differs from SAHI: doubles, not float32.
 */
export function nonMaximumMerging(boxesXyxy: Float64Array, scores: Float64Array, options: NmmOptions): NmmResult {
  const boxes: number[] = []
  const highest: number[] = []
  const keepers: number[] = []
  const labelFrom: number[] = []
  const members: number[] = []
  const offsets = [0]
  const groups = [...indicesByGroup(scores.keys(), options.groups)].sort(([a], [b]) => a - b)
  for (const [, group] of groups) {
    group.sort((a, b) => scores[b]! - scores[a]! || compareBoxes(boxesXyxy, a, b) || a - b)
    const taken = options.reach === 'greedy' ? takeGreedy : takeTransitive
    for (const [keeper, list] of taken(boxesXyxy, scores, group, options)) {
      const grown = boxesXyxy.slice(4 * keeper, 4 * keeper + 4)
      let best = keeper
      keepers.push(keeper)
      members.push(keeper)
      for (const index of list) {
        if (overlapOf(grown, 0, boxesXyxy, index, options.overlap) < options.threshold) continue
        grown[0] = Math.min(grown[0]!, boxesXyxy[4 * index]!)
        grown[1] = Math.min(grown[1]!, boxesXyxy[4 * index + 1]!)
        grown[2] = Math.max(grown[2]!, boxesXyxy[4 * index + 2]!)
        grown[3] = Math.max(grown[3]!, boxesXyxy[4 * index + 3]!)
        if (scores[index]! >= scores[best]!) best = index
        members.push(index)
      }
      boxes.push(...grown)
      highest.push(scores[best]!)
      labelFrom.push(best)
      offsets.push(members.length)
    }
  }
  return {
    boxesXyxy: Float64Array.from(boxes),
    scores: Float64Array.from(highest),
    keepers: Uint32Array.from(keepers),
    labelFrom: Uint32Array.from(labelFrom),
    members: Uint32Array.from(members),
    offsets: Uint32Array.from(offsets),
  }
}

function takeGreedy(
  boxes: Float64Array,
  _scores: Float64Array,
  group: readonly number[],
  options: NmmOptions,
): Map<number, number[]> {
  const taken = new Set<number>()
  const clusters = new Map<number, number[]>()
  for (let rank = 0; rank < group.length; rank++) {
    const keeper = group[rank]!
    if (taken.has(keeper)) continue
    const list: number[] = []
    for (let later = rank + 1; later < group.length; later++) {
      const index = group[later]!
      if (taken.has(index) || overlapOf(boxes, keeper, boxes, index, options.overlap) < options.threshold) continue
      taken.add(index)
      list.push(index)
    }
    clusters.set(keeper, list)
  }
  return clusters
}

function takeTransitive(
  boxes: Float64Array,
  scores: Float64Array,
  group: readonly number[],
  options: NmmOptions,
): Map<number, number[]> {
  const byIndex = group.toSorted((a, b) => a - b)
  const keeperOf = new Map<number, number>()
  const clusters = new Map<number, number[]>()
  for (const current of group) {
    if (!keeperOf.has(current)) {
      keeperOf.set(current, current)
      clusters.set(current, [])
    }
    const keeper = keeperOf.get(current)!
    for (const index of byIndex) {
      if (keeperOf.has(index)) continue
      const order = scores[current]! - scores[index]!
      if (order < 0 || (order === 0 && compareBoxes(boxes, current, index) < 0)) continue
      if (overlapOf(boxes, current, boxes, index, options.overlap) < options.threshold) continue
      keeperOf.set(index, keeper)
      clusters.get(keeper)!.push(index)
    }
  }
  return clusters
}

/** Lexicographic by x1, y1, x2, y2. */
function compareBoxes(boxes: Float64Array, a: number, b: number): number {
  for (let side = 0; side < 4; side++) {
    const difference = boxes[4 * a + side]! - boxes[4 * b + side]!
    if (difference !== 0) return difference
  }
  return 0
}

function overlapOf(a: Float64Array, i: number, b: Float64Array, j: number, metric: NmmOptions['overlap']): number {
  const shared = boxOverlap(a, i, b, j)
  if (shared === 0) return 0
  const areaA = boxArea(a, i)
  const areaB = boxArea(b, j)
  return shared / (metric === 'iou' ? areaA + areaB - shared : Math.min(areaA, areaB))
}
