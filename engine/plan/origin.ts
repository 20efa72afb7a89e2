import type { Json } from '../base/canonical.ts'
import type { Span } from '../base/diagnostic.ts'
import type { StepDeclaration, TreePath } from '../contract/pipeline.ts'
import { coordinateId } from './axes.ts'
import type { Given } from './bind-params.ts'
import type { Instance, ProtoStep } from './proto.ts'
import { cellAddress } from './types.ts'

/** Where a value of a parameter is written: in a file, or outside (`--set box_nms_iou`, `environment variable DATA`). */
export type Origin = { readonly at: Span } | { readonly outside: string }

/** What a value was and is: tells which of several references in a text brought the change. */
export interface ValueChange {
  readonly before: Json | undefined
  readonly after: Json | undefined
}

/** Origin of a parameter of a cell, by the cell's address and the path inside `with:`; undefined: the node's default. */
export type OriginOf = (address: string, path: TreePath, change?: ValueChange) => Origin | undefined

const reference = /^\$\{\s*(params|matrix|env)\.([^}]+?)\s*\}$/

/** Follows references from a step to where the value stands, through pipelines used as nodes and matrices. */
export function originFinder(protos: readonly ProtoStep[], given: ReadonlyMap<string, Given>): OriginOf {
  const byAddress = new Map<string, { readonly step: ProtoStep; readonly cell: number }>()
  for (const step of protos) {
    for (const cell of step.cells.keys()) byAddress.set(cellAddress(step, cell), { step, cell })
  }
  return (address, path, change) => {
    const found = byAddress.get(address)
    const [name] = path
    if (found === undefined || name === undefined) return undefined
    const { step, cell } = found
    const ids = step.cells[cell]!.ids
    const tree = step.declaration.with[String(name)]
    if (tree === undefined) return undefined
    const start = ['steps', step.declaration.id, 'with', name]
    const { instance, declaration } = step
    return trace({ instance, declaration, ids, given, ...(change && { change }) }, start, tree, path.slice(1))
  }
}

export interface Trail {
  readonly instance: Instance
  readonly declaration: StepDeclaration
  readonly ids: { readonly [axis: string]: string }
  readonly given: ReadonlyMap<string, Given>
  readonly change?: ValueChange
}

/** `tree` stands at `at` in the trail's file; `rest` leads on into its value. */
function trace(trail: Trail, at: TreePath, tree: Json | undefined, rest: TreePath): Origin {
  const match = typeof tree === 'string' ? (reference.exec(tree) ?? changedReference(tree, trail.change)) : null
  if (match !== null) return follow(trail, at, match[1]!, match[2]!.split('.'), rest)
  const [next, ...further] = rest
  if (next === undefined || tree === null || typeof tree !== 'object') return { at: trail.instance.file.locate(at) }
  const inner = (tree as { readonly [key: string]: Json })[next]
  const segment = Array.isArray(tree) ? Number(next) : next
  return trace(trail, inner === undefined ? at : [...at, segment], inner, inner === undefined ? [] : further)
}

/** The reference inside a longer text whose value differs, if the rest of the text is what it was. */
function changedReference(text: string, change: ValueChange | undefined): RegExpExecArray | null {
  const parts = text.split(/(\$\{[^}]*\})/)
  const { before, after } = change ?? {}
  if (parts.length === 1 || typeof before !== 'string' || typeof after !== 'string') return null
  const literal = (part: string) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const form = new RegExp(`^${parts.map((part, i) => (i % 2 === 1 ? '([^]*?)' : literal(part))).join('')}$`)
  const [old, now] = [form.exec(before), form.exec(after)]
  const differing = parts.findIndex((_, i) => i % 2 === 1 && old?.[(i + 1) / 2] !== now?.[(i + 1) / 2])
  return old === null || now === null || differing < 0 ? null : reference.exec(parts[differing]!)
}

function follow(trail: Trail, at: TreePath, namespace: string, name: readonly string[], rest: TreePath): Origin {
  const [head, ...fields] = name as [string, ...string[]]
  if (namespace === 'env') return { outside: `environment variable ${head}` }
  return namespace === 'params'
    ? paramOrigin(trail, head, [...fields, ...rest])
    : axisOrigin(trail, at, head, [...fields, ...rest])
}

/** What was given to the pipeline, or the default in its file. */
function paramOrigin(trail: Trail, name: string, rest: TreePath): Origin {
  const { instance, ids, given } = trail
  const { use, file } = instance
  if (use === undefined && given.has(name)) {
    const at = given.get(name)?.at
    return at === undefined ? { outside: `--set ${name}` } : { at }
  }
  const written = use?.declaration.with[name]
  if (use !== undefined && written !== undefined) {
    const start = ['steps', use.declaration.id, 'with', name]
    return trace({ instance: use.instance, declaration: use.declaration, ids, given }, start, written, rest)
  }
  const declared = ['params', name, 'default']
  return trace(trail, declared, file.params.get(name)?.default, rest)
}

/** The entry of the axis that this cell has. */
export function axisOrigin(trail: Trail, at: TreePath, axis: string, rest: TreePath): Origin {
  const { declaration, instance, ids } = trail
  const { matrix } = declaration
  if (matrix?.form === 'of') {
    const other = instance.file.steps.get(matrix.step)
    return other === undefined
      ? { at: instance.file.locate(at) }
      : axisOrigin({ ...trail, declaration: other }, at, axis, rest)
  }
  const list = matrix?.form === 'rows' ? matrix.rows : matrix?.axes.get(axis)
  const path = ['steps', declaration.id, 'matrix', ...(matrix?.form === 'rows' ? ['rows'] : [axis])]
  if (!Array.isArray(list)) return trace(trail, path, list, entryOf(trail, list, axis).concat(rest))
  const index = list.findIndex(entry => coordinateId(entry) === ids[axis])
  return index < 0 ? { at: instance.file.locate(path) } : trace(trail, [...path, index], list[index], rest)
}

/** Position of the cell's entry in a list that a reference brings. */
function entryOf({ instance, ids }: Trail, list: Json | undefined, axis: string): TreePath {
  const match = typeof list === 'string' ? reference.exec(list) : null
  const values = match === null ? undefined : instance.cells[0]?.scope.params[match[2]!]
  const index = Array.isArray(values) ? values.findIndex(entry => coordinateId(entry) === ids[axis]) : -1
  return index < 0 ? [] : [index]
}
