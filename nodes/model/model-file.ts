import { type Locate, MODEL_FILE, readModelDocument } from './model-document.ts'
import type { ModelProblem, TwoStageModel } from './model-spec.ts'
import type { ModelYaml } from './model-yaml.ts'
import { type SemanticModel, type SemanticYaml, semanticYamlProblems, toSemanticModel } from './semantic-model.ts'

export { MODEL_FILE }

/** A model, or every problem its file has; never both. */
export type Parsed<Model> = { readonly model: Model } | { readonly problems: readonly ModelProblem[] }

/** Reads the text of a two-stage model.yaml: YAML 1.2, the schema, and what a schema cannot say. Each view asks again. */
export const parseModel: (text: string) => Promise<Parsed<TwoStageModel>> = remembered(async text => {
  const document = await readModelDocument(text, 'two-stage')
  if ('problems' in document) return document
  const file = document.content as unknown as ModelYaml
  const problems = semanticProblems(file, document.locate)
  return problems.length > 0 ? { problems } : { model: toModel(file) }
})

/** The same for a semantic one. */
export const parseSemanticModel: (text: string) => Promise<Parsed<SemanticModel>> = remembered(async text => {
  const document = await readModelDocument(text, 'semantic')
  if ('problems' in document) return document
  const file = document.content as unknown as SemanticYaml
  const problems: ModelProblem[] = []
  semanticYamlProblems(file, (path, message) => problems.push({ message: `${document.locate(path)}: ${message}` }))
  return problems.length > 0 ? { problems } : { model: toSemanticModel(file) }
})

function remembered<T>(parse: (text: string) => Promise<T>): (text: string) => Promise<T> {
  const recent = new Map<string, Promise<T>>()
  return text => {
    const known = recent.get(text) ?? parse(text)
    if (recent.size >= 64) recent.clear()
    recent.set(text, known)
    return known
  }
}

/** What holds between fields, and what this version does not do yet. */
function semanticProblems(file: ModelYaml, locate: Locate): ModelProblem[] {
  const problems: ModelProblem[] = []
  const report = (path: readonly (string | number)[], message: string, fix?: string) =>
    problems.push({ message: `${locate(path)}: ${message}`, ...(fix === undefined ? {} : { fix }) })
  const byIndex = new Map<number, string>()
  const byId = new Map<string, string>()
  for (const [i, { index, id, name }] of file.classes.entries()) {
    const sameIndex = byIndex.get(index)
    const sameId = byId.get(id)
    if (sameIndex !== undefined)
      report(['classes', i, 'index'], `${name} and ${sameIndex} have the same index ${index}`)
    if (sameId !== undefined) report(['classes', i, 'id'], `${name} and ${sameId} have the same id ${id}`)
    if (index === file.background_index)
      report(['classes', i, 'index'], `${name} has index ${index}, which background_index names as background`)
    byIndex.set(index, name)
    byId.set(id, name)
  }
  if (file.coordinates === 'inclusive')
    report(['coordinates'], 'inclusive coordinates (width = x2 − x1 + 1) are not supported yet', 'expected half-open')
  if (file.box.length > 1)
    report(['box', 1], `${file.box.length} box stages: cascades are not supported yet`, 'expected one stage')
  if ((file.mask?.length ?? 1) > 1)
    report(['mask', 1], `${file.mask?.length} mask stages are not supported yet`, 'expected one stage')
  if (file.resize.longer_side < file.resize.shorter_side)
    report(
      ['resize', 'longer_side'],
      `longer_side ${file.resize.longer_side} is less than shorter_side ${file.resize.shorter_side}`,
    )
  return problems
}

function toModel(file: ModelYaml): TwoStageModel {
  const box = file.box[0]!
  const mask = file.mask?.[0]
  return {
    name: file.name,
    classes: file.classes.map(({ id, name }) => ({ id, name })),
    columns: file.classes.map(({ index }) => index),
    backgroundIndex: file.background_index,
    inputName: file.input.name,
    normalisation: {
      channelOrder: file.input.channel_order,
      valueRange: file.input.value_range,
      mean: file.input.mean,
      std: file.input.std,
    },
    padToMultiple: file.input.pad_to_multiple,
    shorterSidePx: file.resize.shorter_side,
    longerSidePx: file.resize.longer_side,
    backbone: {
      file: file.backbone.file,
      features: file.backbone.features,
      levels: file.backbone.levels.map(({ objectness, deltas, stride, sizes, ratios }) => ({
        objectness,
        deltas,
        stridePx: stride,
        sizesPx: sizes,
        ratios,
      })),
    },
    rpn: {
      deltaWeights: file.rpn.delta_weights,
      clampLogSize: file.rpn.clamp_log_size,
      clamp: file.rpn.clamp ?? 'upper',
      topPerLevel: file.rpn.top_per_level,
      nmsIou: file.rpn.nms_iou,
      max: file.rpn.max,
      minSidePx: file.rpn.min_side,
    },
    box: {
      file: box.file,
      rois: box.rois,
      classLogits: box.class_logits,
      boxDeltas: box.box_deltas,
      deltaWeights: box.delta_weights,
      clampLogSize: box.clamp_log_size,
      clamp: box.clamp ?? 'upper',
      classBoxes: box.class_boxes,
    },
    ...(mask && {
      mask: {
        file: mask.file,
        rois: mask.rois,
        maskLogits: mask.mask_logits,
        sizePx: mask.size,
        classMasks: mask.class_masks,
      },
    }),
  }
}
