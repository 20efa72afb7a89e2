import { dirname, relative, resolve } from 'node:path'
import type { Json } from '../base/canonical.ts'
import { nearestName } from '../base/typo.ts'
import type { NodeDefinition } from '../contract/node.ts'
import type {
  Condition,
  InputSource,
  PipelineFile,
  StepDeclaration,
  Tolerance,
  TreePath,
} from '../contract/pipeline.ts'
import type { Registry } from '../contract/registry.ts'
import { type Combination, combinations, compareCoordinates } from './axes.ts'
import { bindParams, type Given } from './bind-params.ts'
import { interpolate, type Scope } from './interpolate.ts'
import { wayOutside } from './outside.ts'
import { type Problems, suggest } from './problems.ts'
import type { Surroundings } from './surroundings.ts'

/** A step that uses a node, after inlining: where it is written, its axes, and a scope for each of its cells. */
export interface ProtoStep {
  /** `propose`, or `leaf/propose`. */
  readonly id: string
  readonly declaration: StepDeclaration
  readonly instance: Instance
  readonly node: NodeDefinition
  /** Axes of the pipelines around it first. */
  readonly axes: readonly string[]
  /** In canonical order. */
  readonly cells: readonly ProtoCell[]
  readonly selections: readonly BoundSelection[]
  /** Its own, and for what it does not say that of the steps that use its pipeline. */
  readonly tolerance: Partial<Tolerance>
}

export interface ProtoCell {
  readonly ids: { readonly [axis: string]: string }
  /** Values behind the ids of the step's own axes and those around it. */
  readonly values: { readonly [axis: string]: Json }
  readonly scope: Scope
}

/** One use of a pipeline file (the root is a use as well). */
export interface Instance {
  readonly file: PipelineFile
  /** `leaf/`; empty for the root. */
  readonly prefix: string
  readonly axes: readonly string[]
  readonly cells: readonly ProtoCell[]
  /** What feeds the file's `inputs:`; undefined at the root, where they are unbound. */
  readonly inputs: ReadonlyMap<string, readonly Source[]> | undefined
  /** Selections of the steps that use this pipeline; they hold for every step in it. */
  readonly selections: readonly BoundSelection[]
  readonly tolerance: Partial<Tolerance>
  readonly steps: Map<string, ProtoStep | Instance>
}

/** `items:` of a step, resolved where it was written. */
export interface BoundSelection {
  readonly sources: readonly Source[]
  readonly equals: string | undefined
  readonly file: PipelineFile
  readonly path: TreePath
}

/** A port of a step together with the conditions met on the way to it. */
export interface Source {
  readonly step: ProtoStep
  readonly port: string
  readonly where: readonly Condition[]
}

const maxDepth = 16
/** Uses of pipelines by one pipeline, all levels together: two in each of 16 levels would already be 65,536. */
const maxUses = 2000

/** Inlines every pipeline used as a node. The order of the returned steps is that of the files. */
export function instantiate(
  root: PipelineFile,
  given: ReadonlyMap<string, Given>,
  registry: Registry,
  surroundings: Surroundings,
  problems: Problems,
  settingProblem: (name: string, message: string) => void,
): Instance {
  const params = bindParams(root, given, dirname(root.path), (name, message) => settingProblem(name, message))
  const scope: Scope = { params, matrix: {}, env: environmentOf(root, surroundings) }
  return expand(
    root,
    '',
    [],
    [{ ids: {}, values: {}, scope }],
    undefined,
    [],
    {},
    [root.path],
    { left: maxUses },
    registry,
    surroundings,
    problems,
  )
}

/** Node steps of an instance and of the pipelines in it. */
export function protoSteps(instance: Instance): readonly ProtoStep[] {
  return [...instance.steps.values()].flatMap(step => ('node' in step ? [step] : protoSteps(step)))
}

/** Follows `step.port` or the name of an input to the ports behind it; unknown names were reported on loading. */
export function resolveSource(instance: Instance, source: Pick<InputSource, 'from' | 'where'>): readonly Source[] {
  const where = Object.keys(source.where).length === 0 ? [] : [source.where]
  const dot = source.from.lastIndexOf('.')
  if (dot < 0) {
    return (instance.inputs?.get(source.from) ?? []).map(found => ({ ...found, where: [...found.where, ...where] }))
  }
  const step = instance.steps.get(source.from.slice(0, dot))
  const port = source.from.slice(dot + 1)
  if (step === undefined) return []
  if ('node' in step) return [{ step, port, where }]
  const output = step.file.outputs.get(port)
  if (output === undefined) return []
  return resolveSource(step, output).map(found => ({ ...found, where: [...found.where, ...where] }))
}

function expand(
  file: PipelineFile,
  prefix: string,
  axes: readonly string[],
  cells: readonly ProtoCell[],
  inputs: Instance['inputs'],
  selections: readonly BoundSelection[],
  tolerance: Partial<Tolerance>,
  chain: readonly string[],
  uses: { left: number },
  registry: Registry,
  surroundings: Surroundings,
  problems: Problems,
): Instance {
  const instance: Instance = { file, prefix, axes, cells, inputs, selections, tolerance, steps: new Map() }
  for (const id of file.steps.keys()) expandStep(id)
  return instance

  function expandStep(id: string): ProtoStep | Instance | undefined {
    const made = instance.steps.get(id)
    const declaration = file.steps.get(id)
    if (made !== undefined || declaration === undefined) return made
    const spread = spreadCells(declaration)
    const step = isPipelinePath(declaration.uses) ? placePipeline(declaration, spread) : placeNode(declaration, spread)
    if (step !== undefined) instance.steps.set(id, step)
    return step
  }

  function placeNode(declaration: StepDeclaration, spread: Spread): ProtoStep | undefined {
    const node = registry.nodes.get(declaration.uses)
    if (node === undefined) {
      const known = [...registry.nodes.keys()]
      problems.add(file, ['steps', declaration.id, 'uses'], {
        code: 'unknown-node',
        message: `there is no node \`${declaration.uses}\``,
        fix: suggest(nearestName(declaration.uses, known), known),
      })
      return undefined
    }
    return {
      id: prefix + declaration.id,
      declaration,
      instance,
      node,
      selections: selectionsOf(declaration),
      tolerance: { ...tolerance, ...declaration.tolerance },
      ...spread,
    }
  }

  function placePipeline(declaration: StepDeclaration, spread: Spread): Instance | undefined {
    const at = ['steps', declaration.id, 'uses']
    const path = resolve(dirname(file.path), declaration.uses)
    const outside = wayOutside(surroundings, path)
    if (outside !== undefined) {
      problems.add(file, at, {
        code: 'outside-root',
        message: `\`${declaration.uses}\` is ${outside}`,
        fix: 'move it into the project, or run with --allow-outside',
      })
      return undefined
    }
    if (chain.length > maxDepth || uses.left === 0) {
      const limit = uses.left === 0 ? `${maxUses} uses of pipelines` : `${maxDepth} levels of pipelines in pipelines`
      problems.add(file, at, { code: 'too-large', message: `more than ${limit}` })
      return undefined
    }
    uses.left--
    if (chain.includes(path)) {
      const loop = [...chain.slice(chain.indexOf(path)), path].map(one => relative(surroundings.root, one)).join(' → ')
      problems.add(file, at, { code: 'cycle', message: `this pipeline uses itself: ${loop}` })
      return undefined
    }
    if (surroundings.kindOfPath(path) !== 'file') {
      problems.add(file, at, {
        code: 'missing-file',
        message: `there is no pipeline file \`${declaration.uses}\` (looked for ${path})`,
        fix: 'a path is relative to the file that contains it',
      })
      return undefined
    }
    const loaded = surroundings.loadPipeline(path)
    if (!loaded.ok) {
      problems.addDiagnostics(loaded.problems)
      return undefined
    }
    const inner = loaded.value
    if (declaration.over.length > 0) {
      problems.add(file, ['steps', declaration.id, 'over'], {
        code: 'bad-axis',
        message: 'a pipeline used as a node cannot fold axes itself',
        fix: 'put `over:` on a step inside it',
      })
    }
    const innerCells = spread.cells.map(cell => {
      const given = givenParams(declaration, cell, inner)
      const params = bindParams(inner, given, dirname(inner.path), (name, message) => {
        const written = declaration.with[name] !== undefined
        problems.add(file, written ? ['steps', declaration.id, 'with', name] : ['steps', declaration.id, 'uses'], {
          code: written ? 'bad-param' : 'missing-param',
          message: `${message}${written ? '' : `, and \`${declaration.uses}\` needs it`}`,
        })
      })
      return {
        ids: cell.ids,
        values: cell.values,
        scope: { params, matrix: {}, env: environmentOf(inner, surroundings) },
      }
    })
    return expand(
      inner,
      `${prefix}${declaration.id}/`,
      spread.axes,
      innerCells,
      boundInputs(declaration, inner),
      selectionsOf(declaration),
      { ...tolerance, ...declaration.tolerance },
      [...chain, path],
      uses,
      registry,
      surroundings,
      problems,
    )
  }

  function givenParams(declaration: StepDeclaration, cell: ProtoCell, inner: PipelineFile): ReadonlyMap<string, Given> {
    const given = new Map<string, Given>()
    for (const [name, tree] of Object.entries(declaration.with)) {
      if (!inner.params.has(name)) {
        const known = [...inner.params.keys()]
        problems.add(file, ['steps', declaration.id, 'with', name], {
          code: 'unknown-param',
          message: `\`${declaration.uses}\` has no parameter \`${name}\``,
          at: 'key',
          fix: suggest(nearestName(name, known), known),
        })
        continue
      }
      given.set(name, {
        value: interpolated(tree, cell.scope, ['steps', declaration.id, 'with', name]),
        baseDirectory: dirname(file.path),
      })
    }
    return given
  }

  function boundInputs(declaration: StepDeclaration, inner: PipelineFile): ReadonlyMap<string, readonly Source[]> {
    const bound = new Map<string, readonly Source[]>()
    for (const [name, binding] of declaration.in) {
      if (!inner.inputs.has(name)) {
        const known = [...inner.inputs.keys()]
        problems.add(file, ['steps', declaration.id, 'in', name], {
          code: 'unknown-port',
          message: `\`${declaration.uses}\` has no input \`${name}\``,
          at: 'key',
          fix: suggest(nearestName(name, known), known),
        })
        continue
      }
      for (const source of binding.sources) ensureStep(source.from)
      bound.set(
        name,
        binding.sources.flatMap(source => resolveSource(instance, source)),
      )
    }
    for (const name of inner.inputs.keys()) {
      if (declaration.in.has(name)) continue
      problems.add(file, ['steps', declaration.id], {
        code: 'missing-input',
        message: `\`${declaration.uses}\` needs its input \`${name}\``,
        at: 'key',
        fix: `add \`in: { ${name}: … }\``,
      })
    }
    return bound
  }

  /** Those of the pipelines around it, and its own. */
  function selectionsOf(declaration: StepDeclaration): readonly BoundSelection[] {
    if (declaration.items === undefined) return selections
    const { from, equals } = declaration.items
    ensureStep(from)
    const sources = resolveSource(instance, { from, where: {} })
    const path = ['steps', declaration.id, 'items']
    return [...selections, { sources, equals: equals === undefined ? undefined : String(equals), file, path }]
  }

  /** Steps may be written in any order; what a pipeline's inputs refer to must exist first. */
  function ensureStep(from: string): void {
    const dot = from.lastIndexOf('.')
    if (dot >= 0) expandStep(from.slice(0, dot))
  }

  function spreadCells(declaration: StepDeclaration): Spread {
    const { matrix } = declaration
    if (matrix === undefined) return { axes, cells }
    if (matrix.form === 'of') {
      const other = expandStep(matrix.step)
      return other === undefined ? { axes, cells } : { axes: other.axes, cells: other.cells }
    }
    const report = (path: readonly (string | number)[], message: string, fix?: string) =>
      problems.add(file, ['steps', declaration.id, 'matrix', ...path], { code: 'bad-matrix', message, fix })
    const own = matrix.form === 'rows' ? ['row'] : [...matrix.axes.keys()]
    for (const axis of own) {
      if (!axes.includes(axis)) continue
      report([axis], `axis \`${axis}\` is already an axis of the pipeline around this one`, 'give it another name')
      return { axes, cells }
    }
    const spread = cells.flatMap(cell => {
      const tree = interpolatedMatrix(declaration, cell.scope)
      return tree === undefined ? [] : combinations(tree, report).map(combination => extendCell(cell, combination))
    })
    const names = [...axes, ...own]
    return { axes: names, cells: [...spread].sort((a, b) => compareCoordinates(names, a.ids, b.ids)) }
  }

  function interpolatedMatrix(declaration: StepDeclaration, scope: Scope) {
    const { matrix } = declaration
    const at = ['steps', declaration.id, 'matrix']
    if (matrix === undefined || matrix.form === 'of') return undefined
    if (matrix.form === 'rows')
      return { form: 'rows' as const, rows: interpolated(matrix.rows, scope, [...at, 'rows']) }
    const resolved = new Map<string, Json>()
    for (const [name, list] of matrix.axes) resolved.set(name, interpolated(list, scope, [...at, name]))
    const add = matrix.add.map(
      coordinates => interpolated(coordinates, scope, [...at, 'add']) as { [axis: string]: Json },
    )
    return { ...matrix, axes: resolved, add }
  }

  function interpolated(tree: Json, scope: Scope, path: readonly (string | number)[]): Json {
    return interpolate(tree, scope, message => problems.add(file, path, { code: 'bad-reference', message }))
  }
}

interface Spread {
  readonly axes: readonly string[]
  readonly cells: readonly ProtoCell[]
}

function extendCell(cell: ProtoCell, combination: Combination): ProtoCell {
  return {
    ids: { ...cell.ids, ...combination.ids },
    values: { ...cell.values, ...combination.values },
    scope: { ...cell.scope, matrix: { ...cell.scope.matrix, ...combination.values } },
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
