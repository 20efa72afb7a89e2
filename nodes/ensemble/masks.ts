import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { pasteAligned } from '../kernels/paste-aligned.ts'
import { weightedMean } from '../kernels/weighted-mean.ts'
import { classesInFacets, explainClassDifference } from '../values/class-lists.ts'
import type { Detections } from '../values/detections.ts'
import type { Instances } from '../values/instances.ts'
import { type RoiMasks, roiMaskCount } from '../values/roi-masks.ts'
import { checkWeights, foldWeights, WEIGHTS_SCHEMA } from '../values/weights.ts'

interface Params {
  readonly threshold: number
  readonly weights?: readonly number[]
}

interface Inputs {
  readonly masks: readonly RoiMasks[]
  readonly detections: Detections
}

export const ensembleMasks = defineNode<Params, Inputs>({
  name: 'ensemble/masks',
  version: 1,
  description:
    'Averages the soft masks of several views cell by cell and pastes them into their boxes, sampling at pixel centres.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      threshold: {
        type: 'number',
        minimum: 0,
        exclusiveMaximum: 1,
        default: 0.5,
        description: 'A pixel is foreground when its averaged probability is > this.',
      },
      weights: {
        ...WEIGHTS_SCHEMA,
        'x-weights-of': 'masks',
        description: 'Influence of each view, by axis and coordinate id: { model: { L1: 2 } }; missing = 1.',
      },
    },
  },
  inputs: {
    masks: {
      kind: 'roi-masks',
      per: 'item',
      many: 'folded',
      description: 'Soft masks that each view made for the same detections.',
    },
    detections: { kind: 'detections', per: 'item', description: 'The detections the masks belong to.' },
  },
  outputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      persist: 'always',
      description: 'The detections, in their order, with masks in the original image.',
    },
  },
  example: `masks:
  uses: ensemble/masks
  over: [model, scale, flip]
  with: { threshold: 0.5 }
  in: { masks: roi_masks.masks, detections: detections.detections }
`,
  types: (params, context) => {
    checkWeights(params.weights, context)
    const masks = context.inputs['masks']?.[0]
    const detections = context.inputs['detections']?.[0]
    const classes = classesInFacets(detections)
    if (!masks || !detections || !classes) return {}
    if (JSON.stringify(classesInFacets(masks)) !== JSON.stringify(classes))
      context.problem({
        input: 'detections',
        message: `the masks are of other classes than the detections: ${explainClassDifference(masks, detections)}`,
      })
    return { instances: { classes } }
  },
  run: ({ masks: views, detections }, params) => {
    const count = detections.labels.length
    const sizePx = views[0]!.sizePx
    for (const [index, view] of views.entries()) {
      if (view.sizePx === sizePx && roiMaskCount(view) === count) continue
      throw new TaskError({
        code: 'bad-value',
        message: `view ${index} has ${roiMaskCount(view)} masks of ${view.sizePx} px, expected ${count} of ${sizePx} px`,
        fix: 'make the masks of every view from the same detections, with mask heads of one size',
      })
    }
    const mean = weightedMean(
      views.map(view => view.probabilities),
      foldWeights(params.weights, views.length),
    )
    const { frameHw, boxesXyxy, scores, labels } = detections
    return {
      instances: {
        sizeHw: frameHw,
        boxesXyxy,
        scores,
        labels,
        masks: pasteAligned(mean, sizePx, boxesXyxy, frameHw, params.threshold),
      } satisfies Instances,
    }
  },
})
