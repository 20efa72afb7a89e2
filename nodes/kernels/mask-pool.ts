import { concatMasks, selectMasks } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'
import { argsortDescending } from './order.ts'
import { maskBoxesXyxy } from './rle.ts'

/** The instances of several sources (models, views) of one image in one list, and what comes of fusing them. */

export interface PooledMasks {
  readonly masks: MaskSet
  readonly scores: Float64Array
  /** [N] instances of different labels never meet. */
  readonly labels: Int32Array
  /** [N] 0 … sourceCount − 1. */
  readonly sources: Int32Array
}

/** By score descending, ties in the order the clusters were founded. */
export interface FusedMasks {
  readonly masks: MaskSet
  /** [4K] tight boxes of the masks. */
  readonly boxesXyxy: Float64Array
  readonly scores: Float64Array
  readonly labels: Int32Array
  /** Instances of cluster k: members[offsets[k]] … members[offsets[k + 1] − 1], in the order they joined. */
  readonly members: Uint32Array
  readonly offsets: Uint32Array
}

export interface MaskCluster {
  /** One mask. */
  readonly mask: MaskSet
  readonly score: number
  readonly label: number
  readonly members: readonly number[]
}

export function fusedMasks(pool: PooledMasks, clusters: readonly MaskCluster[]): FusedMasks {
  const order = argsortDescending(Float64Array.from(clusters, cluster => cluster.score))
  const sorted = Array.from(order, index => clusters[index]!)
  const masks =
    sorted.length > 0 ? concatMasks(sorted.map(cluster => cluster.mask)) : selectMasks(pool.masks, new Uint32Array(0))
  const offsets = new Uint32Array(sorted.length + 1)
  for (let k = 0; k < sorted.length; k++) offsets[k + 1] = offsets[k]! + sorted[k]!.members.length
  return {
    masks,
    boxesXyxy: maskBoxesXyxy(masks),
    scores: Float64Array.from(sorted, cluster => cluster.score),
    labels: Int32Array.from(sorted, cluster => cluster.label),
    members: Uint32Array.from(sorted.flatMap(cluster => cluster.members)),
    offsets,
  }
}
