import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckContext, PathRef } from '../../engine/contract/node.ts'
import { createSession, firstLine } from '../onnx/runtime.ts'
import type { ModelProblem, TwoStageModel } from './model-spec.ts'

/** Inputs and outputs of a graph as it declares them; a side without a number is free. */
export type GraphSignature = { readonly inputs: readonly Port[]; readonly outputs: readonly Port[] }
export type Port = { readonly name: string; readonly type: string; readonly shape: readonly (number | null)[] }
type Opened = GraphSignature | { readonly failed: string }

/** What looking at graphs needs of a check: they are opened once per content. */
export type Remembering = Pick<CheckContext, 'memo'>

/** Opens every graph of a model (once per content: the answers are remembered) and compares it with model.yaml. */
export async function signatureProblems(
  model: TwoStageModel,
  folder: PathRef,
  context: Remembering,
): Promise<ModelProblem[]> {
  const problems: ModelProblem[] = []
  const files = [model.backbone.file, model.box.file, ...(model.mask ? [model.mask.file] : [])]
  const graph = await openGraphs(files, folder, context, problems)
  const backbone = graph(model.backbone.file)
  if (backbone) checkBackbone(model, backbone, problems)
  const box = graph(model.box.file)
  if (box) checkBoxHead(model, box, problems)
  const mask = model.mask && graph(model.mask.file)
  if (mask) checkMaskHead(model, mask, problems)
  return problems
}

/** What the graphs of a folder declare; one that does not open becomes a problem when it is asked for. */
export async function openGraphs(
  files: readonly string[],
  folder: PathRef,
  { memo }: Remembering,
  problems: ModelProblem[],
): Promise<(file: string) => GraphSignature | undefined> {
  const graphs = await memo<{ [file: string]: Opened }>('onnx-signatures', folder.sha256, async () => {
    const opened: { [file: string]: Opened } = {}
    for (const file of new Set(files)) opened[file] = await openSignature(folder.path, file)
    return opened
  })
  return file => {
    const opened = graphs[file]
    if (opened === undefined || 'failed' in opened) {
      if (opened)
        problems.push({
          message: opened.failed,
          fix: 'put the file into the model folder, or export it again',
        })
      return undefined
    }
    return opened
  }
}

async function openSignature(folder: string, file: string): Promise<Opened> {
  const path = join(folder, file)
  if (!existsSync(path)) return { failed: `${file} is not there` }
  try {
    const session = await createSession(path, 'cpu')
    const ports = (metadata: typeof session.inputMetadata): Port[] =>
      metadata.map(port =>
        port.isTensor
          ? {
              name: port.name,
              type: port.type,
              shape: port.shape.map(side => (typeof side === 'number' && side >= 0 ? side : null)),
            }
          : { name: port.name, type: 'not a tensor', shape: [] },
      )
    const signature = { inputs: ports(session.inputMetadata), outputs: ports(session.outputMetadata) }
    await session.release()
    return signature
  } catch (cause) {
    // Remembered by content: the folder may be elsewhere next time.
    return { failed: firstLine(cause).replaceAll(path, file) }
  }
}

function checkBackbone(model: TwoStageModel, graph: GraphSignature, problems: ModelProblem[]): void {
  const { file, features, levels } = model.backbone
  comparePort(file, 'input', graph.inputs, model.inputName, [1, 3, null, null], problems)
  for (const name of features) comparePort(file, 'output', graph.outputs, name, [1, null, null, null], problems)
  for (const { objectness, deltas, ratios, sizesPx } of levels) {
    const anchors = ratios.length * sizesPx.length
    comparePort(file, 'output', graph.outputs, objectness, [1, anchors, null, null], problems)
    comparePort(file, 'output', graph.outputs, deltas, [1, 4 * anchors, null, null], problems)
  }
}

function checkBoxHead(model: TwoStageModel, graph: GraphSignature, problems: ModelProblem[]): void {
  const { file, rois, classLogits, boxDeltas, classBoxes } = model.box
  checkHeadInputs(model, file, rois, graph, problems)
  const logits = comparePort(file, 'output', graph.outputs, classLogits, [null, null], problems)
  const columns = logits?.shape[1] ?? undefined
  if (columns !== undefined) checkColumns(model, `${file}: ${classLogits} has ${columns} columns`, columns, problems)
  const deltaColumns = classBoxes === 'shared' ? 4 : columns === undefined ? null : 4 * columns
  comparePort(file, 'output', graph.outputs, boxDeltas, [null, deltaColumns], problems)
}

function checkMaskHead(model: TwoStageModel, graph: GraphSignature, problems: ModelProblem[]): void {
  const { file, rois, maskLogits, sizePx, classMasks } = model.mask!
  checkHeadInputs(model, file, rois, graph, problems)
  const channels = classMasks === 'shared' ? 1 : null
  const logits = comparePort(file, 'output', graph.outputs, maskLogits, [null, channels, sizePx, sizePx], problems)
  const found = logits?.shape[1] ?? undefined
  if (classMasks === 'per-class' && found !== undefined)
    for (const [i, column] of model.columns.entries())
      if (column >= found)
        problems.push({
          message: `${file}: ${maskLogits} has ${found} channels, but ${className(model, i)} has index ${column}`,
        })
}

function checkHeadInputs(
  model: TwoStageModel,
  file: string,
  rois: string,
  graph: GraphSignature,
  problems: ModelProblem[],
): void {
  for (const name of model.backbone.features)
    comparePort(file, 'input', graph.inputs, name, [1, null, null, null], problems)
  comparePort(file, 'input', graph.inputs, rois, [null, 4], problems)
  const fed = new Set([...model.backbone.features, rois])
  for (const { name } of graph.inputs)
    if (!fed.has(name))
      problems.push({ message: `${file}: nothing feeds its input ${name}`, fix: 'add it to backbone.features' })
}

function checkColumns(model: TwoStageModel, found: string, columns: number, problems: ModelProblem[]): void {
  for (const [i, column] of model.columns.entries())
    if (column >= columns)
      problems.push({
        message: `${found}, but ${className(model, i)} has index ${column}`,
        fix: `expected an index from 0 to ${columns - 1}`,
      })
  if (model.backgroundIndex >= columns)
    problems.push({ message: `${found}, but background_index is ${model.backgroundIndex}` })
}

/** Reports a missing port, another type, another rank or another fixed side; returns the port if there is one. */
export function comparePort(
  file: string,
  way: 'input' | 'output',
  ports: readonly Port[],
  name: string,
  shape: readonly (number | null)[],
  problems: ModelProblem[],
): Port | undefined {
  const port = ports.find(candidate => candidate.name === name)
  if (port === undefined) {
    problems.push({
      message: `${file} has no ${way} ${name}`,
      fix: `its ${way}s are ${ports.map(candidate => candidate.name).join(', ')}`,
    })
    return undefined
  }
  const fits =
    port.type === 'float32' &&
    port.shape.length === shape.length &&
    shape.every((side, axis) => side === null || port.shape[axis] === null || port.shape[axis] === side)
  if (fits) return port
  const text = (sides: readonly (number | null)[]) => `[${sides.map(side => side ?? 'any').join(', ')}]`
  problems.push({
    message: `${file}: ${way} ${name} is ${port.type} ${text(port.shape)}, expected float32 ${text(shape)}`,
  })
  return undefined
}

function className(model: TwoStageModel, label: number): string {
  const { id, name } = model.classes[label]!
  return `class ${name} (${id})`
}
