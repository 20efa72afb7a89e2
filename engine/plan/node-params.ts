import { dirname, resolve } from 'node:path'
import type { Json } from '../base/canonical.ts'
import { recordDigest } from '../base/digest.ts'
import { validateAgainst } from '../base/json-schema.ts'
import { nearestName } from '../base/typo.ts'
import type { ParamSchema, PathRef } from '../contract/node.ts'
import type { Feed } from './align.ts'
import type { ProtoCell, ProtoStep } from './instantiate.ts'
import { interpolate } from './interpolate.ts'
import { wayOutside } from './outside.ts'
import { type Problem, type Problems, suggest } from './problems.ts'
import type { Surroundings } from './surroundings.ts'

export interface NodeParams {
  /** As the node receives them. */
  readonly params: { readonly [name: string]: Json }
  /** As the key sees them. */
  readonly keyed: { readonly [name: string]: Json }
}

/**
 * `with:` of one cell, resolved, checked against the node's schema, with defaults, paths and weights in their final
 * form. Undefined if anything was wrong (reported).
 */
export async function nodeParams(
  step: ProtoStep,
  cell: ProtoCell,
  feeds: ReadonlyMap<string, readonly Feed[]>,
  surroundings: Surroundings,
  problems: Problems,
): Promise<NodeParams | undefined> {
  const { file } = step.instance
  const at = ['steps', step.declaration.id, 'with']
  const before = problems.all.length
  const written: { [name: string]: Json } = {}
  for (const [name, tree] of Object.entries(step.declaration.with)) {
    written[name] = interpolate(tree, cell.scope, message =>
      problems.add(file, [...at, name], { code: 'bad-reference', message }),
    )
  }
  if (problems.all.length > before) return undefined
  const checked = await validateAgainst(step.node.params, written)
  for (const { path, message, fix, at: where } of checked.problems) {
    const missing = path.length === 0
    problems.add(file, missing ? ['steps', step.declaration.id] : [...at, ...path], {
      code: 'bad-param',
      message: `${message} (\`${step.node.name}\`)`,
      at: missing ? 'key' : where,
      fix,
    })
  }
  if (checked.problems.length > 0) return undefined
  const params: { [name: string]: Json } = {}
  const keyed: { [name: string]: Json } = {}
  for (const [name, value] of Object.entries(checked.value as { [name: string]: Json })) {
    const schema = step.node.params.properties[name] as ParamSchema
    const report = (problem: Problem) => problems.add(file, [...at, name], problem)
    const final = finalForm(step, name, schema, value, feeds, surroundings, report)
    if (final === undefined) continue
    params[name] = final.value
    if (schema['x-key'] !== false && final.key !== undefined) keyed[name] = final.key
  }
  // A weights parameter that was left out still means "1 for each".
  for (const [name, schema] of Object.entries(step.node.params.properties)) {
    const port = schema['x-weights-of']
    if (port !== undefined && params[name] === undefined) {
      params[name] = (feeds.get(port) ?? []).map(() => 1)
      keyed[name] = params[name]
    }
  }
  return problems.all.length > before ? undefined : { params, keyed }
}

function finalForm(
  step: ProtoStep,
  name: string,
  schema: ParamSchema,
  value: Json,
  feeds: ReadonlyMap<string, readonly Feed[]>,
  surroundings: Surroundings,
  report: (problem: Problem) => void,
): { value: Json; key: Json | undefined } | undefined {
  const port = schema['x-weights-of']
  if (port !== undefined) {
    const weights = weightsByFeed(value, feeds.get(port) ?? [], report)
    return { value: weights, key: weights }
  }
  const pathForm = schema['x-path']
  if (pathForm === undefined) return { value, key: value }
  const names = typeof value === 'string' ? undefined : Object.keys(value as object)
  const texts = (names === undefined ? [value] : Object.values(value as object)) as readonly string[]
  const refs: PathRef[] = []
  for (const text of texts) {
    const ref = pathRef(step, name, text, pathForm, schema['x-files'] ?? ['**'], surroundings, report)
    if (ref === undefined) return undefined
    refs.push(ref)
  }
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

function pathRef(
  step: ProtoStep,
  name: string,
  text: string,
  form: 'file' | 'folder',
  globs: readonly string[],
  surroundings: Surroundings,
  report: (problem: Problem) => void,
): PathRef | undefined {
  const path = resolve(dirname(step.instance.file.path), text)
  const outside = wayOutside(surroundings, path)
  if (outside !== undefined) {
    report({
      code: 'outside-root',
      message: `\`${name}\` is ${path}, ${outside}`,
      fix: 'move the data into the project, or run with --allow-outside',
    })
    return undefined
  }
  const found = surroundings.kindOfPath(path)
  if (found !== form) {
    report({
      code: found === 'unreadable' ? 'unreadable-file' : 'missing-file',
      message:
        found === 'unreadable'
          ? `\`${name}\`: ${path} may not be read`
          : `\`${name}\` needs a ${form}, and ${path} is ${found === 'missing' ? 'not there' : `a ${found}`}`,
      fix:
        found === 'unreadable'
          ? 'check its permissions'
          : 'a path in a file is relative to that file, one after --set to the working directory',
    })
    return undefined
  }
  if (form === 'file') return { path, sha256: surroundings.fileDigest(path) }
  const files = surroundings.listFiles(path, globs)
  if (files.length === 0) {
    report({ code: 'missing-file', message: `\`${name}\`: ${path} holds no file that matches ${globs.join(', ')}` })
    return undefined
  }
  if (step.node.mode === 'files') return { path, sha256: '' }
  const link = surroundings.listFiles(path, globs, 'links').find(file => !files.includes(file))
  if (link !== undefined) {
    report({
      code: 'bad-file',
      message: `\`${name}\`: ${path}/${link} is reached through a link, and links inside a folder are not followed`,
      fix: 'put the file itself there',
    })
    return undefined
  }
  const listing = files.map(file => [file, surroundings.fileDigest(`${path}/${file}`)] as const)
  return { path, sha256: recordDigest('maskloom.folder.1', listing) }
}

/** Axis → id → weight, as one product per folded value. */
function weightsByFeed(value: Json, feeds: readonly Feed[], report: (problem: Problem) => void): readonly number[] {
  const byAxis = value as { [axis: string]: { [id: string]: number } }
  for (const [axis, weights] of Object.entries(byAxis)) {
    const ids = new Set(feeds.flatMap(feed => feed.step.cells[feed.cell]?.ids[axis] ?? []))
    const known = [...new Set(feeds.flatMap(feed => feed.step.axes))]
    if (ids.size === 0) {
      report({
        code: 'bad-weights',
        message: `weights name the axis \`${axis}\`, which the folded input does not have`,
        fix: suggest(nearestName(axis, known), known),
      })
    }
    for (const id of Object.keys(weights)) {
      if (ids.size === 0 || ids.has(id)) continue
      report({
        code: 'bad-weights',
        message: `weights name ${axis}=${id}, which the folded input does not have`,
        fix: suggest(nearestName(id, ids), [...ids]),
      })
    }
  }
  return feeds.map(feed => {
    const ids = feed.step.cells[feed.cell]?.ids ?? {}
    return Object.entries(byAxis).reduce((product, [axis, weights]) => product * (weights[ids[axis] ?? ''] ?? 1), 1)
  })
}
