import type { PathRef } from '../../engine/contract/node.ts'
import type { ModelProblem } from './model-spec.ts'
import type { MapOutput, SemanticModel } from './semantic-model.ts'
import { fixedViewHw, type SemanticScale } from './semantic-view-size.ts'
import { comparePort, type GraphSignature, openGraphs, type Port, type Remembering } from './signature.ts'

/** Opens the graph of a semantic model (once per content) and compares it with model.yaml. */
export async function semanticSignatureProblems(
  model: SemanticModel,
  folder: PathRef,
  context: Remembering,
): Promise<readonly ModelProblem[]> {
  const problems: ModelProblem[] = []
  const graph = (await openGraphs([model.file], folder, context, problems))(model.file)
  if (graph === undefined) return problems
  const [height, width] = model.sizeHw ? padded(model.sizeHw, model.padToMultiple) : [null, null]
  const input = comparePort(model.file, 'input', graph.inputs, model.inputName, [null, 3, height, width], problems)
  if (input) checkBatch(model, 'input', input, problems)
  for (const { name } of graph.inputs)
    if (name !== model.inputName) problems.push({ message: `${model.file}: nothing feeds its input ${name}` })
  for (const map of model.maps) checkMap(model, map, graph, problems)
  for (const { output } of model.vectors) {
    const port = comparePort(model.file, 'output', graph.outputs, output, [null, null], problems)
    if (port) checkBatch(model, 'output', port, problems)
  }
  return problems
}

/** A graph with sides of its own takes only pictures of that size: what a view of another size would end in. */
export async function viewSizeProblems(
  model: SemanticModel,
  folder: PathRef,
  scale: SemanticScale,
  context: Remembering,
): Promise<readonly ModelProblem[]> {
  const graph = (await openGraphs([model.file], folder, context, []))(model.file)
  const shape = graph?.inputs.find(({ name }) => name === model.inputName)?.shape
  const [height, width] = [shape?.[2] ?? null, shape?.[3] ?? null]
  if (height === null && width === null) return []
  const viewHw = fixedViewHw(model, scale)
  const shown = viewHw && padded(viewHw, model.padToMultiple)
  if (shown && (height ?? shown[0]) === shown[0] && (width ?? shown[1]) === shown[1]) return []
  const message = `${model.file} takes pictures of ${height ?? 'any'} × ${width ?? 'any'} only (height × width); this view shows ${shown ? shown.join(' × ') : 'them at sizes of their own'}`
  return [{ message, fix: 'scale: model, and the size under resize in model.yaml' }]
}

function padded([height, width]: readonly [number, number], multiple: number): readonly [number, number] {
  return [Math.ceil(height / multiple) * multiple, Math.ceil(width / multiple) * multiple]
}

function checkMap(model: SemanticModel, map: MapOutput, graph: GraphSignature, problems: ModelProblem[]): void {
  const port = comparePort(model.file, 'output', graph.outputs, map.output, [null, null, null, null], problems)
  if (port === undefined) return
  checkBatch(model, 'output', port, problems)
  const channels = port.shape[1]
  if (channels === null || channels === undefined) return
  for (const [label, channel] of map.channels.entries())
    if (channel >= channels)
      problems.push({
        message: `${model.file}: ${map.output} has ${channels} channels, but class ${map.classes[label]!.id} of map ${map.name} has index ${channel}`,
        fix: `expected an index from 0 to ${channels - 1}`,
      })
  if (map.activation === 'softmax' && channels === 1)
    problems.push({
      message: `${model.file}: softmax over the one channel of ${map.output} is always 1`,
      fix: 'one channel wants the activation sigmoid',
    })
}

/** A graph that was exported for one picture cannot take several. */
function checkBatch(model: SemanticModel, way: 'input' | 'output', port: Port, problems: ModelProblem[]): void {
  const side = port.shape[0]
  if (side === null || side === undefined || (side === 1 && model.batch === 1)) return
  problems.push(
    model.batch === 1
      ? {
          message: `${model.file}: ${way} ${port.name} takes ${side} pictures at once`,
          fix: 'export it for one, or with a free first side',
        }
      : {
          message: `${model.file}: ${way} ${port.name} is for ${side} picture${side === 1 ? '' : 's'}, batch is ${model.batch}`,
          fix: 'leave batch out, or export the graph with a free first side',
        },
  )
}
