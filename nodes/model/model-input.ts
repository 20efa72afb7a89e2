import type { CheckContext, InputPort, PathRef, RunContext, StoredFile } from '../../engine/contract/node.ts'
import { modelFolder, yamlInFacets } from '../values/model.ts'
import type { ModelProblem } from './model-spec.ts'

/**
 * A model by path or by port: the parameter `model` and the input `model` of the nodes that infer. A step gives one of the
 * two, and both lead to a folder.
 */

/** Goes with `'x-port': 'model'` at the parameter. */
export const modelPort: InputPort = {
  kind: 'model',
  per: 'collection',
  optional: true,
  as: 'file',
  description: 'A model that another step made, instead of the parameter. Its model.yaml is known beforehand.',
}

export interface ModelParams {
  readonly model?: PathRef
}

export interface ModelInputs {
  readonly model?: StoredFile
}

/** The folder with the files of the model, wherever it came from. */
export async function givenModel(params: ModelParams, inputs: ModelInputs, context: RunContext): Promise<PathRef> {
  if (params.model !== undefined) return params.model
  if (inputs.model === undefined) throw new Error('internal: neither a parameter nor an input gives the model')
  return modelFolder(inputs.model, context)
}

/**
 * What the static type of the input says, while the pipeline is checked: problems are reported there, and the graphs,
 * which are not there yet, put off.
 * @returns undefined if there is no such model or its model.yaml is not known.
 */
export async function checkModelInput<Model>(
  context: CheckContext,
  parse: (text: string) => Promise<{ readonly model: Model } | { readonly problems: readonly ModelProblem[] }>,
): Promise<Model | undefined> {
  const yaml = yamlInFacets(context.inputs['model']?.[0])
  if (yaml === undefined) return undefined
  context.deferred('the graphs of its model are compared with model.yaml')
  const parsed = await parse(yaml)
  if ('model' in parsed) return parsed.model
  for (const { message, fix } of parsed.problems)
    context.problem({ input: 'model', message, ...(fix === undefined ? {} : { fix }) })
  return undefined
}
