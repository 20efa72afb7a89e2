import { argsortDescending } from './order.ts'

/** The boxes of several sources (models, views) of one image in one list, and what comes of fusing them. */

export interface PooledBoxes {
  /** [4N] */
  readonly boxesXyxy: Float64Array
  readonly scores: Float64Array
  /** [N] boxes of different labels never meet. */
  readonly labels: Int32Array
  /** [N] 0 … sourceCount − 1. */
  readonly sources: Int32Array
}

export interface FusionOptions {
  /** Sources there are, also those without a box in this image. */
  readonly sourceCount: number
  /** [sourceCount] ≥ 0, not all 0; default all 1. A source of weight 0 takes no part. */
  readonly weights?: ArrayLike<number>
  /** Boxes join when their IoU is > this. */
  readonly iouThreshold: number
  /** Boxes whose own score is < this are left out. Default 0. */
  readonly skipBelow?: number
  /** [height, width] to which boxes are clipped. Absent: not clipped. */
  readonly frameHw?: readonly [number, number]
}

/** By score descending; ties in the order of labels' first box, then of the clusters' first box. */
export interface FusedBoxes {
  readonly boxesXyxy: Float64Array
  readonly scores: Float64Array
  readonly labels: Int32Array
  /** Indices of the boxes of cluster k: members[offsets[k]] … members[offsets[k + 1] − 1], in the order they joined. */
  readonly members: Uint32Array
  readonly offsets: Uint32Array
}

/** The boxes that take part: label by label (in order of their first box), in a label by weighted score descending. */
export interface Candidates {
  /** [n] index into the pool. */
  readonly indices: Uint32Array
  /** [4n] corners in order, clipped. */
  readonly boxesXyxy: Float64Array
  /** [n] score times the weight of the source; ties in source order. */
  readonly scores: Float64Array
  /** Candidates of the k-th label: labelOffsets[k] … labelOffsets[k + 1] − 1. */
  readonly labelOffsets: Uint32Array
  /** The k-th label. */
  readonly labels: readonly number[]
}

/**
 * Leaves out boxes below `skipBelow`, of weightless sources, and without area; puts corners in order and clips. Source:
 * `prefilter_boxes` of ensemble-boxes 1.0.9 (whose frame is the unit square).
 */
export function prepareCandidates(pool: PooledBoxes, weights: Float64Array, options: FusionOptions): Candidates {
  const { scores, sources } = pool
  const corners = cleanCorners(pool, weights, options)
  const { labels, labelOf, labelOffsets } = denseLabels(pool.labels, corners)
  const count = labelOffsets[labels.length]!
  // Label by label in source order first; sorting small groups is faster than sorting all.
  const grouped = new Uint32Array(count)
  const next = labelOffsets.slice()
  for (let i = 0; i < scores.length; i++) if (labelOf[i]! >= 0) grouped[next[labelOf[i]!]!++] = i
  const weighted = new Float64Array(count)
  for (let k = 0; k < count; k++) weighted[k] = scores[grouped[k]!]! * weights[sources[grouped[k]!]!]!
  const out = {
    indices: new Uint32Array(count),
    boxesXyxy: new Float64Array(4 * count),
    scores: new Float64Array(count),
    labelOffsets,
    labels,
  }
  for (let label = 0; label < labels.length; label++) {
    const first = labelOffsets[label]!
    const order = argsortDescending(weighted.subarray(first, labelOffsets[label + 1]!))
    for (let rank = 0; rank < order.length; rank++) {
      const from = first + order[rank]!
      const to = first + rank
      const index = grouped[from]!
      out.indices[to] = index
      out.scores[to] = weighted[from]!
      for (let side = 0; side < 4; side++) out.boxesXyxy[4 * to + side] = corners[4 * index + side]!
    }
  }
  return out
}

/** [4N] corners; boxes that take no part have x1 = x2. */
function cleanCorners(pool: PooledBoxes, weights: Float64Array, options: FusionOptions): Float64Array {
  const { boxesXyxy, scores, sources } = pool
  const skipBelow = options.skipBelow ?? 0
  const width = options.frameHw?.[1] ?? Number.POSITIVE_INFINITY
  const height = options.frameHw?.[0] ?? Number.POSITIVE_INFINITY
  const low = options.frameHw === undefined ? Number.NEGATIVE_INFINITY : 0
  const corners = new Float64Array(boxesXyxy.length)
  for (let i = 0; i < scores.length; i++) {
    if (scores[i]! < skipBelow || weights[sources[i]!]! === 0) continue
    const xa = Math.min(Math.max(boxesXyxy[4 * i]!, low), width)
    const ya = Math.min(Math.max(boxesXyxy[4 * i + 1]!, low), height)
    const xb = Math.min(Math.max(boxesXyxy[4 * i + 2]!, low), width)
    const yb = Math.min(Math.max(boxesXyxy[4 * i + 3]!, low), height)
    if (xa === xb || ya === yb) continue
    corners[4 * i] = Math.min(xa, xb)
    corners[4 * i + 1] = Math.min(ya, yb)
    corners[4 * i + 2] = Math.max(xa, xb)
    corners[4 * i + 3] = Math.max(ya, yb)
  }
  return corners
}

/** Labels of the boxes that take part, numbered in order of appearance; −1 for the others. */
function denseLabels(poolLabels: Int32Array, corners: Float64Array) {
  const labels: number[] = []
  const numbers = new Map<number, number>()
  const labelOf = new Int32Array(poolLabels.length).fill(-1)
  const counts: number[] = []
  for (let i = 0; i < poolLabels.length; i++) {
    if (corners[4 * i] === corners[4 * i + 2]) continue
    let number = numbers.get(poolLabels[i]!)
    if (number === undefined) {
      number = labels.length
      numbers.set(poolLabels[i]!, number)
      labels.push(poolLabels[i]!)
      counts.push(0)
    }
    labelOf[i] = number
    counts[number]!++
  }
  const labelOffsets = new Uint32Array(labels.length + 1)
  for (let k = 0; k < labels.length; k++) labelOffsets[k + 1] = labelOffsets[k]! + counts[k]!
  return { labels, labelOf, labelOffsets }
}

/** The weights, one for each source. @throws RangeError when there are too few, or one is negative, or all are 0. */
export function checkedWeights(options: FusionOptions): Float64Array {
  const weights = Float64Array.from(options.weights ?? Array.from({ length: options.sourceCount }, () => 1))
  if (weights.length !== options.sourceCount) {
    throw new RangeError(`${weights.length} weights were given for ${options.sourceCount} sources`)
  }
  if (weights.some(weight => !(weight >= 0))) throw new RangeError('a weight is negative or not a number')
  if (options.sourceCount > 0 && weights.every(weight => weight === 0)) throw new RangeError('all weights are 0')
  return weights
}

/** Clusters as they were founded, label by label. */
export interface Clusters {
  readonly count: number
  /** [≥ 4 · count] */
  readonly boxesXyxy: Float64Array
  /** [≥ count] */
  readonly scores: Float64Array
  /** [n] cluster of each candidate. */
  readonly clusterOf: Int32Array
}

/** Candidates of each cluster: ranks[offsets[k]] … in the order they joined. */
export interface ClusterMembers {
  readonly ranks: Uint32Array
  readonly offsets: Uint32Array
}

export function clusterMembers({ count, clusterOf }: Pick<Clusters, 'count' | 'clusterOf'>): ClusterMembers {
  const offsets = new Uint32Array(count + 1)
  for (let rank = 0; rank < clusterOf.length; rank++) offsets[clusterOf[rank]! + 1]!++
  for (let k = 0; k < count; k++) offsets[k + 1]! += offsets[k]!
  const next = offsets.slice()
  const ranks = new Uint32Array(clusterOf.length)
  for (let rank = 0; rank < clusterOf.length; rank++) ranks[next[clusterOf[rank]!]!++] = rank
  return { ranks, offsets }
}

/** Clusters sorted by score. */
export function fusedBoxes(
  pool: PooledBoxes,
  candidates: Candidates,
  clusters: Clusters,
  own: ClusterMembers = clusterMembers(clusters),
): FusedBoxes {
  const order = argsortDescending(clusters.scores.subarray(0, clusters.count))
  const out = {
    boxesXyxy: new Float64Array(4 * order.length),
    scores: new Float64Array(order.length),
    labels: new Int32Array(order.length),
    members: new Uint32Array(own.ranks.length),
    offsets: new Uint32Array(order.length + 1),
  }
  let at = 0
  for (let k = 0; k < order.length; k++) {
    const cluster = order[k]!
    const first = own.offsets[cluster]!
    const last = own.offsets[cluster + 1]!
    for (let m = first; m < last; m++) out.members[at++] = candidates.indices[own.ranks[m]!]!
    out.offsets[k + 1] = at
    out.scores[k] = clusters.scores[cluster]!
    out.labels[k] = pool.labels[candidates.indices[own.ranks[first]!]!]!
    for (let side = 0; side < 4; side++) out.boxesXyxy[4 * k + side] = clusters.boxesXyxy[4 * cluster + side]!
  }
  return out
}
