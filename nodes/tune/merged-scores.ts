import { crossSourceFusion } from '../kernels/cross-source-fusion.ts'
import { reducedCounts } from '../kernels/forward-selection.ts'
import { weightedMaskFusion } from '../kernels/mask-wbf.ts'
import type { Instances } from '../values/instances.ts'
import type { ImageObjective } from '../values/objective.ts'
import { fusedInstances, poolInstances } from '../values/pool-instances.ts'
import type { SourcesScene } from '../values/walk-sources.ts'

/** How members are merged: as the node of this name does it with the weights that are found. */
export interface MergeRule {
  readonly merge: 'masks/wbf' | 'masks/fuse-sources'
  readonly iou: number
  readonly mask_threshold: number
}

export interface MergedScores {
  /** [images] what the objective keeps of each image, merged with these weights. Each ratio of weights is merged once. */
  readonly partsOf: (counts: readonly number[]) => readonly unknown[]
  /** How many ensembles were merged and measured so far. */
  readonly measured: () => number
}

export function mergedScores(
  scenes: readonly SourcesScene[],
  rule: MergeRule,
  objective: ImageObjective,
): MergedScores {
  const known = new Map<string, readonly unknown[]>()
  return {
    measured: () => known.size,
    partsOf: counts => {
      const weights = reducedCounts(counts)
      const key = weights.join()
      const parts = known.get(key) ?? scenes.map(scene => objective.partOf(merged(scene, weights, rule), scene.truth))
      known.set(key, parts)
      return parts
    },
  }
}

function merged({ found }: SourcesScene, all: readonly number[], rule: MergeRule): Instances {
  const chosen = [...all.keys()].filter(member => all[member]! > 0)
  const weights = chosen.map(member => all[member]!)
  const sources = chosen.map(member => found[member]!)
  // All have the classes of the truth already.
  const highest = sources.reduce((label, { labels }) => labels.reduce((a, b) => Math.max(a, b), label), -1)
  const same = Int32Array.from({ length: highest + 1 }, (_, label) => label)
  const pool = poolInstances(
    sources,
    sources.map(() => same),
  )
  if (rule.merge === 'masks/fuse-sources') {
    return fusedInstances(crossSourceFusion(pool, { weights, iouThreshold: rule.iou }))
  }
  const options = { sourceCount: sources.length, weights, iouThreshold: rule.iou, maskThreshold: rule.mask_threshold }
  return fusedInstances(weightedMaskFusion(pool, options))
}
