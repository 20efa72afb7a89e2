import type { ParamSchema } from '../../engine/contract/node.ts'
import { createObjective, type ObjectiveName, objectiveNames } from '../kernels/objective.ts'
import type { Instances } from './instances.ts'
import { selectInstances } from './select-instances.ts'

/** The parameters of nodes that judge many sets of predictions by one number. */

export interface ObjectiveParams {
  readonly metric: ObjectiveName
  readonly score: number
}

export const objectiveParams: { readonly [name: string]: ParamSchema } = {
  metric: {
    enum: objectiveNames,
    default: 'mask.AP',
    description:
      'mask.AP and the like: as `evaluate/coco`. cells: as `evaluate/cells` with that rule. matching: as `evaluate/matching` at IoU 0.5; PQ is the mean over classes.',
  },
  score: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0,
    description: 'Predictions with a score < this do not count: for metrics that do not look at scores.',
  },
}

/** What is kept of an image, and the number of many. Predictions have the labels of the truth. */
export interface ImageObjective {
  readonly partOf: (found: Instances, truth: Instances) => unknown
  readonly reduce: (parts: readonly unknown[], repeats?: Uint32Array) => number
}

export function openObjective({ metric, score }: ObjectiveParams, classCount: number): ImageObjective {
  const { partOf, reduce } = createObjective(metric, classCount)
  return {
    partOf: (found, truth) => {
      const kept = [...found.scores.keys()].filter(i => found.scores[i]! >= score)
      return partOf(kept.length === found.scores.length ? found : selectInstances(found, kept), truth)
    },
    reduce,
  }
}
