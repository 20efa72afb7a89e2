import { createRequire } from 'node:module'
import type { Document, LineCounter } from 'yaml'
import type { Json } from '../../engine/base/canonical.ts'
import { validateAgainst } from '../../engine/base/json-schema.ts'
import type { ModelProblem, TwoStageModel } from './model-spec.ts'
import type { ModelYaml } from './model-yaml.ts'

export const MODEL_FILE = 'model.yaml'

/** A model, or every problem its file has; never both. */
export type ParsedModel = { readonly model: TwoStageModel } | { readonly problems: readonly ModelProblem[] }

type Locate = (path: readonly (string | number)[], at?: 'key' | 'value') => string

const recentlyParsed = new Map<string, Promise<ParsedModel>>()

/** Reads the text of a model.yaml: YAML 1.2, the schema, and what a schema cannot say. Each view of a model asks again. */
export function parseModel(text: string): Promise<ParsedModel> {
  const known = recentlyParsed.get(text) ?? parseText(text)
  if (recentlyParsed.size >= 64) recentlyParsed.clear()
  recentlyParsed.set(text, known)
  return known
}

async function parseText(text: string): Promise<ParsedModel> {
  const { LineCounter: Lines, parseDocument } = await import('yaml')
  const lines = new Lines()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const broken = document.errors.map(error => {
    const { line, col } = lines.linePos(error.pos[0])
    return { message: `${MODEL_FILE}:${line}:${col}: ${error.message}` }
  })
  if (broken.length > 0) return { problems: broken }
  const content = document.toJS({ maxAliasCount: 100 }) as Json
  const locate: Locate = (path, at) => position(document, lines, path, at)
  const misfits = schemaProblems(content, locate)
  if (misfits.length > 0) return { problems: misfits }
  const file = content as unknown as ModelYaml
  const problems = semanticProblems(file, locate)
  return problems.length > 0 ? { problems } : { model: toModel(file) }
}

let modelSchema: object | undefined

function schemaProblems(content: Json, locate: Locate): readonly ModelProblem[] {
  // By the package's own name: the path is the same from the sources and from the build.
  modelSchema ??= createRequire(import.meta.url)('maskloom/schemas/model.schema.json') as object
  return validateAgainst(modelSchema, content).problems.map(({ path, at, message, fix }) => {
    const about = at === 'key' && message.startsWith('unknown') ? path.slice(0, -1) : path
    const name = about.length === 0 ? '' : `${about.join('.')}: `
    return { message: `${locate(path, at)}: ${name}${message}`, ...(fix === undefined ? {} : { fix }) }
  })
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

function position(
  document: Document,
  lines: LineCounter,
  path: readonly (string | number)[],
  at: 'key' | 'value' = 'value',
): string {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = at === 'key' ? keyOf(document, path.slice(0, depth)) : document.getIn(path.slice(0, depth), true)
    const range = (node as { range?: readonly [number, number, number] } | undefined)?.range
    if (!range) continue
    const { line, col } = lines.linePos(range[0])
    return `${MODEL_FILE}:${line}:${col}`
  }
  return `${MODEL_FILE}:1:1`
}

function keyOf(document: Document, path: readonly (string | number)[]): unknown {
  const map = document.getIn(path.slice(0, -1), true) as { items?: readonly { key?: unknown }[] } | undefined
  return map?.items?.find(({ key }) => (key as { value?: unknown } | undefined)?.value === path.at(-1))?.key
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
