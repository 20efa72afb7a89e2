import { defineNode } from '../../engine/contract/node.ts'
import type { Flip } from '../kernels/box-geometry.ts'
import { resizeTorch } from '../kernels/resize-torch.ts'
import { letterboxIn } from '../kernels/view-frame.ts'
import { checkModel, featuresFacets } from '../model/model-facets.ts'
import { type ModelInputs, type ModelParams, modelPort } from '../model/model-input.ts'
import { type OpenModel, openModel, sessionsOf } from '../model/open-model.ts'
import { letterboxSidePx, SCALE_SCHEMA, type Scale, viewSizeHw } from '../model/view-size.ts'
import type { Handle, OnnxSessions, RunResult } from '../onnx/tensor.ts'
import { readRgbOnce } from '../values/decoded-images.ts'
import type { View } from '../values/features.ts'
import type { ImageRef } from '../values/image.ts'
import { MODEL_FILES } from '../values/model.ts'
import { proposalsFrom } from '../values/proposals-from.ts'
import { type RpnMaps, rpnFacets } from '../values/rpn.ts'
import type { ModelFeatures } from './model-features.ts'

interface Params extends ModelParams {
  readonly scale?: Scale
  readonly flip: Flip
}

interface Inputs extends ModelInputs {
  readonly images: ImageRef
}

export const detectPropose = defineNode<Params, Inputs>({
  name: 'detect/propose',
  version: 1,
  description: "Shows an image to a two-stage model's backbone and makes region proposals: one view.",
  mode: 'item',
  lane: 'gpu',
  runtimes: ['onnxruntime', 'sharp'],
  inferencesPerTask: 1,
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['model'],
    properties: {
      model: {
        type: 'string',
        'x-path': 'folder',
        'x-files': MODEL_FILES,
        'x-port': 'model',
        description: 'Model folder: model.yaml and its ONNX graphs.',
      },
      scale: {
        ...SCALE_SCHEMA,
        description:
          'Shorter side of the view in pixels (the longer one is limited by the model), { fit: [longest, shortest] } or, as one word, 1333x800, { square: side, how: stretch | letterbox }, { limit: longest }, or native. Default: the sizes in model.yaml.',
      },
      flip: {
        type: 'string',
        enum: ['none', 'horizontal', 'vertical', 'rotate-180'],
        default: 'none',
        description:
          'Mirror the image before it is resized; rotate-180 is both ways (mmdetection calls it diagonal). Everything that leaves the view is mirrored back, but rpn.',
      },
    },
  },
  inputs: { images: { kind: 'image', per: 'item', description: 'The images.' }, model: modelPort },
  outputs: {
    features: {
      kind: 'features',
      per: 'item',
      persist: 'never',
      description: 'Feature maps for detect/boxes and detect/masks.',
    },
    proposals: {
      kind: 'proposals',
      per: 'item',
      persist: 'auto',
      description: 'Proposals of this view after NMS, in the frame of the original image.',
    },
    rpn: {
      kind: 'rpn',
      per: 'item',
      persist: 'never',
      description: 'The maps behind the proposals, for ensemble/rpn and images/cell-type; as the view has them.',
    },
  },
  example: `propose:
  uses: detect/propose
  matrix: { model: [models/L1, models/L2], scale: [208, 272], flip: [none, horizontal] }
  with: { model: "\${matrix.model}", scale: "\${matrix.scale}", flip: "\${matrix.flip}" }
  in: { images: images.images }
`,
  types: async ({ model: folder }, context) => {
    const model = await checkModel(folder, context)
    if (!model) return {}
    return { features: featuresFacets(model), proposals: {}, rpn: rpnFacets(model.backbone.levels, model.rpn) }
  },
  run: async (inputs, params, context) => {
    const { images: image } = inputs
    const model = await openModel(params, inputs, context)
    const { rgb, widthPx, heightPx } = await readRgbOnce(image, context)
    const frameHw = [heightPx, widthPx] as const
    const scale = params.scale ?? { fit: [model.longerSidePx, model.shorterSidePx] as const }
    const squarePx = letterboxSidePx(scale)
    const view: View = {
      frameHw,
      resizedHw: viewSizeHw(model, scale, frameHw),
      flip: params.flip,
      ...(squarePx !== undefined && { squarePx }),
    }
    const { resizedHw, flip } = view
    const { padToMultiple, normalisation } = model
    const input = resizeTorch(rgb, frameHw, resizedHw, padToMultiple, normalisation, flip, letterboxIn(view))
    const wantsFeatures = context.wanted.has('features')
    const wantsProposals = context.wanted.has('proposals')
    const wantsMaps = context.wanted.has('rpn')
    const sessions = await sessionsOf(context)
    const { file, features, levels } = model.backbone
    const result = await sessions.run({
      modelPath: model.graphPath(file),
      feeds: { [model.inputName]: input },
      fetch: wantsProposals || wantsMaps ? levels.flatMap(level => [level.objectness, level.deltas]) : [],
      keep: wantsFeatures ? features : [],
    })
    context.inferred(1)
    const maps = wantsProposals || wantsMaps ? mapsOf(model, view, result) : undefined
    return {
      ...(wantsFeatures && { features: holdFeatures(model, view, result.handle!, result.handleBytes, sessions) }),
      ...(wantsProposals && { proposals: proposalsFrom(maps!, model.rpn) }),
      ...(wantsMaps && { rpn: maps }),
    }
  },
})

function holdFeatures(
  model: OpenModel,
  view: View,
  handle: Handle,
  bytes: number,
  sessions: OnnxSessions,
): ModelFeatures {
  return {
    model,
    view,
    maps: handle,
    bytes,
    release: () => sessions.release(handle),
    async spill(file) {
      const { shapes, workMs } = await sessions.write(handle, file)
      const restore = async () => holdFeatures(model, view, await sessions.read(file, shapes), bytes, sessions)
      return { restore, workMs }
    },
  }
}

function mapsOf(model: OpenModel, view: View, result: RunResult): RpnMaps {
  const levels = model.backbone.levels.map(({ stridePx, sizesPx, ratios, ...names }) => {
    const { data, dims } = result.tensors[names.objectness]!
    const deltas = result.tensors[names.deltas]!.data
    return { stridePx, sizesPx, ratios, objectness: data, deltas, gridHw: [dims[2]!, dims[3]!] as const }
  })
  const { deltaWeights, clampLogSize, clamp } = model.rpn
  return { view, levels, coder: { deltaWeights, clampLogSize, clamp } }
}
