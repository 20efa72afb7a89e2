import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { PathRef, RunContext } from '../../engine/contract/node.ts'
import { openOnnxThread, sessionsResource } from '../onnx/sessions.ts'
import type { OnnxSessions } from '../onnx/tensor.ts'
import { MODEL_FILE, parseModel } from './model-file.ts'
import type { TwoStageModel } from './model-spec.ts'

/** A model as a running node has it. */
export interface OpenModel extends TwoStageModel {
  /** Absolute path of one of its graphs. */
  readonly graphPath: (file: string) => string
}

/**
 * Reads model.yaml once per worker and content.
 * @throws TaskError `bad-model`; `check` has reported the same problems before, unless the file has changed since.
 */
export async function openModel(folder: PathRef, context: RunContext): Promise<OpenModel> {
  const holder = await context.resource(`model ${folder.sha256}`, async () => {
    const path = join(folder.path, MODEL_FILE)
    const parsed = await parseModel(await readFile(path, 'utf8'))
    if ('problems' in parsed) {
      const { message, fix } = parsed.problems[0]!
      throw new TaskError({
        code: 'bad-model',
        message: `${folder.path}: ${message}`,
        ...(fix === undefined ? {} : { fix }),
      })
    }
    const model: OpenModel = { ...parsed.model, graphPath: file => join(folder.path, file) }
    return { model, close: async () => {} }
  })
  return holder.model
}

/** The worker's graphs on its device; opened on first use. */
export function sessionsOf(context: RunContext): Promise<OnnxSessions> {
  return context.resource(sessionsResource(context.device), () => openOnnxThread(context.device, context.memoryBytes))
}
