import { defineNode } from '../../engine/contract/node.ts'
import { softmaxColumns } from '../kernels/activation.ts'
import { decodeBoxHead } from '../kernels/box-head.ts'
import { sessionsOf } from '../model/open-model.ts'
import type { ProposalBoxes } from '../values/boxes.ts'
import type { Proposals } from '../values/proposals.ts'
import { featureFeeds, type ModelFeatures, ROI_SHIFT_SCHEMA, roisInView } from './model-features.ts'

interface Params {
  readonly roi_shift: number
}

interface Inputs {
  readonly features: ModelFeatures
  readonly proposals: Proposals
}

/** The column of a head with one box for all classes. */
const SHARED = [0]

export const detectBoxes = defineNode<Params, Inputs>({
  name: 'detect/boxes',
  version: 1,
  description: "Classifies proposals and refines their boxes with the box head of the features' own model.",
  mode: 'item',
  lane: 'gpu',
  runtimes: ['onnxruntime'],
  params: { type: 'object', additionalProperties: false, properties: { roi_shift: ROI_SHIFT_SCHEMA } },
  inputs: {
    features: { kind: 'features', per: 'item', description: 'Feature maps of one view.' },
    proposals: {
      kind: 'proposals',
      per: 'item',
      description: 'Regions in the frame of the original image; the same for all views that will be averaged.',
    },
  },
  outputs: {
    boxes: {
      kind: 'boxes',
      per: 'item',
      persist: 'auto',
      description: 'Class probabilities and boxes of every proposal, in the frame of the original image.',
    },
  },
  example: `heads:
  uses: detect/boxes
  matrix: propose
  in: { features: propose.features, proposals: proposals.proposals }
`,
  types: (_params, context) => {
    const features = context.inputs['features']?.[0]
    return features?.['classes'] === undefined
      ? {}
      : { boxes: { classes: features['classes'], class_boxes: features['class_boxes'] ?? 'per-class' } }
  },
  run: async ({ features, proposals }, { roi_shift: roiShiftPx }, context) => {
    const { model, view } = features
    const classCount = model.classes.length
    const shared = model.box.classBoxes === 'shared'
    const boxes: Omit<ProposalBoxes, 'probabilities' | 'boxesXyxy'> = {
      frameHw: view.frameHw,
      classCount,
      boxesPerProposal: shared ? 1 : classCount,
    }
    if (proposals.scores.length === 0)
      return { boxes: { ...boxes, probabilities: new Float32Array(0), boxesXyxy: new Float32Array(0) } }
    const rois = roisInView(proposals.boxesXyxy, view, roiShiftPx)
    const roisXyxy = rois.data.slice()
    const sessions = await sessionsOf(context)
    const { file, rois: roisName, classLogits, boxDeltas } = model.box
    const { tensors } = await sessions.run({
      modelPath: model.graphPath(file),
      feeds: { ...featureFeeds(features), [roisName]: rois },
      fetch: [classLogits, boxDeltas],
      keep: [],
    })
    const logits = tensors[classLogits]!
    return {
      boxes: {
        ...boxes,
        probabilities: softmaxColumns(logits.data, logits.dims[1]!, model.columns),
        boxesXyxy: decodeBoxHead(tensors[boxDeltas]!.data, roisXyxy, shared ? SHARED : model.columns, model.box, view),
      },
    }
  },
})
