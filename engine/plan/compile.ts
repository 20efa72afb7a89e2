import type { Json } from '../base/canonical.ts'
import { compareDiagnostics, type Diagnostic } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import type { CellPort, Graph, GraphOutput, Step, StepOutput } from '../contract/graph.ts'
import type { PipelineFile } from '../contract/pipeline.ts'
import type { Registry } from '../contract/registry.ts'
import { alignInput, type Feed } from './align.ts'
import { axesOf } from './axes.ts'
import type { Given } from './bind-params.ts'
import { addCell, type Build, createBuild } from './cells.ts'
import { type Instance, instantiate, type ProtoStep, protoSteps, resolveSource } from './instantiate.ts'
import { nodeParams } from './node-params.ts'
import { outputFacets } from './output-facets.ts'
import { checkPorts, checkReference } from './ports.ts'
import { createProblems, type Problems } from './problems.ts'
import { groupCells } from './segments.ts'
import { selectionFeeds } from './selections.ts'
import type { Surroundings } from './surroundings.ts'
import { checkFeeds } from './types.ts'

export interface CompileRequest {
  readonly root: PipelineFile
  /** Values for the root's parameters, from the command line. */
  readonly given: ReadonlyMap<string, Given>
  /** Names of outputs, or `step.port`; empty means all outputs. */
  readonly targets: readonly string[]
  readonly registry: Registry
  readonly surroundings: Surroundings
}

export type Compiled =
  | {
      readonly ok: true
      readonly graph: Graph
      /** The JSON behind each recipe digest of the graph, for the store. */
      readonly recipes: ReadonlyMap<Digest, string>
    }
  | { readonly ok: false; readonly problems: readonly Diagnostic[] }

/** A pipeline to a graph, or all that is wrong with it. Nothing is run; files are only read and hashed. */
export async function compile(request: CompileRequest): Promise<Compiled> {
  const { root, given, registry, surroundings } = request
  const problems = createProblems()
  const instance = instantiate(root, given, registry, surroundings, problems, (name, message) => {
    const isGiven = given.has(name)
    problems.addDiagnostics([
      {
        code: isGiven ? 'bad-param' : 'missing-param',
        message,
        ...(isGiven ? {} : { at: root.locate(['params', name], 'key') }),
        fix: isGiven ? 'correct the value after --set (or in the --params file)' : `give it: --set ${name}=…`,
      },
    ])
  })
  if (problems.all.length > 0 && protoSteps(instance).length === 0) return failed(problems)
  const protos = protoSteps(instance)
  const sound = new Set(protos.filter(step => checkPorts(step, problems)))
  for (const [name, output] of root.outputs) checkReference(output.from, ['outputs', name], instance, problems)

  const build = createBuild()
  for (const step of topological(protos)) {
    if (sound.has(step)) await addStep(step, build, sound, request, problems)
  }
  const outputs = problems.all.length > 0 ? [] : graphOutputs(request, instance, build, problems)
  if (problems.all.length > 0) return failed(problems)

  const kept = reachable(build, outputs)
  const { cells, steps, renumber } = prune(build, protos, kept, registry)
  const moved = outputs.map(output => ({
    ...output,
    source: renumber(output.source),
    cells: output.cells.map(renumber),
  }))
  const grouped = groupCells(cells, steps, moved)
  if (!grouped.ok) {
    for (const { step, message } of grouped.problems) {
      const proto = protos.find(one => one.id === step)
      if (proto !== undefined)
        problems.add(proto.instance.file, ['steps', proto.declaration.id], { code: 'segment', message, at: 'key' })
    }
    return failed(problems)
  }
  return {
    ok: true,
    graph: { name: root.name, path: root.path, steps: grouped.steps, groups: grouped.groups, outputs: moved },
    recipes: build.recipes,
  }
}

function failed(problems: Problems): Compiled {
  return { ok: false, problems: [...problems.all].sort(compareDiagnostics) }
}

async function addStep(
  step: ProtoStep,
  build: Build,
  sound: Set<ProtoStep>,
  { registry, surroundings, targets }: CompileRequest,
  problems: Problems,
): Promise<void> {
  const indexes: number[] = []
  const facetsOf = (feed: Feed) => build.cells[build.indexOf.get(feed.step)?.[feed.cell] ?? -1]?.facets[feed.port] ?? {}
  checkFolds(step, problems)
  for (const [position, cell] of step.cells.entries()) {
    const feeds = new Map<string, readonly Feed[]>()
    for (const [port, binding] of step.declaration.in) {
      const found = alignInput(step, cell, port, binding, problems)
      // A step upstream that is itself in error has no cells to check against.
      if (found === undefined || found.some(feed => !build.indexOf.has(feed.step))) return void sound.delete(step)
      if (!checkFeeds(step, port, step.node.inputs[port]!, found, facetsOf, registry, problems))
        return void sound.delete(step)
      feeds.set(port, found)
    }
    const params = await nodeParams(step, cell, feeds, surroundings, problems)
    if (params === undefined) return void sound.delete(step)
    const selections = selectionFeeds(step, cell, facetsOf, registry, problems)
    if (selections === undefined || selections.some(({ feed }) => !build.indexOf.has(feed.step))) {
      return void sound.delete(step)
    }
    const facets = await outputFacets(step, params, feeds, facetsOf, targets, surroundings, problems)
    if (facets === undefined) return void sound.delete(step)
    indexes.push(
      addCell(step, position, params, feeds, selections, facets, facetsOf, build, registry, surroundings.device),
    )
  }
  build.indexOf.set(step, indexes)
}

/** Every axis under `over:` must exist somewhere and not be an axis of the step itself. */
function checkFolds(step: ProtoStep, problems: Problems): void {
  const { declaration, instance } = step
  const sources = [...declaration.in.values()].flatMap(binding =>
    binding.sources.flatMap(source => resolveSource(instance, source)),
  )
  const offered = new Set(sources.flatMap(source => source.step.axes))
  declaration.over.forEach((axis, i) => {
    const path = ['steps', declaration.id, 'over', i]
    if (step.axes.includes(axis)) {
      problems.add(instance.file, path, {
        code: 'bad-axis',
        message: `\`${axis}\` is an axis of this step, so it cannot be folded here`,
      })
    } else if (!offered.has(axis)) {
      problems.add(instance.file, path, {
        code: 'bad-axis',
        message: `no input of \`${step.id}\` has an axis \`${axis}\``,
        fix: offered.size === 0 ? 'its inputs have no axes' : `axes of its inputs: ${[...offered].join(', ')}`,
      })
    }
  })
}

function topological(protos: readonly ProtoStep[]): readonly ProtoStep[] {
  const ordered: ProtoStep[] = []
  const seen = new Set<ProtoStep>()
  function visit(step: ProtoStep): void {
    if (seen.has(step)) return
    seen.add(step)
    for (const binding of step.declaration.in.values()) {
      for (const source of binding.sources) for (const found of resolveSource(step.instance, source)) visit(found.step)
    }
    for (const selection of step.selections) for (const source of selection.sources) visit(source.step)
    ordered.push(step)
  }
  for (const step of protos) visit(step)
  return ordered
}

function graphOutputs(
  request: CompileRequest,
  instance: Instance,
  build: Build,
  problems: Problems,
): readonly GraphOutput[] {
  const { root, targets } = request
  const outputs: GraphOutput[] = []
  const wanted = targets.length === 0 ? [...root.outputs.keys()] : targets
  for (const name of wanted) {
    const declared = root.outputs.get(name)
    const written = declared ?? { from: name, where: {} }
    const sources = resolveSource(instance, written)
    const cells: CellPort[] = []
    for (const source of sources) {
      const indexes = build.indexOf.get(source.step) ?? []
      source.step.cells.forEach((cell, i) => {
        const kept = source.where.every(condition =>
          Object.entries(condition).every(([axis, ids]) => ids.includes(cell.ids[axis] ?? '')),
        )
        if (kept && source.step.node.outputs[source.port] !== undefined)
          cells.push({ cell: indexes[i]!, port: source.port })
      })
    }
    const at = root.locate(declared ? ['outputs', name] : [])
    if (cells.length === 0) {
      problems.addDiagnostics([
        {
          code: 'unknown-target',
          message: `\`${name}\` is neither an output of this pipeline nor a step.port with cells`,
          ...(declared ? { at } : {}),
          fix: `outputs: ${[...root.outputs.keys()].join(', ')}`,
        },
      ])
      continue
    }
    const transient = cells.find(
      ({ cell, port }) => request.registry.kinds.get(build.cells[cell]!.proto.node.outputs[port]!.kind)?.transient,
    )
    if (transient !== undefined) {
      problems.addDiagnostics([
        {
          code: 'transient-output',
          message: `\`${name}\` is never stored (${written.from}), so it cannot be an output`,
          at,
        },
      ])
      continue
    }
    outputs.push({ name, source: cells[0]!, cells, at })
  }
  return outputs
}

/** Cells some requested output depends on. */
function reachable(build: Build, outputs: readonly GraphOutput[]): ReadonlySet<number> {
  const kept = new Set<number>()
  function visit(index: number): void {
    if (kept.has(index)) return
    kept.add(index)
    for (const input of build.cells[index]!.inputs) for (const source of input.sources) visit(source.cell)
    for (const { source } of build.cells[index]!.selects) visit(source.cell)
  }
  for (const output of outputs) for (const { cell } of output.cells) visit(cell)
  return kept
}

function prune(build: Build, protos: readonly ProtoStep[], kept: ReadonlySet<number>, registry: Registry) {
  const order = new Map<number, number>()
  for (const cell of build.cells) if (kept.has(cell.index)) order.set(cell.index, order.size)
  const renumber = (source: CellPort): CellPort => ({ cell: order.get(source.cell)!, port: source.port })
  const used = protos.filter(step => build.cells.some(cell => kept.has(cell.index) && cell.proto === step))
  const ordered = topological(used).filter(step => used.includes(step))
  const steps: Omit<Step, 'cells'>[] = ordered.map((step, index) => ({
    index,
    id: step.id,
    node: step.node.name,
    mode: step.node.mode,
    lane: step.node.lane,
    at: step.instance.file.locate(['steps', step.declaration.id], 'key'),
    axes: axesOf(step.axes, step.cells),
    join: step.declaration.join,
    outputs: stepOutputs(step, registry, build.cells.find(cell => cell.proto === step)?.params),
    ...toleranceOf(step),
  }))
  const cells = build.cells
    .filter(cell => kept.has(cell.index))
    .map(({ proto, ...cell }) => ({
      ...cell,
      index: order.get(cell.index)!,
      step: ordered.indexOf(proto),
      inputs: cell.inputs.map(input => ({ ...input, sources: input.sources.map(renumber) })),
      selects: cell.selects.map(select => ({ ...select, source: renumber(select.source) })),
    }))
  return { cells, steps, renumber }
}

function toleranceOf({ tolerance }: ProtoStep): Pick<Step, 'tolerance'> {
  if (Object.keys(tolerance).length === 0) return {}
  const { retries = 0, timeoutMs, maxFailures = 0 } = tolerance
  return { tolerance: { retries, timeoutMs, maxFailures } }
}

function stepOutputs(step: ProtoStep, registry: Registry, params: Json | undefined): readonly StepOutput[] {
  return Object.entries(step.node.outputs).map(([port, output]) => {
    const kind = registry.kinds.get(output.kind)
    if (kind === undefined) throw new Error(`internal: node ${step.node.name} makes the unknown kind ${output.kind}`)
    return {
      port,
      kind: output.kind,
      per: output.per,
      persist: kind.transient ? 'transient' : (step.declaration.store[port] ?? output.persist ?? 'always'),
      extension:
        typeof output.extension === 'function'
          ? output.extension(params as never)
          : (output.extension ?? kind.extension),
    }
  })
}
