import type { FusedMasks, PooledMasks } from '../kernels/mask-pool.ts'
import type { Instances } from './instances.ts'
import { joinInstances } from './select-instances.ts'

/** The instances of several sources of one image in one list, source by source. Ground-truth marks are left behind. */
export interface PooledInstances extends PooledMasks {
  /** [4N] the boxes the sources gave. */
  readonly boxesXyxy: Float64Array
}

/**
 * @param labelMaps for each source, the united label of each of its labels.
 * @throws TaskError when the frames differ or a label is outside its list.
 */
export function poolInstances(sources: readonly Instances[], labelMaps: readonly Int32Array[]): PooledInstances {
  const { masks, scores, labels, boxesXyxy } = joinInstances(sources, labelMaps)
  const ofSource = Int32Array.from(sources.flatMap((part, source) => Array.from(part.scores, () => source)))
  return { masks, scores, labels, boxesXyxy, sources: ofSource }
}

/** What came of fusing them, as instances; boxes are the tight boxes of the masks. */
export function fusedInstances({ masks, boxesXyxy, scores, labels }: FusedMasks): Instances {
  // Weights that were divided by their sum can add up to an ulp above 1.
  return { sizeHw: masks.sizeHw, boxesXyxy, scores: scores.map(score => Math.min(1, score)), labels, masks }
}
