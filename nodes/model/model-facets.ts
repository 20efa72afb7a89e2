import { join } from 'node:path'
import type { Facets } from '../../engine/contract/kind.ts'
import type { CheckContext, PathRef } from '../../engine/contract/node.ts'
import { MODEL_FILE, type Parsed, parseModel, parseSemanticModel } from './model-file.ts'
import { checkModelInput } from './model-input.ts'
import type { ModelProblem, TwoStageModel } from './model-spec.ts'
import type { SemanticModel } from './semantic-model.ts'
import { semanticSignatureProblems } from './semantic-signature.ts'
import { signatureProblems } from './signature.ts'

/**
 * Checks a model while the pipeline is checked: every problem is reported at the parameter `model`, or at the input.
 * @returns the model, or undefined if model.yaml cannot be used at all.
 */
export function checkModel(folder: PathRef | undefined, context: CheckContext): Promise<TwoStageModel | undefined> {
  return checkGiven(folder, context, parseModel, signatureProblems)
}

/** The same for a semantic model. */
export function checkSemanticModel(
  folder: PathRef | undefined,
  context: CheckContext,
): Promise<SemanticModel | undefined> {
  return checkGiven(folder, context, parseSemanticModel, semanticSignatureProblems)
}

async function checkGiven<Model>(
  folder: PathRef | undefined,
  context: CheckContext,
  parse: (text: string) => Promise<Parsed<Model>>,
  compare: (model: Model, folder: PathRef, context: CheckContext) => Promise<readonly ModelProblem[]>,
): Promise<Model | undefined> {
  if (folder === undefined) return checkModelInput(context, parse)
  const report = (message: string, fix?: string) =>
    context.problem({ param: 'model', message: `${folder.path}: ${message}`, ...(fix === undefined ? {} : { fix }) })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(context.readFile(join(folder.path, MODEL_FILE)))
  } catch {
    report(`${MODEL_FILE} is missing or cannot be read`, `a model is a folder with ${MODEL_FILE} and its ONNX graphs`)
    return undefined
  }
  const parsed = await parse(text)
  if ('problems' in parsed) {
    for (const { message, fix } of parsed.problems) report(message, fix)
    return undefined
  }
  for (const { message, fix } of await compare(parsed.model, folder, context)) report(message, fix)
  return parsed.model
}

/** Static type of the features of a model: what its heads will say about themselves. */
export function featuresFacets(model: TwoStageModel): Facets {
  return {
    classes: model.classes,
    class_boxes: model.box.classBoxes,
    ...(model.mask && { mask_size_px: model.mask.sizePx }),
  }
}
