import { canonical, type Json } from '../base/canonical.ts'
import { TaskError } from '../base/diagnostic.ts'
import type { NodeDefinition, NodeParts, RunContext, Values } from '../contract/node.ts'
import {
  type CompiledFunction,
  type FunctionParams,
  type FunctionSource,
  type FunctionTask,
  filledParams,
} from '../contract/pipeline-function.ts'
import type { Registry } from '../contract/registry.ts'
import type { Held, Place } from './value-memo.ts'

/** A task of a function with what running it needs. */
export interface ReadyTask {
  readonly task: FunctionTask
  readonly node: NodeDefinition
  /** Absent too if another reduction feeds the task: its parts would not depend on their items alone. */
  readonly parts: NodeParts | undefined
  readonly context: RunContext
}

/** Parameters of a task. Equal ones have one number. */
export interface ReadyParams {
  readonly params: Values
  readonly id: number
}

/** An item of the function's inputs, and what the tasks made of it. */
export interface FunctionItemState {
  readonly id: string
  readonly inputs: { readonly [name: string]: Held }
  /** By task; for collection tasks the parts of the item. */
  readonly places: readonly Place[]
}

/** Outputs of the per-item tasks by task; nothing for others. */
export type Row = readonly ({ readonly [port: string]: Held } | undefined)[]

export function readyTask(task: FunctionTask, registry: Registry, outer: RunContext): ReadyTask {
  const node = registry.nodes.get(task.node)
  if (node === undefined) throw new Error(`internal: the worker's registry has no node ${task.node}`)
  const fromItems = task.inputs.every(({ port, sources }) =>
    sources.every(source => 'input' in source || isPerItem(node, port)),
  )
  const { inputTypes, wanted } = task
  const context = { ...outer, itemId: undefined, wanted: new Set(wanted), inputTypes, note: () => {} }
  return { task, node, parts: fromItems ? node.parts : undefined, context }
}

export function isPerItem(node: NodeDefinition, port: string): boolean {
  return node.inputs[port]!.per === 'item'
}

/** Fills in the parameters of all tasks, once for each object of values and each set of equal ones. */
export function paramsFiller({ tasks }: CompiledFunction): (values: FunctionParams) => readonly ReadyParams[] {
  const byObject = new WeakMap<FunctionParams, readonly ReadyParams[]>()
  const byText = tasks.map(() => new Map<string, ReadyParams>())
  return values => {
    const known = byObject.get(values)
    if (known !== undefined) return known
    const made = tasks.map((task, t) => {
      const text = canonical(Object.fromEntries(task.holes.map(({ param }) => [param, values[param] ?? null])))
      const seen = byText[t]!
      const params = seen.get(text) ?? { params: filledParams(task, values), id: seen.size }
      seen.set(text, params)
      return params
    })
    byObject.set(values, made)
    return made
  }
}

/** Values of one item at the ports of a task, and what tells them from others. */
export function inputsOf(
  { inputs }: FunctionTask,
  item: FunctionItemState,
  row: Row,
): { readonly key: string; readonly fed: Values } {
  let key = ''
  const fed: { [port: string]: unknown } = {}
  for (const { port, many, sources } of inputs) {
    const list = sources.map(source => heldAt(source, item, row))
    for (const one of list) key += `${one?.id},`
    fed[port] = many ? list.map(one => one?.value) : list[0]?.value
  }
  return { key, fed }
}

export function heldAt(source: FunctionSource, item: FunctionItemState, row: Row): Held | undefined {
  return 'input' in source ? item.inputs[source.input] : row[source.task]?.[source.port]
}

/** Says in which step of the function it happened, and with which parameters. */
export function inStep(
  { address, holes }: FunctionTask,
  params: ReadyParams,
  item: string | undefined,
  error: unknown,
) {
  if (!(error instanceof TaskError)) return error
  const values = holes.map(({ path }) => `${path.join('.')} ${JSON.stringify(valueAt(params.params as Json, path))}`)
  const where = [`step ${address}`, ...values, ...(item === undefined ? [] : [`item ${item}`])].join(', ')
  const { diagnostic } = error
  return new TaskError({ ...diagnostic, message: `${where}: ${diagnostic.message}` }, { cause: error })
}

function valueAt(tree: Json, path: readonly (string | number)[]): Json {
  return path.reduce<Json>((at, segment) => (at as { readonly [key: string]: Json })[segment] as Json, tree)
}
