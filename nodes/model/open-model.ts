import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { PathRef, RunContext } from '../../engine/contract/node.ts'
import { openOnnxThread, sessionsResource } from '../onnx/sessions.ts'
import type { OnnxSessions } from '../onnx/tensor.ts'
import { MODEL_FILE, type Parsed, parseModel, parseSemanticModel } from './model-file.ts'
import type { TwoStageModel } from './model-spec.ts'
import type { SemanticModel } from './semantic-model.ts'

interface Opened {
  /** Absolute path of one of its graphs. */
  readonly graphPath: (file: string) => string
}

/** A model as a running node has it. */
export type OpenModel = TwoStageModel & Opened
export type OpenSemanticModel = SemanticModel & Opened

/**
 * Reads model.yaml once per worker and content.
 * @throws TaskError `bad-model`; `check` has reported the same problems before, unless the file has changed since.
 */
export function openModel(folder: PathRef, context: RunContext): Promise<OpenModel> {
  return open(folder, context, parseModel)
}

/** The same for a semantic model. */
export function openSemanticModel(folder: PathRef, context: RunContext): Promise<OpenSemanticModel> {
  return open(folder, context, parseSemanticModel)
}

async function open<Model>(
  folder: PathRef,
  context: RunContext,
  parse: (text: string) => Promise<Parsed<Model>>,
): Promise<Model & Opened> {
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
    const model: Model & Opened = { ...parsed.model, graphPath: (file: string) => join(folder.path, file) }
    return { model, close: async () => {} }
  })
  return holder.model
}

/** The worker's graphs on its device; opened on first use. */
export function sessionsOf(context: RunContext): Promise<OnnxSessions> {
  return context.resource(sessionsResource(context.device), () => openOnnxThread(context.device, context.memoryBytes))
}
