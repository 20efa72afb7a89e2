import { dirname } from 'node:path'
import type { Json } from '../base/canonical.ts'
import { nearestName } from '../base/typo.ts'
import type { PipelineFile, StepDeclaration } from '../contract/pipeline.ts'
import { bindParams, type Given, type ParamProblem } from './bind-params.ts'
import { boundInputs, boundParams, checkUse, openInner, writtenParams } from './inner-pipeline.ts'
import { openParamPipelines, withPipelinePorts } from './param-pipelines.ts'
import { type Place, suggest } from './problems.ts'
import type { BoundSelection, Instance, ProtoStep, Source, Spread, Workshop } from './proto.ts'
import { resolveSource } from './resolve-source.ts'
import { blindScope, spreadCells } from './spread.ts'
import type { Surroundings } from './surroundings.ts'

/** A pipeline that is used as a function: what feeds it, who uses it, and the files around it. */
export interface Fed extends Pick<Place, 'notes'> {
  readonly inputs: ReadonlyMap<string, readonly Source[]>
  readonly chain: readonly string[]
}

/** Inlines every pipeline used as a node. The order of the returned steps is that of the files. */
export function instantiate(
  root: PipelineFile,
  given: ReadonlyMap<string, Given>,
  workshop: Workshop,
  report: (problem: ParamProblem) => void,
  fed?: Fed,
): Instance {
  const { values: params, unknown } = bindParams(root, given, dirname(root.path), report)
  const env = environmentOf(root, workshop.surroundings)
  const own = fed && Object.fromEntries(Object.keys(params).map(name => [name, `\${params.${name}}`]))
  const scope = {
    params,
    matrix: {},
    env,
    unknown: new Set(unknown.map(name => `params.${name}`)),
    ...(own && { written: own }),
  }
  const spread = { axes: [], cells: [{ ids: {}, values: {}, scope }], known: true }
  const instance = {
    ...spread,
    file: root,
    prefix: '',
    use: undefined,
    inputs: new Map([...unfedInputs(root), ...(fed?.inputs ?? [])]),
    ...(fed?.notes && { notes: fed.notes }),
    selections: [],
    tolerance: {},
    steps: new Map(),
  }
  return expand(instance, [...(fed?.chain ?? []), root.path], workshop)
}

/** Optional inputs of a pipeline that nobody uses, or that a use leaves out. */
function unfedInputs({ inputs }: PipelineFile): readonly (readonly [string, readonly Source[]])[] {
  return [...inputs.values()].flatMap(({ name, optional }) => (optional ? [[name, []] as const] : []))
}

function expand(instance: Instance, chain: readonly string[], workshop: Workshop): Instance {
  const { file, prefix, selections, steps } = instance
  const { registry, problems, surroundings } = workshop
  checkKindsOfInputs(instance, workshop)
  for (const id of file.steps.keys()) expandStep(id)
  return instance

  function expandStep(id: string): ProtoStep | Instance | undefined {
    const made = steps.get(id)
    const declaration = file.steps.get(id)
    if (made !== undefined || declaration === undefined) return made
    const spread = spreadCells(declaration, instance, expandStep, workshop)
    const step = isPipelinePath(declaration.uses) ? placePipeline(declaration, spread) : placeNode(declaration, spread)
    if (step !== undefined) steps.set(id, step)
    return step
  }

  function placeNode(declaration: StepDeclaration, spread: Spread): ProtoStep | undefined {
    const node = registry.nodes.get(declaration.uses)
    if (node === undefined) {
      const nearest = nearestName(declaration.uses, registry.nodes.keys())
      problems.add(instance, ['steps', declaration.id, 'uses'], {
        code: 'unknown-node',
        message: `there is no node \`${declaration.uses}\``,
        fix: suggest(nearest, []) ?? '`maskloom nodes` lists them all',
      })
      return undefined
    }
    const pipelines = openParamPipelines(node, declaration, instance, chain, workshop)
    if (pipelines === undefined) return undefined
    return {
      ...spread,
      id: prefix + declaration.id,
      declaration,
      instance,
      node: withPipelinePorts(node, pipelines),
      pipelines,
      selections: selectionsOf(declaration),
      tolerance: { ...instance.tolerance, ...declaration.tolerance },
    }
  }

  function placePipeline(declaration: StepDeclaration, spread: Spread): Instance | undefined {
    const opened = openInner(declaration.uses, ['steps', declaration.id, 'uses'], instance, chain, workshop)
    if (opened === undefined) return undefined
    checkUse(declaration, instance, workshop)
    const env = environmentOf(opened, surroundings)
    if (spread.cells.length === 0) {
      const scope = blindScope(declaration, spread.axes, file)
      boundParams(declaration, { ids: {}, values: {}, scope }, opened, instance, workshop)
    }
    const cells = spread.cells.map(cell => {
      const { values: params, unknown } = boundParams(declaration, cell, opened, instance, workshop)
      const written = cell.scope.written && writtenParams(declaration, cell, params)
      const hidden = new Set(unknown.map(name => `params.${name}`))
      const scope = { params, matrix: {}, env, unknown: hidden, ...(written && { written }) }
      return { ids: cell.ids, values: cell.values, scope }
    })
    for (const binding of declaration.in.values()) for (const { from } of binding.sources) ensureStep(from)
    const used = { message: `used here as \`${declaration.id}\``, at: file.locate(['steps', declaration.id], 'key') }
    const inner: Instance = {
      file: opened,
      notes: [used, ...(instance.notes ?? [])],
      prefix: `${prefix}${declaration.id}/`,
      use: { instance, declaration },
      axes: spread.axes,
      cells,
      known: spread.known,
      inputs: boundInputs(declaration, opened, instance, workshop),
      selections: selectionsOf(declaration),
      tolerance: { ...instance.tolerance, ...declaration.tolerance },
      steps: new Map(),
    }
    return expand(inner, [...chain, opened.path], workshop)
  }

  /** Those of the pipelines around it, and its own. */
  function selectionsOf(declaration: StepDeclaration): readonly BoundSelection[] {
    if (declaration.items === undefined) return selections
    const { from, equals } = declaration.items
    ensureStep(from)
    const path = ['steps', declaration.id, 'items']
    const sources = resolveSource(instance, { from, where: {}, path })
    const text = equals === undefined ? undefined : String(equals)
    return [...selections, { sources, equals: text, place: instance, path }]
  }

  /** Steps may be written in any order; what a pipeline's inputs refer to must exist first. */
  function ensureStep(from: string): void {
    const dot = from.lastIndexOf('.')
    if (dot >= 0) expandStep(from.slice(0, dot))
  }
}

function checkKindsOfInputs(instance: Instance, { registry, problems }: Workshop): void {
  const known = [...registry.kinds.keys()]
  for (const { name, kind } of instance.file.inputs.values()) {
    if (known.includes(kind)) continue
    problems.add(instance, ['inputs', name, 'kind'], {
      code: 'bad-value',
      message: `there is no kind of value \`${kind}\``,
      fix: suggest(nearestName(kind, known), known),
    })
  }
}

function environmentOf(file: PipelineFile, surroundings: Surroundings): { readonly [name: string]: Json } {
  return Object.fromEntries(
    file.env.flatMap(name => {
      const value = surroundings.environment[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

export function isPipelinePath(uses: string): boolean {
  return uses.startsWith('.') || uses.startsWith('/') || uses.endsWith('.yaml') || uses.endsWith('.yml')
}
