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

/** Boxes of one label that take part, by weighted score descending, ties in source order. */
export interface Candidates {
  readonly label: number
  /** [n] index into the pool. */
  readonly indices: Uint32Array
  /** [4n] corners in order, clipped. */
  readonly boxesXyxy: Float64Array
  /** [n] score times the weight of the source. */
  readonly scores: Float64Array
}

/**
 * Leaves out boxes below `skipBelow`, of weightless sources, and without area; puts corners in order and clips. Source:
 * `prefilter_boxes` of ensemble-boxes 1.0.9 (whose frame is the unit square).
 */
export function prepareCandidates(pool: PooledBoxes, weights: ArrayLike<number>, options: FusionOptions): Candidates[] {
  const { boxesXyxy, scores, labels, sources } = pool
  const skipBelow = options.skipBelow ?? 0
  const [height, width] = options.frameHw ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  const low = options.frameHw === undefined ? Number.NEGATIVE_INFINITY : 0
  const corners = new Float64Array(boxesXyxy.length)
  const byLabel = new Map<number, number[]>()
  for (let i = 0; i < scores.length; i++) {
    if (scores[i]! < skipBelow || weights[sources[i]!]! === 0) continue
    const xa = clamp(boxesXyxy[4 * i]!, low, width)
    const ya = clamp(boxesXyxy[4 * i + 1]!, low, height)
    const xb = clamp(boxesXyxy[4 * i + 2]!, low, width)
    const yb = clamp(boxesXyxy[4 * i + 3]!, low, height)
    if (xa === xb || ya === yb) continue
    corners[4 * i] = Math.min(xa, xb)
    corners[4 * i + 1] = Math.min(ya, yb)
    corners[4 * i + 2] = Math.max(xa, xb)
    corners[4 * i + 3] = Math.max(ya, yb)
    const list = byLabel.get(labels[i]!)
    if (list) list.push(i)
    else byLabel.set(labels[i]!, [i])
  }
  return [...byLabel].map(([label, list]) => {
    const weighted = Float64Array.from(list, i => scores[i]! * weights[sources[i]!]!)
    const order = argsortDescending(weighted)
    const sorted = new Float64Array(4 * list.length)
    const indices = order.map(rank => list[rank]!)
    for (let k = 0; k < indices.length; k++) {
      const from = 4 * indices[k]!
      for (let side = 0; side < 4; side++) sorted[4 * k + side] = corners[from + side]!
    }
    return { label, indices, boxesXyxy: sorted, scores: Float64Array.from(order, rank => weighted[rank]!) }
  })
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
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

export interface Cluster {
  readonly boxXyxy: readonly [number, number, number, number]
  readonly score: number
  readonly label: number
  readonly members: readonly number[]
}

/** Clusters sorted by score, as arrays. */
export function fusedBoxes(clusters: readonly Cluster[]): FusedBoxes {
  const order = argsortDescending(Float64Array.from(clusters, cluster => cluster.score))
  const sorted = Array.from(order, index => clusters[index]!)
  const offsets = new Uint32Array(sorted.length + 1)
  const boxesXyxy = new Float64Array(4 * sorted.length)
  for (let k = 0; k < sorted.length; k++) {
    offsets[k + 1] = offsets[k]! + sorted[k]!.members.length
    boxesXyxy.set(sorted[k]!.boxXyxy, 4 * k)
  }
  const members = new Uint32Array(offsets[sorted.length]!)
  for (let k = 0; k < sorted.length; k++) members.set(sorted[k]!.members, offsets[k]!)
  return {
    boxesXyxy,
    scores: Float64Array.from(sorted, cluster => cluster.score),
    labels: Int32Array.from(sorted, cluster => cluster.label),
    members,
    offsets,
  }
}
