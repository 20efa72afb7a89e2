import type { InputPort, OutputPort, RunContext } from '../../engine/contract/node.ts'
import type { Detections } from '../values/detections.ts'
import { unitedLabelMaps } from '../values/united-classes.ts'
import { type FoldWeights, membersOf, type Weights } from '../values/weights.ts'
import { type PooledDetections, poolDetections } from './pool-detections.ts'

/** Ports and parameters that the nodes that join detections of several sources have in common. */

export const detectionsIn: InputPort = {
  kind: 'detections',
  per: 'item',
  many: 'folded',
  mixedFacets: true,
  description:
    'Detections of each model or view in the original image. Class lists are united by class id, in order of first appearance.',
}

export const detectionsOut: OutputPort = {
  kind: 'detections',
  per: 'item',
  persist: 'always',
  description: 'By score descending, in the united classes.',
}

export const maxParam = {
  type: 'integer',
  minimum: 1,
  description: 'Detections to keep in an image, over all classes, best score first. Default: all.',
} as const

export const classAgnosticParam = {
  type: 'boolean',
  default: false,
  description: 'Boxes of different classes meet too.',
} as const

/** Inputs of such a node. */
export interface FusionInputs {
  readonly detections: readonly Detections[]
  readonly weights?: Weights
}

/** The sources that take part, in one list and in the united classes, with one weight above 0 for each. */
export function fusionPool(
  { detections, weights: named }: FusionInputs,
  given: FoldWeights | undefined,
  context: RunContext,
): { readonly pool: PooledDetections; readonly weights: readonly number[] } {
  const { values, weights, places } = membersOf(detections, given, named)
  const labelMaps = unitedLabelMaps(context, 'detections')
  return {
    pool: poolDetections(
      values,
      places.map(place => labelMaps[place]!),
    ),
    weights,
  }
}
