import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { sigmoidChannels } from '../kernels/activation.ts'
import { sessionsOf } from '../model/open-model.ts'
import { classesInFacets, describeClasses, explainClassDifference } from '../values/class-lists.ts'
import type { Detections } from '../values/detections.ts'
import { featureFeeds, type ModelFeatures, ROI_SHIFT_SCHEMA, roisInView } from './model-features.ts'

interface Params {
  readonly roi_shift: number
}

interface Inputs {
  readonly features: ModelFeatures
  readonly detections: Detections
}

export const detectMasks = defineNode<Params, Inputs>({
  name: 'detect/masks',
  version: 1,
  description: "Makes a soft mask for each detection with the mask head of the features' own model.",
  mode: 'item',
  lane: 'gpu',
  runtimes: ['onnxruntime'],
  params: { type: 'object', additionalProperties: false, properties: { roi_shift: ROI_SHIFT_SCHEMA } },
  inputs: {
    features: { kind: 'features', per: 'item', description: 'Feature maps of one view.' },
    detections: {
      kind: 'detections',
      per: 'item',
      description: "Boxes with classes, in the frame of the original image; the model's classes.",
    },
  },
  outputs: {
    masks: {
      kind: 'roi-masks',
      per: 'item',
      persist: 'auto',
      description: 'Foreground probabilities of the class of each detection over its box, mirrored back.',
    },
  },
  example: `roi_masks:
  uses: detect/masks
  matrix: propose
  in: { features: propose.features, detections: detections.detections }
`,
  types: (_params, context) => {
    const features = context.inputs['features']?.[0]
    const detections = context.inputs['detections']?.[0]
    const classes = classesInFacets(features)
    if (features === undefined || classes === undefined) return {}
    const sizePx = features['mask_size_px']
    if (sizePx === undefined) {
      context.problem({
        input: 'features',
        message: `the model with ${describeClasses(classes)} has no mask head`,
        fix: 'use a model whose model.yaml has mask:',
      })
      return {}
    }
    const difference = detections && classesInFacets(detections) ? differs(features, detections) : undefined
    if (difference !== undefined)
      context.problem({
        input: 'detections',
        message: `the detections have other classes than the model that makes their masks: ${difference}`,
        fix: 'masks are made by the models that made the boxes; check which step this input comes from',
      })
    return { masks: { classes, mask_size_px: sizePx } }
  },
  run: async ({ features, detections }, { roi_shift: roiShiftPx }, context) => {
    const { model, view } = features
    const head = model.mask
    if (head === undefined)
      throw new TaskError({
        code: 'bad-model',
        message: `model ${model.name} has no mask head`,
        fix: 'add mask: to its model.yaml',
      })
    if (detections.labels.length === 0) return { masks: { sizePx: head.sizePx, probabilities: new Float32Array(0) } }
    const sessions = await sessionsOf(context)
    const { tensors } = await sessions.run({
      modelPath: model.graphPath(head.file),
      feeds: { ...featureFeeds(features), [head.rois]: roisInView(detections.boxesXyxy, view, roiShiftPx) },
      fetch: [head.maskLogits],
      keep: [],
    })
    const logits = tensors[head.maskLogits]!
    const channels = Array.from(detections.labels, label => (head.classMasks === 'shared' ? 0 : model.columns[label]!))
    const probabilities = sigmoidChannels(logits.data, logits.dims[1]!, head.sizePx, channels, view.flip)
    return { masks: { sizePx: head.sizePx, probabilities } }
  },
})

type ClassFacets = Parameters<typeof explainClassDifference>[0]

/** What distinguishes the class lists, or undefined: ids in the same order. */
function differs(features: ClassFacets, detections: ClassFacets): string | undefined {
  const ids = (facets: ClassFacets) => JSON.stringify(classesInFacets(facets)?.map(({ id }) => id))
  return ids(features) === ids(detections) ? undefined : explainClassDifference(features, detections)
}
