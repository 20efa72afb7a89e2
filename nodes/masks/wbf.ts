import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { type SoftMasks, weightedMaskFusion } from '../kernels/mask-wbf.ts'
import type { Instances } from '../values/instances.ts'
import { fusedInstances, poolInstances } from '../values/pool-instances.ts'
import { type RoiMasks, roiMaskCount } from '../values/roi-masks.ts'
import { selectInstances } from '../values/select-instances.ts'
import { unitedFacets, unitedLabelMaps } from '../values/united-classes.ts'
import {
  checkWeights,
  type FoldWeights,
  membersOf,
  WEIGHTS_SCHEMA,
  type Weights,
  weightsPort,
} from '../values/weights.ts'

interface Params {
  readonly iou: number
  readonly skip_below: number
  readonly mask_threshold: number
  readonly several_per_source: boolean
  readonly weights?: FoldWeights
  readonly max?: number
}

interface Inputs {
  readonly instances: readonly Instances[]
  readonly roi_masks?: readonly RoiMasks[]
  readonly weights?: Weights
}

export const masksWbf = defineNode<Params, Inputs>({
  name: 'masks/wbf',
  version: 1,
  description:
    'Weighted boxes fusion with masks in the place of boxes: instances of several models of one image become clusters by mask IoU; a cluster’s mask is the weighted mean of its members cut at a threshold, its score how far the sources agree: Σ s · IoU(member, fused) / max(Σ weights of all sources, Σ weights of members) with s = weight · score. A source that did not see the object lowers the score, one that drew it elsewhere does so a little. Instances without a pixel take no part.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      iou: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.5,
        description:
          'An instance joins the cluster of its class whose fused mask overlaps it most, if that IoU is > this. Ties: the older cluster.',
      },
      skip_below: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0,
        description: 'Instances with a score < this take no part.',
      },
      mask_threshold: {
        type: 'number',
        minimum: 0,
        exclusiveMaximum: 1,
        default: 0.5,
        description: 'A pixel is foreground when its weighted mean is > this.',
      },
      several_per_source: {
        type: 'boolean',
        default: false,
        description: 'A cluster may hold several instances of one source (views that were not thinned by NMS).',
      },
      weights: {
        ...WEIGHTS_SCHEMA,
        'x-weights-of': 'instances',
        description:
          'Trust in each source, by axis and coordinate id: { model: { L1: 2 } }; missing = 1, 0 = left out.',
      },
      max: { type: 'integer', minimum: 1, description: 'Instances to keep, best fused score first. Default: all.' },
    },
  },
  inputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      many: 'folded',
      mixedFacets: true,
      description: 'Instances of each source; classes meet by id.',
    },
    roi_masks: {
      kind: 'roi-masks',
      per: 'item',
      many: 'folded',
      mixedFacets: true,
      optional: true,
      description:
        'The soft masks the instances were pasted from, one for each and in their order: fused before they are cut. All of one size.',
    },
    weights: weightsPort,
  },
  outputs: {
    instances: { kind: 'instances', per: 'item', description: 'By score descending; boxes are those of the masks.' },
  },
  example: `
fused:
  uses: masks/wbf
  over: [model]
  with: { iou: 0.5, weights: { model: { L1: 2 } } }
  in: { instances: masks.instances }
`,
  types: (params, context) => {
    checkWeights(params.weights, context)
    const sizes = new Set(context.inputs['roi_masks']?.map(facets => facets['mask_size_px']))
    if (sizes.size > 1) {
      context.problem({
        input: 'roi_masks',
        message: `soft masks of ${[...sizes].join(' and ')} px cannot be fused`,
        fix: 'leave roi_masks out: the pasted masks are fused then',
      })
    }
    return { instances: unitedFacets(context, 'instances') }
  },
  run: ({ instances: all, roi_masks: allSoft, weights: named }, params, context) => {
    const { values: instances, weights, places } = membersOf(all, params.weights, named)
    const roiMasks = allSoft && places.map(place => allSoft[place]!)
    const labelMaps = unitedLabelMaps(context, 'instances')
    const pool = poolInstances(
      instances,
      places.map(place => labelMaps[place]!),
    )
    const fused = weightedMaskFusion(pool, {
      sourceCount: instances.length,
      weights,
      iouThreshold: params.iou,
      skipBelow: params.skip_below,
      maskThreshold: params.mask_threshold,
      severalPerSource: params.several_per_source,
      ...(roiMasks && { soft: joinSoft(roiMasks, instances) }),
    })
    const found = fusedInstances(fused)
    if (params.max === undefined || params.max >= found.scores.length) return { instances: found }
    return { instances: selectInstances(found, [...Array(params.max).keys()]) }
  },
})

function joinSoft(roiMasks: readonly RoiMasks[], instances: readonly Instances[]): SoftMasks {
  const sizePx = roiMasks[0]!.sizePx
  for (const [source, { scores }] of instances.entries()) {
    const own = roiMasks[source]
    if (own !== undefined && own.sizePx === sizePx && roiMaskCount(own) === scores.length) continue
    const found = own === undefined ? 'none' : `${roiMaskCount(own)} of ${own.sizePx} px`
    throw new TaskError({
      code: 'bad-value',
      message: `source ${source} has ${scores.length} instances, so ${scores.length} soft masks of ${sizePx} px are expected; found ${found}`,
      fix: 'give roi_masks of the very detections the instances were made of, over the same axes, or leave it out',
    })
  }
  const probabilities = new Float32Array(roiMasks.reduce((sum, own) => sum + own.probabilities.length, 0))
  let at = 0
  for (const own of roiMasks) {
    probabilities.set(own.probabilities, at)
    at += own.probabilities.length
  }
  const boxesXyxy = Float64Array.from(instances.flatMap(part => [...part.boxesXyxy]))
  return { sizePx, probabilities, boxesXyxy }
}
