import { canonical, type Json } from '../base/canonical.ts'
import { validateAgainst } from '../base/json-schema.ts'
import type { ParamSchema, ParamsSchema, PathRef } from '../contract/node.ts'
import type { TreePath } from '../contract/pipeline.ts'
import type { Hole } from '../contract/pipeline-function.ts'
import type { Feed } from './align.ts'
import { inFunctionTerms } from './inner-pipeline.ts'
import { interpolate, type Scope } from './interpolate.ts'
import { reportMisfits } from './param-problems.ts'
import type { ReadPath } from './path-param.ts'
import { type Problem, type Problems, writtenPath } from './problems.ts'
import type { ProtoStep } from './proto.ts'
import { isFed } from './resolve-source.ts'
import { coordinatesOf, type Weights, weigh } from './weights.ts'

export interface NodeParams {
  /** As the node receives them. */
  readonly params: { readonly [name: string]: Json }
  /** As the key sees them. */
  readonly keyed: { readonly [name: string]: Json }
  /** What feeds the step, without the cells that weigh 0. */
  readonly feeds: Feeds
  /** Inside a function: where values of its parameters stand. */
  readonly holes: readonly Hole[]
}

type Report = (path: TreePath, problem: Problem) => void
type Feeds = ReadonlyMap<string, readonly Feed[]>

/**
 * `with:` of one cell, resolved, checked against the node's schema, with defaults, paths and weights in their final
 * form. Undefined if anything was wrong (reported) or is not known. Without feeds (a step whose inputs are in error)
 * everything but the weights is checked.
 */
export function nodeParams(
  step: ProtoStep,
  scope: Scope,
  feeds: Feeds | undefined,
  readPath: ReadPath,
  problems: Problems,
): NodeParams | undefined {
  const { declaration, node } = step
  const before = problems.all.length
  // Counted apart: a problem that another cell has as well is not added again.
  let misfits = 0
  const report: Report = ([name = '', ...below], problem) => {
    misfits++
    const path = writtenPath(declaration.with[name], below)
    problems.add(step.instance, ['steps', declaration.id, 'with', name, ...path], problem)
  }
  const written: { [name: string]: Json } = {}
  const unknown: string[] = []
  for (const [name, tree] of Object.entries(declaration.with)) {
    const value = interpolate(tree, scope, (message, fix) => report([name], { code: 'bad-reference', message, fix }))
    if (value === undefined) unknown.push(name)
    else written[name] = value
  }
  const byPort = checkPortParams(step, written, report)
  const checked = validateAgainst(withoutRequired(node.params, [...unknown, ...byPort]), written)
  reportMisfits(step, checked.problems, problems, report)
  const wrong = new Set(checked.problems.map(({ path }) => path[0]))
  const params: { [name: string]: Json } = {}
  const keyed: { [name: string]: Json } = {}
  let left: Feeds = feeds ?? new Map()
  for (const [name, value] of Object.entries(checked.value as { readonly [name: string]: Json })) {
    const schema = node.params.properties[name]
    if (schema === undefined || wrong.has(name) || byPort.has(name) || schema['x-weights-of'] !== undefined) continue
    const final = finalForm(step, name, schema, value, readPath, report)
    if (final === undefined) continue
    params[name] = final.value
    if (schema['x-key'] !== false && final.key !== undefined) keyed[name] = final.key
  }
  for (const [name, schema] of Object.entries(node.params.properties)) {
    const port = schema['x-weights-of']
    if (port === undefined || wrong.has(name) || feeds === undefined) continue
    if (byPort.has(name)) {
      params[name] = coordinatesOf(feeds.get(port) ?? [])
      keyed[name] = params[name]
      continue
    }
    // A weights parameter that was left out still means "1 for each".
    const value = (checked.value as { readonly [name: string]: Json })[name] ?? {}
    const weighed = weigh(value as Weights, schema, node, left, (path, problem) => report([name, ...path], problem))
    if (weighed === undefined) continue
    left = weighed.feeds
    params[name] = weighed.weights
    if (schema['x-key'] !== false) keyed[name] = weighed.weights
  }
  for (const [name, schema] of Object.entries(node.params.properties)) {
    const port = schema['x-coordinates-of']
    if (port === undefined) continue
    params[name] = coordinatesOf(left.get(port) ?? [])
    keyed[name] = params[name]
  }
  misfits += checked.problems.length
  if (problems.all.length > before || misfits > 0 || unknown.length > 0) return undefined
  return { params, keyed, feeds: left, holes: holesOf(step, scope) }
}

const ownParam = /^\$\{params\.([A-Za-z0-9_-]+)\}$/

/** Where `with:` takes a parameter of the function as it is, at any depth. Paths and weights take another form first. */
function holesOf({ declaration, node }: ProtoStep, scope: Scope): readonly Hole[] {
  if (scope.written === undefined) return []
  return Object.entries(declaration.with).flatMap(([name, tree]) => {
    const schema = node.params.properties[name]
    const formed = ['x-path', 'x-weights-of', 'x-pipeline', 'x-params-of'].some(keyword => schema?.[keyword])
    return formed ? [] : holesIn(inFunctionTerms(tree, scope) ?? null, [name])
  })
}

function holesIn(tree: Json, path: TreePath): readonly Hole[] {
  if (typeof tree === 'string') {
    const param = ownParam.exec(tree)?.[1]
    return param === undefined ? [] : [{ path, param }]
  }
  if (Array.isArray(tree)) return tree.flatMap((entry, i) => holesIn(entry, [...path, i]))
  if (tree === null || typeof tree !== 'object') return []
  return Object.entries(tree).flatMap(([key, value]) => holesIn(value, [...path, key]))
}

/**
 * Parameters whose value comes through a port. One that is written as well is an error, unless it is written as its
 * default, which says nothing.
 */
function checkPortParams(
  step: ProtoStep,
  written: { readonly [name: string]: Json },
  report: Report,
): ReadonlySet<string> {
  const { node } = step
  const byPort = new Set<string>()
  for (const [name, schema] of Object.entries(node.params.properties)) {
    const port = schema['x-port']
    if (port === undefined || !isFed(step, port)) continue
    byPort.add(name)
    const value = written[name]
    if (value === undefined || ('default' in schema && canonical(value) === canonical(schema['default'] as Json)))
      continue
    report([name], {
      code: 'bad-param',
      message: `\`${name}\` of \`${node.name}\` is given here and by the input \`${port}\``,
      at: 'key',
      fix: 'leave out one of them',
    })
  }
  return byPort
}

/** Names written with a value that is not known, or fed by a port, count as given. */
function withoutRequired(schema: ParamsSchema, given: readonly string[]): ParamsSchema {
  if (given.length === 0) return schema
  return { ...schema, required: (schema.required ?? []).filter(name => !given.includes(name)) }
}

function finalForm(
  step: ProtoStep,
  name: string,
  schema: ParamSchema,
  value: Json,
  readPath: ReadPath,
  report: Report,
): { value: Json; key: Json | undefined } | undefined {
  // What their pipelines do goes into the key instead.
  if (schema['x-pipeline'] || schema['x-params-of'] !== undefined) return { value, key: undefined }
  const pathForm = schema['x-path']
  if (pathForm === undefined) return { value, key: value }
  const globs = schema['x-files'] ?? ['**']
  const names = typeof value === 'string' ? undefined : Object.keys(value as object)
  const texts = (names === undefined ? [value] : Object.values(value as object)) as readonly string[]
  const refs: PathRef[] = []
  for (const [i, text] of texts.entries()) {
    const ref = readPath(step, name, text, pathForm, globs)
    if ('code' in ref) report(names === undefined ? [name] : [name, Array.isArray(value) ? i : names[i]!], ref)
    else refs.push(ref)
  }
  if (refs.length < texts.length) return undefined
  const shaped = (list: readonly Json[]): Json =>
    names === undefined
      ? (list[0] as Json)
      : Array.isArray(value)
        ? list
        : Object.fromEntries(names.map((key, i) => [key, list[i] as Json]))
  // The items of a `files` node carry the content; its folder must not make every key depend on every file.
  const key = step.node.mode === 'files' ? undefined : shaped(refs.map(ref => ref.sha256))
  return { value: shaped(refs.map(({ path, sha256 }) => ({ path, sha256 }))), key }
}
