import { defineNode } from '../../engine/contract/node.ts'
import { type Connectivity, connectedComponents } from '../kernels/components.ts'
import { concatMasks, emptyMasks, maskCount, selectMasks } from '../kernels/mask-sets.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { resizePlanes } from '../kernels/resize-planes.ts'
import { maskAreas, maskBoxesXyxy } from '../kernels/rle.ts'
import { meanInMasks, thresholdPlane } from '../kernels/threshold-plane.ts'
import { type ByClass, byClassSchema, checkByClass, groupPort, numbersByLabel } from '../values/by-class.ts'
import type { Instances } from '../values/instances.ts'
import type { Label } from '../values/label.ts'
import type { Semantic } from '../values/semantic.ts'
import { checkMap, chosenMap, MAP_SCHEMA } from './choose-map.ts'

interface Params {
  readonly map?: string
  readonly threshold: ByClass
  readonly comparison: '>' | '>='
  readonly parts: 'whole' | 'split'
  readonly connectivity: Connectivity
  readonly min_area_px: number
}

interface Inputs {
  readonly maps: Semantic
  readonly group?: Label
}

export const semanticThreshold = defineNode<Params, Inputs>({
  name: 'semantic/threshold',
  version: 1,
  description:
    'Makes masks of a map of probabilities: for each class the pixels above the threshold, as one instance or one for each connected part. The map is first brought to the size of the image (bilinear, as torch). Scores are mean probabilities.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      map: MAP_SCHEMA,
      threshold: {
        ...byClassSchema({ type: 'number', minimum: 0, maximum: 1 }),
        default: 0.5,
        description:
          'A pixel is foreground when its probability is at least this. Open Cities: 0.54 (0.57 for one model).',
      },
      comparison: { enum: ['>=', '>'], default: '>=', description: 'Test against the threshold.' },
      parts: {
        enum: ['whole', 'split'],
        default: 'whole',
        description:
          'One instance for each class that has a pixel, or one for each connected part, by class, in reading order.',
      },
      connectivity: {
        enum: [4, 8],
        default: 4,
        description: 'With split: 4 connects over sides, 8 over corners too.',
      },
      min_area_px: {
        type: 'integer',
        minimum: 1,
        default: 1,
        description: 'Instances with fewer pixels are left out.',
      },
    },
  },
  inputs: { maps: { kind: 'semantic', per: 'item', description: 'Probabilities.' }, group: groupPort },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'Masks in the frame of the image.' } },
  example: `buildings:
  uses: semantic/threshold
  with: { threshold: 0.54, parts: split, min_area_px: 30 }
  in: { maps: mean.maps }
`,
  types: ({ map, threshold }, context) => {
    const type = checkMap(map, 'maps', context)
    if (!type) return {}
    checkByClass('threshold', threshold, type.classes, context)
    return { instances: { classes: type.classes } }
  },
  run: ({ maps: value, group }, params, context) => {
    const { classes, planes, sizeHw } = chosenMap(value, params.map, 'maps', context)
    const thresholds = numbersByLabel('threshold', params.threshold, classes.length, () => classes, group, context)
    const masks: MaskSet[] = [emptyMasks(value.frameHw, 0)]
    const scores: number[] = []
    const labels: number[] = []
    for (const [label, own] of planes.entries()) {
      const [plane] = resizePlanes([own], sizeHw, value.frameHw, 'torch')
      const whole = thresholdPlane(plane!, value.frameHw, thresholds[label]!, params.comparison)
      const parts = params.parts === 'split' ? connectedComponents(whole, 0, params.connectivity) : whole
      const areasPx = maskAreas(parts)
      const large = selectMasks(
        parts,
        [...areasPx.keys()].filter(i => areasPx[i]! >= params.min_area_px),
      )
      masks.push(large)
      scores.push(...meanInMasks(plane!, large))
      labels.push(...Array.from({ length: maskCount(large) }, () => label))
    }
    const all = concatMasks(masks)
    return {
      instances: {
        sizeHw: value.frameHw,
        boxesXyxy: maskBoxesXyxy(all),
        scores: Float64Array.from(scores),
        labels: Int32Array.from(labels),
        masks: all,
      } satisfies Instances,
    }
  },
})
