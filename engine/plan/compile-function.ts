import type { Json } from '../base/canonical.ts'
import type { Note } from '../base/diagnostic.ts'
import type { CellPort } from '../contract/graph.ts'
import type { Facets } from '../contract/kind.ts'
import { defineNode } from '../contract/node.ts'
import type { InputDeclaration, PipelineFile, StepDeclaration } from '../contract/pipeline.ts'
import type { CompiledFunction, FunctionOutput, FunctionSource, FunctionTask } from '../contract/pipeline-function.ts'
import type { addStep } from './add-step.ts'
import { type Given, type ParamProblem, typeText } from './bind-params.ts'
import { type Build, type BuiltCell, createBuild } from './cells.ts'
import { checkFunctionStep } from './function-steps.ts'
import { instantiate } from './instantiate.ts'
import { graphOutputs, wantedOutputs } from './outputs.ts'
import type { ReadPath } from './path-param.ts'
import type { Instance, ProtoStep, Source, Workshop } from './proto.ts'
import { protoSteps, topological } from './resolve-source.ts'

/** A pipeline file and what it is fed with. */
export interface FunctionRequest {
  readonly file: PipelineFile
  /** Static types by input. */
  readonly facets: ReadonlyMap<string, Facets>
  /** Files around it. */
  readonly chain: readonly string[]
  /** Who uses it. */
  readonly notes: readonly Note[]
  readonly readPath: ReadPath
  /** Given, since steps may have functions and functions have steps. */
  readonly add: typeof addStep
}

export interface BuiltFunction {
  readonly compiled: CompiledFunction
  readonly recipes: Build['recipes']
}

/** Compiles a pipeline file as a function; undefined after a mistake (reported). */
export async function compileFunction(
  request: FunctionRequest,
  given: ReadonlyMap<string, Given>,
  workshop: Workshop,
  report: (problem: ParamProblem) => void,
): Promise<BuiltFunction | undefined> {
  const { file, facets, chain, notes, readPath, add } = request
  const inner: Workshop = { ...workshop, targets: [] }
  const build = createBuild()
  const fed = [...file.inputs.values()].filter(({ name }) => facets.has(name))
  const inputs = new Map(fed.map(one => [one.name, inputStep(one, request)]))
  for (const [name, step] of inputs) addInput(step, facets.get(name) ?? {}, build)
  const sources = new Map([...inputs].map(([name, step]): [string, Source[]] => [name, [sourceOf(step)]]))
  const before = workshop.problems.all.length
  const instance = instantiate(file, given, inner, report, { inputs: sources, chain, notes })
  const wanted = wantedOutputs(instance, inner)
  const steps = topological(protoSteps(instance)).filter(step => !build.indexOf.has(step))
  for (const step of steps) await add(step, build, readPath, inner)
  if (workshop.problems.all.length > before || steps.some(step => !build.indexOf.has(step))) return undefined
  const outputs = graphOutputs(wanted, instance, build)
  const cells = reachable(
    build,
    outputs.flatMap(output => output.cells),
  )
  for (const cell of cells) checkFunctionStep(cell, build, inner)
  for (const { name, cells: several } of outputs) {
    if (several.length === 1) continue
    const message = `\`${name}\` has ${several.length} cells, and a function gives one value`
    const fix = 'fold its axes, or pick a cell with `where:`'
    workshop.problems.add(instance, ['outputs', name], { code: 'too-many-values', message, fix })
  }
  if (workshop.problems.all.length > before) return undefined
  return {
    compiled: functionOf(file, fed, instance, build, cells, new Map(outputs.map(o => [o.name, o.source]))),
    recipes: build.recipes,
  }
}

/** What the key of a step says of its function: everything but paths. */
export function keyedFunction({ compiled, recipes }: BuiltFunction): Json {
  const steps = compiled.tasks.map(({ address, holes, inputs, recipe }) => {
    const [, node, version, params, types, runtimes] = JSON.parse(recipes.get(recipe)!) as readonly Json[]
    const wiring = { holes, inputs } as unknown as { readonly [name: string]: Json }
    return [address, { node, version, params, types, runtimes, ...wiring } as Json] as const
  })
  const outputs = Object.entries(compiled.outputs).map(([name, { source }]) => [name, { ...source }] as const)
  const { base, types } = compiled
  // The content behind a path is in the step that reads it.
  const params = Object.fromEntries(Object.entries(base).filter(([name]) => !/\bpaths?$/.test(types[name] ?? '')))
  return { params, types, steps: Object.fromEntries(steps), outputs: Object.fromEntries(outputs) }
}

function functionOf(
  file: PipelineFile,
  fed: readonly InputDeclaration[],
  instance: Instance,
  build: Build,
  cells: readonly BuiltCell[],
  outputs: ReadonlyMap<string, CellPort>,
): CompiledFunction {
  const taskOf = new Map(cells.map((cell, task) => [cell.index, task]))
  const sourceOf = ({ cell, port }: CellPort): FunctionSource => {
    const task = taskOf.get(cell)
    return task === undefined ? { input: build.cells[cell]!.proto.id } : { task, port }
  }
  const read = [...cells.flatMap(cell => cell.inputs.flatMap(input => input.sources)), ...outputs.values()]
  const tasks = cells.map((cell): FunctionTask => {
    const { index, address, proto, recipe, inputTypes } = cell
    return {
      address,
      node: proto.node.name,
      per: proto.node.mode === 'collection' ? 'collection' : 'item',
      params: cell.params as FunctionTask['params'],
      holes: build.holes.get(index) ?? [],
      inputs: cell.inputs.map(({ port, many, sources }) => ({ port, many, sources: sources.map(sourceOf) })),
      inputTypes,
      wanted: [...new Set(read.filter(source => source.cell === index).map(source => source.port))].sort(),
      recipe,
    }
  })
  const described = [...outputs].map(([name, source]): [string, FunctionOutput] => {
    const { proto, facets } = build.cells[source.cell]!
    const { kind, per } = proto.node.outputs[source.port]!
    return [name, { source: sourceOf(source), kind, per, facets: facets[source.port] ?? {} }]
  })
  return {
    path: file.path,
    base: instance.cells[0]!.scope.params,
    types: Object.fromEntries([...file.params].map(([name, declaration]) => [name, typeText(declaration)])),
    inputs: fed.map(({ name, kind, per }) => ({ name, kind, per })),
    tasks,
    outputs: Object.fromEntries(described),
  }
}

/** Cells of steps that these ports depend on, in topological order; inputs are no steps. */
function reachable({ cells }: Build, ports: readonly CellPort[]): readonly BuiltCell[] {
  const kept = new Set<number>()
  function visit(index: number): void {
    if (kept.has(index)) return
    kept.add(index)
    const { inputs, selects } = cells[index]!
    for (const source of inputs.flatMap(input => input.sources)) visit(source.cell)
    for (const { source } of selects) visit(source.cell)
  }
  for (const { cell } of ports) visit(cell)
  return cells.filter(cell => kept.has(cell.index) && !cell.proto.node.name.startsWith(inputNode))
}

/** No node of a registry is called so. */
const inputNode = 'input:'
const inputPort = 'value'

/** A step that stands for what feeds an input. */
function inputStep({ name, kind, per }: InputDeclaration, { file }: FunctionRequest): ProtoStep {
  const scope = { params: {}, matrix: {}, env: {}, unknown: new Set<string>() }
  const node = defineNode<object, object>({
    name: `${inputNode}${name}`,
    version: 1,
    description: 'What feeds an input.',
    mode: per === 'item' ? 'scatter' : 'collection',
    lane: 'cpu',
    params: { type: 'object', additionalProperties: false, properties: {} },
    inputs: {},
    outputs: { [inputPort]: { kind, per, description: 'The value.' } },
    example: '',
    run: () => {
      throw new Error('internal: inputs of functions are not run')
    },
  })
  const declaration: StepDeclaration = {
    id: name,
    uses: node.name,
    with: {},
    matrix: undefined,
    over: [],
    in: new Map(),
    items: undefined,
    join: 'exact',
    store: {},
  }
  const cells = [{ ids: {}, values: {}, scope }]
  const place = {
    file,
    prefix: '',
    use: undefined,
    inputs: new Map(),
    selections: [],
    tolerance: {},
    axes: [],
    cells,
    known: true,
    steps: new Map(),
  }
  return {
    id: name,
    declaration,
    instance: place,
    node,
    pipelines: new Map(),
    selections: [],
    tolerance: {},
    axes: [],
    cells,
    known: true,
  }
}

function sourceOf(step: ProtoStep): Source {
  return { step, port: inputPort, where: [] }
}

function addInput(step: ProtoStep, facets: Facets, build: Build): void {
  const index = build.cells.length
  build.indexOf.set(step, [index])
  build.cells.push({
    index,
    proto: step,
    coordinates: {},
    address: step.id,
    params: {},
    recipe: '',
    inputs: [],
    selects: [],
    inputTypes: {},
    facets: { [inputPort]: facets },
  })
}
