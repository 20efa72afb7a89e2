import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { PathRef, RunContext } from '../../engine/contract/node.ts'
import { openOnnxThread, sessionsResource } from '../onnx/sessions.ts'
import type { OnnxSessions } from '../onnx/tensor.ts'
import { MODEL_FILE, type Parsed, parseModel, parseSemanticModel } from './model-file.ts'
import { givenModel, type ModelInputs, type ModelParams } from './model-input.ts'
import type { ModelProblem, TwoStageModel } from './model-spec.ts'
import type { SemanticModel } from './semantic-model.ts'
import { semanticSignatureProblems } from './semantic-signature.ts'
import { type Remembering, signatureProblems } from './signature.ts'

interface Opened {
  /** Where its files are; the digest is that of its content. */
  readonly folder: PathRef
  /** Absolute path of one of its graphs. */
  readonly graphPath: (file: string) => string
}

/** A model as a running node has it. */
export type OpenModel = TwoStageModel & Opened
export type OpenSemanticModel = SemanticModel & Opened

/**
 * Reads model.yaml once per worker and content. The graphs of a model that another step made are compared with it then.
 * @throws TaskError `bad-model`; of a model folder `check` has reported the same problems before, unless it has changed.
 */
export function openModel(params: ModelParams, inputs: ModelInputs, context: RunContext): Promise<OpenModel> {
  return open(params, inputs, context, parseModel, signatureProblems)
}

/** The same for a semantic model. */
export function openSemanticModel(
  params: ModelParams,
  inputs: ModelInputs,
  context: RunContext,
): Promise<OpenSemanticModel> {
  return open(params, inputs, context, parseSemanticModel, semanticSignatureProblems)
}

async function open<Model extends { readonly name: string }>(
  params: ModelParams,
  inputs: ModelInputs,
  context: RunContext,
  parse: (text: string) => Promise<Parsed<Model>>,
  compare: (model: Model, folder: PathRef, context: Remembering) => Promise<readonly ModelProblem[]>,
): Promise<Model & Opened> {
  const folder = await givenModel(params, inputs, context)
  const holder = await context.resource(`model ${folder.sha256}`, async () => {
    const path = join(folder.path, MODEL_FILE)
    const parsed = await parse(await readFile(path, 'utf8'))
    if ('problems' in parsed) {
      const { message, fix } = parsed.problems[0]!
      throw new TaskError({
        code: 'bad-model',
        message: `${folder.path}: ${message}`,
        ...(fix === undefined ? {} : { fix }),
      })
    }
    const [odd] = params.model === undefined ? await compare(parsed.model, folder, nothingRemembered) : []
    if (odd !== undefined) {
      const { message, fix } = odd
      throw new TaskError({ code: 'bad-model', message: `model ${parsed.model.name}: ${message}`, ...(fix && { fix }) })
    }
    const graphPath = (file: string) => join(folder.path, file)
    const model: Model & Opened = { ...parsed.model, folder, graphPath }
    return { model, close: async () => {} }
  })
  return holder.model
}

/** In a worker the model itself is remembered. */
const nothingRemembered: Remembering = { memo: async (_name, _sha256, compute) => compute() }

/** The worker's graphs on its device; opened on first use. */
export function sessionsOf(context: RunContext): Promise<OnnxSessions> {
  return context.resource(sessionsResource(context.device), () => openOnnxThread(context.device, context.memoryBytes))
}
