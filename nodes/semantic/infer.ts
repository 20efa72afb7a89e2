import { defineNode, type RunContext } from '../../engine/contract/node.ts'
import { checkSemanticModel } from '../model/model-facets.ts'
import { type ModelInputs, type ModelParams, modelPort } from '../model/model-input.ts'
import { openSemanticModel } from '../model/open-model.ts'
import { semanticFacets, unknownMaps } from '../model/semantic-model.ts'
import { viewSizeProblems } from '../model/semantic-signature.ts'
import { SEMANTIC_SCALE_SCHEMA } from '../model/semantic-view-size.ts'
import type { ImageRef } from '../values/image.ts'
import { MODEL_FILES } from '../values/model.ts'
import type { Semantic } from '../values/semantic.ts'
import { inferAll } from './infer-batch.ts'
import { MAP_SIZE_SCHEMA, PRECISION_SCHEMA } from './map-size.ts'
import { readAnswer, type ShownPicture, showPicture, type ViewParams } from './show-view.ts'

interface Params extends ViewParams, ModelParams {
  readonly maps?: readonly string[]
}

interface Inputs extends ModelInputs {
  readonly images: ImageRef
}

/** Pictures that wait together at most; how many a graph takes at once is up to the model. */
const MOST_TOGETHER = 16

export const semanticInfer = defineNode<Params, Inputs>({
  name: 'semantic/infer',
  version: 1,
  description:
    'Shows an image to a semantic model: one view. The maps come back unmirrored, in the frame of the original image.',
  mode: 'item',
  lane: 'gpu',
  runtimes: ['onnxruntime', 'sharp'],
  inferencesPerTask: 1,
  batch: { max: MOST_TOGETHER, bitStable: true },
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
        description: 'Model folder: model.yaml (family semantic) and its ONNX graph.',
      },
      maps: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        uniqueItems: true,
        examples: [['bce'], ['dice']],
        description: 'Names of the maps to give. Default: all of the model.',
      },
      scale: {
        ...SEMANTIC_SCALE_SCHEMA,
        default: 'model',
        description:
          'Size of the view: model (what model.yaml says), the shorter side in pixels, { square: 512 } (stretched, aspect ignored), { stretch: [height, width] }, or native.',
      },
      flip: {
        enum: ['none', 'horizontal', 'vertical', 'rotate-180'],
        default: 'none',
        description: 'Mirror the image before anything else; the maps are mirrored back. rotate-180 is both ways.',
      },
      transpose: {
        type: 'boolean',
        default: false,
        description: 'Exchange rows and columns, after mirroring; the maps are brought back.',
      },
      tta_inverse: {
        enum: ['correct', 'published'],
        default: 'correct',
        description:
          'Way back of a mirrored and transposed view. published: mirrored back first, as the third place of Open Cities did, which turns the map by 180° when exactly one axis is mirrored.',
      },
      map_size: {
        ...MAP_SIZE_SCHEMA,
        description:
          'Size of the maps: own (as the network gives them), frame (that of the image), or [height, width]; bilinear as torch.nn.functional.interpolate.',
      },
      precision: PRECISION_SCHEMA,
    },
  },
  inputs: { images: { kind: 'image', per: 'item', description: 'The images.' }, model: modelPort },
  outputs: {
    maps: {
      kind: 'semantic',
      per: 'item',
      persist: 'auto',
      description: 'Probabilities by map and class, and the numbers the model gives about the image.',
    },
  },
  example: `maps:
  uses: semantic/infer
  matrix: { model: [models/B1, models/B2], flip: [none, vertical], transpose: [false, true] }
  with: { model: "\${matrix.model}", flip: "\${matrix.flip}", transpose: "\${matrix.transpose}", scale: { square: 512 } }
  in: { images: images.images }
`,
  types: async (params, context) => {
    const model = await checkSemanticModel(params.model, context)
    if (!model) return {}
    if (params.model)
      for (const { message, fix } of await viewSizeProblems(model, params.model, params.scale, context))
        context.problem({ param: 'scale', message, ...(fix === undefined ? {} : { fix }) })
    for (const { message, fix } of unknownMaps(model, params.maps ?? []))
      context.problem({ param: 'maps', message, ...(fix === undefined ? {} : { fix }) })
    return { maps: semanticFacets(model, params.maps) }
  },
  run: async (inputs, params, context) => ({ maps: (await infer([inputs], params, [context]))[0]! }),
  runBatch: async (inputs, params, contexts) => (await infer(inputs, params, contexts)).map(maps => ({ maps })),
})

async function infer(
  inputs: readonly Inputs[],
  params: Params,
  contexts: readonly RunContext[],
): Promise<readonly Semantic[]> {
  const context = contexts[0]!
  const model = await openSemanticModel(params, inputs[0]!, context)
  const wanted = model.maps.filter(({ name }) => params.maps === undefined || params.maps.includes(name))
  const fetch = [...new Set([...wanted, ...model.vectors].map(({ output }) => output))]
  const found: Semantic[] = []
  // What does not go through the graph together is not prepared together.
  for (let at = 0; at < inputs.length; at += model.batch) {
    const shown: ShownPicture[] = []
    for (let i = at; i < Math.min(at + model.batch, inputs.length); i++)
      shown.push(await showPicture(inputs[i]!.images, model, params, contexts[i]!))
    const tensors = shown.map(({ input }) => input)
    const answers = await inferAll(tensors, fetch, model, context)
    for (const [i, one] of shown.entries()) found.push(readAnswer(one, answers[i]!, model, wanted, params))
  }
  for (const one of contexts) one.inferred(1)
  return found
}
