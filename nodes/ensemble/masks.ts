import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { gatherBoxes } from '../kernels/box-geometry.ts'
import { indicesByGroup } from '../kernels/groups.ts'
import { toInclusive } from '../kernels/inclusive-boxes.ts'
import { concatMasks, selectMasks } from '../kernels/mask-sets.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { type PasteConvention, type PasteOptions, pasteMasks } from '../kernels/paste.ts'
import { letterboxOf } from '../kernels/paste-letterbox.ts'
import { boxesIntoSquare, boxesToResized } from '../kernels/view-frame.ts'
import { weightedMean } from '../kernels/weighted-mean.ts'
import { type ByClass, byClassSchema, checkByClass, groupPort, numbersByInstance } from '../values/by-class.ts'
import { classesInFacets, explainClassDifference } from '../values/class-lists.ts'
import type { Detections } from '../values/detections.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Label } from '../values/label.ts'
import { type RoiMasks, roiMaskCount } from '../values/roi-masks.ts'
import {
  checkWeights,
  type FoldWeights,
  membersOf,
  WEIGHTS_SCHEMA,
  type Weights,
  weightsPort,
} from '../values/weights.ts'

interface Params {
  readonly threshold: ByClass
  readonly paste: PasteConvention
  readonly square_px?: number
  readonly comparison?: '>' | '>='
  readonly quantise: 'none' | 'u8-truncate'
  readonly weights?: FoldWeights
}

interface Inputs {
  readonly masks: readonly RoiMasks[]
  readonly detections: Detections
  readonly group?: Label
  readonly weights?: Weights
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
        ...byClassSchema({ type: 'number', minimum: 0, exclusiveMaximum: 1 }),
        default: 0.5,
        description: 'A pixel is foreground when its averaged probability is > this.',
      },
      paste: {
        enum: ['aligned', 'detectron2', 'torchvision', 'maskrcnn-benchmark', 'mmdet1', 'keras', 'letterbox'],
        default: 'aligned',
        description:
          'How a soft mask gets into its box. aligned: sampled at pixel centres, in double; detectron2: the same in float32, as it and mmdetection 2 do. The others cut boxes to whole pixels, as older programs do: a half to a whole pixel off at the edges. letterbox: in the black square of square_px, then cut out and resized (dfan).',
      },
      square_px: {
        type: 'integer',
        minimum: 1,
        description: 'Side of the square of paste: letterbox; that of the views. Default: 1024.',
      },
      comparison: {
        enum: ['>', '>='],
        description: 'Test against the threshold. Default: > for aligned, >= for detectron2.',
      },
      quantise: {
        enum: ['none', 'u8-truncate'],
        default: 'none',
        description:
          'u8-truncate: probabilities are cut to whole 255ths before the test, as programs do that keep soft masks as bytes (TheoViel’s Sartorius solution: at 0.45 and > the first level that counts is 115, 0.451).',
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
    group: groupPort,
    weights: weightsPort,
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
    checkByClass('threshold', params.threshold, classes, context)
    if (params.square_px !== undefined && params.paste !== 'letterbox') {
      const message = `square_px is for paste: letterbox; here it is ${params.paste}`
      context.problem({ param: 'square_px', message, fix: 'leave it out' })
    }
    if (!masks || !detections || !classes) return {}
    if (JSON.stringify(classesInFacets(masks)) !== JSON.stringify(classes))
      context.problem({
        input: 'detections',
        message: `the masks are of other classes than the detections: ${explainClassDifference(masks, detections)}`,
      })
    return { instances: { classes } }
  },
  run: ({ masks, detections, group, weights: named }, params, context) => {
    const { values: views, weights } = membersOf(masks, params.weights, named)
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
      weights,
    )
    const { frameHw, boxesXyxy, scores, labels } = detections
    const classes = () => inputClasses(context, 'detections')
    const thresholds = numbersByInstance('threshold', params.threshold, labels, classes, group, context)
    return {
      instances: {
        sizeHw: frameHw,
        boxesXyxy,
        scores,
        labels,
        masks: pasteByThreshold(mean, sizePx, boxesForPaste(detections, params), frameHw, thresholds, params),
      } satisfies Instances,
    }
  },
})

/** Boxes as the convention has them: some count the last pixel, one is in pixels of the square. */
function boxesForPaste({ boxesXyxy, frameHw }: Detections, params: Params): Float64Array {
  if (params.paste === 'maskrcnn-benchmark' || params.paste === 'mmdet1') return toInclusive(boxesXyxy)
  if (params.paste !== 'letterbox') return boxesXyxy
  const squarePx = params.square_px ?? 1024
  const view = { frameHw, resizedHw: letterboxOf(frameHw, squarePx).contentHw, flip: 'none', squarePx } as const
  return toInclusive(boxesIntoSquare(boxesToResized(boxesXyxy.slice(), view), view))
}

/** Masks of equal threshold are pasted together. */
function pasteByThreshold(
  roiMasks: Float32Array,
  sizePx: number,
  boxesXyxy: Float64Array,
  frameHw: readonly [number, number],
  thresholds: Float64Array,
  { paste: convention = 'aligned', square_px: squarePx, comparison, quantise = 'none' }: Params,
): MaskSet {
  const options: Omit<PasteOptions, 'threshold'> = {
    convention,
    quantise,
    ...(comparison && { comparison }),
    ...(squarePx !== undefined && { squarePx }),
  }
  const groups = [...indicesByGroup(thresholds.keys(), thresholds)]
  if (groups.length < 2)
    return pasteMasks(roiMasks, sizePx, boxesXyxy, frameHw, { ...options, threshold: thresholds[0] ?? 0.5 })
  const cells = sizePx * sizePx
  const places = new Uint32Array(thresholds.length)
  let place = 0
  const parts = groups.map(([threshold, members]) => {
    const own = new Float32Array(members.length * cells)
    for (const [k, i] of members.entries()) {
      own.set(roiMasks.subarray(i * cells, (i + 1) * cells), k * cells)
      places[i] = place++
    }
    return pasteMasks(own, sizePx, gatherBoxes(boxesXyxy, members), frameHw, { ...options, threshold })
  })
  return selectMasks(concatMasks(parts), places)
}
