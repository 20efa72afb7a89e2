import { createRequire } from 'node:module'
import type { ErrorObject, ValidateFunction } from 'ajv'
import type { Document, LineCounter } from 'yaml'
import { nearestName } from '../../engine/base/typo.ts'
import type { ModelProblem, TwoStageModel } from './model-spec.ts'
import type { ModelYaml } from './model-yaml.ts'

export const MODEL_FILE = 'model.yaml'

/** A model, or every problem its file has; never both. */
export type ParsedModel = { readonly model: TwoStageModel } | { readonly problems: readonly ModelProblem[] }

type Locate = (path: readonly (string | number)[]) => string

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
  const content: unknown = document.toJS({ maxAliasCount: 100 })
  const locate: Locate = path => position(document, lines, path)
  const validate = await schemaValidator()
  if (!validate(content)) return { problems: (validate.errors ?? []).map(error => schemaProblem(error, locate)) }
  const file = content as ModelYaml
  const problems = semanticProblems(file, locate)
  return problems.length > 0 ? { problems } : { model: toModel(file) }
}

let validator: Promise<ValidateFunction> | undefined

function schemaValidator(): Promise<ValidateFunction> {
  validator ??= import('ajv').then(({ Ajv }) => {
    // By the package's own name: the path is the same from the sources and from the build.
    const schema: object = createRequire(import.meta.url)('maskloom/schemas/model.schema.json')
    return new Ajv({ allErrors: true, verbose: true, strict: true, strictTypes: false }).compile(schema)
  })
  return validator
}

function schemaProblem(error: ErrorObject, locate: Locate): ModelProblem {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map(part => (/^\d+$/.test(part) ? Number(part) : part))
  const where = path.length === 0 ? '' : `${path.join('.')} `
  if (error.keyword === 'additionalProperties') {
    const unknown = (error.params as { additionalProperty: string }).additionalProperty
    const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {})
    const meant = nearestName(unknown, known)
    return {
      message: `${locate([...path, unknown])}: unknown field ${JSON.stringify([...path, unknown].join('.'))}`,
      fix: meant === undefined ? `fields here: ${known.join(', ')}` : `did you mean ${JSON.stringify(meant)}?`,
    }
  }
  if (error.keyword === 'enum' || error.keyword === 'const') {
    const params = error.params as { allowedValues?: readonly unknown[]; allowedValue?: unknown }
    const allowed = (params.allowedValues ?? [params.allowedValue]).map(value => JSON.stringify(value)).join(' or ')
    return { message: `${locate(path)}: ${where}is ${JSON.stringify(error.data)}, expected ${allowed}` }
  }
  return { message: `${locate(path)}: ${where}${error.message ?? 'is not valid'}` }
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

function position(document: Document, lines: LineCounter, path: readonly (string | number)[]): string {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true) as { range?: readonly [number, number, number] } | undefined
    if (!node?.range) continue
    const { line, col } = lines.linePos(node.range[0])
    return `${MODEL_FILE}:${line}:${col}`
  }
  return MODEL_FILE
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
