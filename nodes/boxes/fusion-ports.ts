import type { InputPort, OutputPort } from '../../engine/contract/node.ts'

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
