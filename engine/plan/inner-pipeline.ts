import { basename, dirname, relative, resolve } from 'node:path'
import type { Json } from '../base/canonical.ts'
import { nearestName } from '../base/typo.ts'
import type { InputDeclaration, PipelineFile, StepDeclaration, TreePath } from '../contract/pipeline.ts'
import { type BoundParams, bindParams, type Given } from './bind-params.ts'
import { interpolate, type Scope } from './interpolate.ts'
import { wayOutside } from './outside.ts'
import { type Problem, suggest, writtenPath } from './problems.ts'
import type { Instance, ProtoCell, Source, Workshop } from './proto.ts'
import { resolveSource } from './resolve-source.ts'

const maxDepth = 16
/** Uses of pipelines by one pipeline, all levels together: two in each of 16 levels would already be 65,536. */
export const maxUses = 2000

/** The pipeline file behind `uses:` or a parameter, written at `at`; undefined if it cannot be had (reported). */
export function openInner(
  uses: string,
  at: TreePath,
  instance: Instance,
  chain: readonly string[],
  { surroundings, problems, uses: allowed }: Workshop,
): PipelineFile | undefined {
  const { root } = surroundings
  const path = resolve(dirname(instance.file.path), uses)
  const refuse = (problem: Problem) => void problems.add(instance, at, problem)
  const outside = wayOutside(surroundings, path)
  if (outside !== undefined) {
    refuse({
      code: 'outside-root',
      message: `\`${uses}\` is ${outside}`,
      fix: 'move it into the project, or run with --allow-outside',
    })
  } else if (chain.includes(path)) {
    const loop = [...chain.slice(chain.indexOf(path)), path].map(one => relative(root, one)).join(' → ')
    refuse({ code: 'cycle', message: `this pipeline uses itself: ${loop}`, fix: 'take one of these uses out' })
  } else if (chain.length > maxDepth || allowed.left === 0) {
    const limit = allowed.left === 0 ? `${maxUses} uses of pipelines` : `${maxDepth} levels of pipelines in pipelines`
    refuse({ code: 'too-large', message: `more than ${limit}`, fix: 'use the inner ones directly' })
  } else if (surroundings.kindOfPath(path) !== 'file') {
    const folder = dirname(path)
    const there =
      surroundings.kindOfPath(folder) === 'folder' ? surroundings.listFiles(folder, ['*.yaml', '*.yml']) : []
    const nearest = nearestName(basename(path), there)
    const meant = nearest && uses.slice(0, uses.length - basename(path).length) + nearest
    refuse({
      code: 'missing-file',
      message: `there is no pipeline file \`${uses}\` (looked for ${path})`,
      fix: suggest(meant, []) ?? 'a path is relative to the file that contains it',
    })
  } else {
    allowed.left--
    const loaded = surroundings.loadPipeline(path)
    if (loaded.ok) return loaded.value
    problems.addDiagnostics(loaded.problems)
  }
  return undefined
}

/** What only a node can have: `over:`, `join:`, `store:`. */
export function checkUse(declaration: StepDeclaration, instance: Instance, { problems }: Workshop): void {
  const wrong = [
    ...(declaration.over.length > 0 ? ['over'] : []),
    ...(declaration.join === 'exact' ? [] : ['join']),
    ...(Object.keys(declaration.store).length > 0 ? ['store'] : []),
  ]
  for (const key of wrong) {
    problems.add(instance, ['steps', declaration.id, key], {
      code: key === 'over' ? 'bad-axis' : 'bad-value',
      message: `\`${key}:\` is for a step with a node, and \`${declaration.uses}\` is a pipeline`,
      at: 'key',
      fix: `put it on a step of \`${declaration.uses}\``,
    })
  }
}

/** Parameters of the inner pipeline for one cell of the step that uses it. */
export function boundParams(
  declaration: StepDeclaration,
  cell: ProtoCell,
  inner: PipelineFile,
  instance: Instance,
  { problems }: Workshop,
): BoundParams {
  const at = ['steps', declaration.id, 'with']
  const given = new Map<string, Given | undefined>()
  const meant = new Set<string>()
  const known = [...inner.params.keys()]
  for (const [name, tree] of Object.entries(declaration.with)) {
    if (inner.params.has(name)) {
      const value = interpolate(tree, cell.scope, (message, fix) =>
        problems.add(instance, [...at, name], { code: 'bad-reference', message, fix }),
      )
      given.set(name, value === undefined ? undefined : { value, baseDirectory: dirname(instance.file.path) })
      continue
    }
    const free = known.filter(one => !Object.hasOwn(declaration.with, one))
    const nearest = nearestName(name, free) ?? nearestName(name, known)
    if (nearest !== undefined) meant.add(nearest)
    problems.add(instance, [...at, name], {
      code: 'unknown-param',
      message: `\`${declaration.uses}\` has no parameter \`${name}\``,
      at: 'key',
      fix: suggest(nearest, known) ?? 'it has no parameters',
    })
  }
  return bindParams(inner, given, dirname(inner.path), ({ name, missing, type, path, message, fix }) => {
    if (!missing) {
      const place = [...at, name, ...writtenPath(declaration.with[name], path)]
      problems.add(instance, place, { code: 'bad-param', message, fix })
    } else if (!meant.has(name)) {
      problems.add(instance, ['steps', declaration.id], {
        code: 'missing-param',
        message: `\`${declaration.uses}\` needs its parameter \`${name}\` (${type})`,
        at: 'key',
        fix: `add \`with: { ${name}: … }\``,
      })
    }
  })
}

/** Inside a function: the inner parameters in terms of those of the function, where one is given as it is. */
export function writtenParams(
  declaration: StepDeclaration,
  { scope }: ProtoCell,
  values: { readonly [name: string]: Json },
): { readonly [name: string]: Json } {
  const written = Object.entries(values).map(([name, value]) => {
    const tree = declaration.with[name]
    return [name, tree === undefined ? value : (inFunctionTerms(tree, scope) ?? value)] as const
  })
  return Object.fromEntries(written)
}

/** The tree with references to the function's own parameters left in it; undefined where that says nothing. */
export function inFunctionTerms(tree: Json, scope: Scope): Json | undefined {
  if (scope.written === undefined || JSON.stringify(tree).includes('$${')) return undefined
  return interpolate(tree, { ...scope, params: scope.written }, () => {})
}

/** What feeds the inputs of the inner pipeline; undefined for those with a mistake (reported). */
export function boundInputs(
  declaration: StepDeclaration,
  inner: PipelineFile,
  instance: Instance,
  { problems, registry }: Workshop,
): ReadonlyMap<string, readonly Source[] | undefined> {
  const bound = new Map<string, readonly Source[] | undefined>()
  const at = ['steps', declaration.id, 'in']
  const meant = new Set<string>()
  for (const [name, binding] of declaration.in) {
    const declared = inner.inputs.get(name)
    if (declared === undefined) {
      const known = [...inner.inputs.keys()]
      const nearest = nearestName(name, known)
      if (nearest !== undefined) meant.add(nearest)
      problems.add(instance, [...at, name], {
        code: 'unknown-port',
        message: `\`${declaration.uses}\` has no input \`${name}\``,
        at: 'key',
        fix: suggest(nearest, known) ?? 'it takes no inputs',
      })
      continue
    }
    const resolved = binding.sources.map(written => {
      const found = resolveSource(instance, written)
      const complaint = found?.map(source => unlikeDeclared(source, declared)).find(one => one !== undefined)
      if (complaint === undefined) return found
      const note = { message: `\`${name}\` is declared here`, at: inner.locate(['inputs', name], 'key') }
      if (registry.kinds.has(declared.kind)) problems.add(instance, written.path, { ...complaint, notes: [note] })
      return undefined
    })
    const sources = resolved.includes(undefined) ? undefined : resolved.flatMap(one => one ?? [])
    const unfed = sources?.length === 0 && !declared.optional
    if (unfed) problems.add(instance, [...at, name], nothingHere(declaration.uses, name))
    bound.set(name, unfed ? undefined : sources)
  }
  for (const { name, kind, per, optional } of inner.inputs.values()) {
    if (declaration.in.has(name) || meant.has(name)) continue
    if (optional) {
      bound.set(name, [])
      continue
    }
    problems.add(instance, ['steps', declaration.id], {
      code: 'missing-input',
      message: `\`${declaration.uses}\` needs its input \`${name}\` (${kind}, one ${per === 'item' ? 'per item' : 'for all'})`,
      at: 'key',
      fix: `add \`in: { ${name}: … }\``,
    })
  }
  return bound
}

/** Something that has to be fed is bound to an optional input that nobody feeds here. */
export function nothingHere(uses: string, port: string): Problem {
  return {
    code: 'missing-input',
    message: `\`${uses}\` needs its input \`${port}\`, and what it is bound to is an optional input that is not fed`,
    fix: 'feed it where this pipeline is used, or do not make it optional',
  }
}

function unlikeDeclared({ step, port }: Source, declared: InputDeclaration): Problem | undefined {
  const output = step.node.outputs[port]!
  const from = `\`${step.id}.${port}\``
  if (output.kind !== declared.kind) {
    const message = `input \`${declared.name}\` takes ${declared.kind}, and ${from} is ${output.kind}`
    return { code: 'wrong-kind', message }
  }
  if (output.per === declared.per) return undefined
  const message =
    output.per === 'item'
      ? `input \`${declared.name}\` takes one value for all items, and ${from} has one per item`
      : `input \`${declared.name}\` takes a value per item, and ${from} is one value for all items`
  return { code: 'wrong-dimension', message }
}
