import { canonical, type Json } from '../base/canonical.ts'
import { compareText, TaskError } from '../base/diagnostic.ts'
import type { Collection, NodeDefinition, NodeParts, RunContext, Values } from '../contract/node.ts'
import {
  type CompiledFunction,
  type EvaluatedItems,
  type FunctionItem,
  type FunctionParams,
  type FunctionSource,
  type FunctionTask,
  filledParams,
  type PipelineFunction,
} from '../contract/pipeline-function.ts'
import type { Registry } from '../contract/registry.ts'
import { heldBytes } from './value-identity.ts'
import { createValueMemo, type Held, type Place } from './value-memo.ts'

export interface FunctionServices {
  readonly registry: Registry
  /** Of the task that evaluates the function. */
  readonly outer: RunContext
  readonly memoryBytes: number
}

/** A task with what running it needs, and its parameters for values seen before. */
interface ReadyTask {
  readonly task: FunctionTask
  readonly node: NodeDefinition
  /** Absent too if another reduction feeds the task: its parts would not only depend on their items. */
  readonly parts: NodeParts | undefined
  readonly context: RunContext
  readonly known: Map<string, ReadyParams>
}

interface ReadyParams {
  readonly params: Values
  /** Equal parameters of a task have one number. */
  readonly id: number
}

interface Item {
  readonly id: string
  readonly inputs: { readonly [name: string]: Held }
  /** By task; parts of collection tasks as well. */
  readonly places: readonly Place[]
}

/** Outputs by task; those of collection tasks are filled in later. */
type Row = readonly ({ readonly [port: string]: Held } | undefined)[]

/** A function over decoded values: the items of its inputs stay in memory, and so does what was made of them. */
export async function openFunction(
  compiled: CompiledFunction,
  inputs: Values,
  services: FunctionServices,
): Promise<PipelineFunction> {
  const { registry, outer, memoryBytes } = services
  const { values, collections } = await readInputs(compiled, inputs, services)
  const inputBytes = [...values.values()].reduce((sum, held) => sum + heldBytes(held), 0)
  if (inputBytes > memoryBytes / 2) throw tooLittleMemory(inputBytes, memoryBytes)
  const memo = createValueMemo(memoryBytes / 2 - inputBytes)
  const ready = compiled.tasks.map(task => readyTask(task, services))
  const shared = held(collections)
  const items = new Map(
    [...values].map(([id, own]): [string, Item] => [
      id,
      { id, inputs: { ...shared, ...held(own) }, places: compiled.tasks.map(() => memo.place()) },
    ]),
  )
  const reducing = ready.filter(({ task }) => task.per === 'collection')
  const resamples = reducing.every(one => one.parts !== undefined || !readsItems(one))
  const paramsOf = new WeakMap<FunctionParams, readonly ReadyParams[]>()
  return { ids: [...items.keys()], resamples, evaluate }

  function held(own: Values): { readonly [name: string]: Held } {
    return Object.fromEntries(Object.entries(own).map(([name, value]) => [name, memo.hold(value)]))
  }

  async function evaluate(chosen: readonly FunctionItem[]): Promise<EvaluatedItems> {
    // Lets messages through: a search must hear that it is to stop.
    await new Promise(resolve => setImmediate(resolve))
    outer.signal.throwIfAborted()
    const rows: Row[] = []
    for (const { id, params } of chosen) {
      const item = items.get(id)
      if (item === undefined) throw new Error(`internal: the inputs have no item ${id}`)
      rows.push(await evaluateItem(item, readyParams(params)))
    }
    return {
      outputs: (names, positions) => reduce(names, chosen, rows, positions ?? [...chosen.keys()]),
    }
  }

  async function evaluateItem(item: Item, params: readonly ReadyParams[]): Promise<Row> {
    const row: ({ readonly [port: string]: Held } | undefined)[] = []
    for (const [t, one] of ready.entries()) {
      if (one.task.per === 'collection') {
        row.push(undefined)
        continue
      }
      const { key, fed } = inputsOf(one.task, item, row)
      const name = `${params[t]!.id}|${key}`
      const known = memo.find(item.places[t]!, name)
      if (known !== undefined) {
        row.push(known.outputs)
        continue
      }
      try {
        const context = one.node.usesItemId ? { ...one.context, itemId: item.id } : one.context
        const returned = one.node.run(fed as never, params[t]!.params as never, context)
        const made = (returned instanceof Promise ? await returned : returned) as Values
        const wanted = Object.fromEntries(one.task.wanted.map(port => [port, made[port]]))
        row.push(memo.keep(item.places[t]!, name, wanted).outputs)
      } catch (error) {
        throw inStep(one.task, params[t]!, item.id, error)
      }
    }
    return row
  }

  /** Values of one item at the ports of a task, and what tells them from others. */
  function inputsOf(task: FunctionTask, item: Item, row: Row): { readonly key: string; readonly fed: Values } {
    let key = ''
    const fed: { [port: string]: unknown } = {}
    for (const { port, many, sources } of task.inputs) {
      const list = sources.map(source => heldAt(source, item, row))
      for (const one of list) key += `${one?.id},`
      fed[port] = many ? list.map(one => one?.value) : list[0]?.value
    }
    return { key, fed }
  }

  function heldAt(source: FunctionSource, item: Item, row: Row): Held | undefined {
    return 'input' in source ? item.inputs[source.input] : row[source.task]?.[source.port]
  }

  function readyParams(values: FunctionParams): readonly ReadyParams[] {
    const known = paramsOf.get(values)
    if (known !== undefined) return known
    const made = ready.map(({ task, known: seen }) => {
      const own = Object.fromEntries(task.holes.map(({ param }) => [param, values[param] ?? null]))
      const name = canonical(own)
      const params = seen.get(name) ?? { params: filledParams(task, values), id: seen.size }
      seen.set(name, params)
      return params
    })
    paramsOf.set(values, made)
    return made
  }

  async function reduce(
    names: readonly string[],
    chosen: readonly FunctionItem[],
    rows: readonly Row[],
    positions: readonly number[],
  ): Promise<Values> {
    const first = chosen[positions[0] ?? 0]
    const params = readyParams(first?.params ?? {})
    const needed = tasksBehind(names)
    const results: (Values | undefined)[] = []
    for (const [t, one] of ready.entries()) {
      const wanted = one.task.per === 'collection' && needed.has(t)
      results.push(wanted ? await runReduction(t, one, params[t]!, chosen, rows, positions, results) : undefined)
    }
    return Object.fromEntries(
      names.map(name => {
        const { source } = compiled.outputs[name]!
        return [name, 'input' in source ? collections[source.input] : results[source.task]?.[source.port]]
      }),
    )
  }

  function tasksBehind(names: readonly string[]): ReadonlySet<number> {
    const needed = new Set<number>()
    const visit = (source: FunctionSource) => {
      if ('input' in source || needed.has(source.task)) return
      needed.add(source.task)
      for (const input of compiled.tasks[source.task]!.inputs) input.sources.forEach(visit)
    }
    for (const name of names) visit(compiled.outputs[name]!.source)
    return needed
  }

  async function runReduction(
    t: number,
    { task, node, parts: byParts, context }: ReadyTask,
    params: ReadyParams,
    chosen: readonly FunctionItem[],
    rows: readonly Row[],
    positions: readonly number[],
    results: readonly (Values | undefined)[],
  ): Promise<Values> {
    const valueAt = (source: FunctionSource) =>
      'input' in source ? collections[source.input] : results[source.task]?.[source.port]
    try {
      if (byParts === undefined) {
        const fed = task.inputs.map(({ port, many, sources }) => {
          const list = sources.map(source =>
            isPerItem(node, port) ? collectionOf(source, chosen, rows, positions) : valueAt(source),
          )
          return [port, many ? list : list[0]] as const
        })
        return (await node.run(Object.fromEntries(fed) as never, params.params as never, context)) as Values
      }
      const parts = positions.map(position => {
        const item = items.get(chosen[position]!.id)!
        const { key, fed } = inputsOf(task, item, rows[position]!)
        const name = `${params.id}|${key}`
        const place = item.places[t]!
        const known = memo.find(place, name)
        if (known !== undefined) return known.outputs['part']!.value
        const part = byParts.of({ id: item.id, values: fed }, params.params as never, context)
        memo.keep(place, name, { part })
        return part
      })
      return byParts.reduce(parts, params.params as never, context)
    } catch (error) {
      throw inStep(task, params, undefined, error)
    }
  }

  function collectionOf(
    source: FunctionSource,
    chosen: readonly FunctionItem[],
    rows: readonly Row[],
    positions: readonly number[],
  ): Collection {
    const sorted = [...positions].sort((a, b) => compareText(chosen[a]!.id, chosen[b]!.id))
    return {
      digest: '',
      ids: sorted.map(position => chosen[position]!.id),
      failed: new Set(),
      items: {
        async *[Symbol.asyncIterator]() {
          for (const position of sorted) {
            const { id } = chosen[position]!
            yield { id, value: heldAt(source, items.get(id)!, rows[position]!)?.value }
          }
        },
      },
    }
  }

  function readyTask(task: FunctionTask, { outer: around }: FunctionServices): ReadyTask {
    const node = registry.nodes.get(task.node)
    if (node === undefined) throw new Error(`internal: the worker's registry has no node ${task.node}`)
    const context: RunContext = {
      ...around,
      itemId: undefined,
      wanted: new Set(task.wanted),
      inputTypes: task.inputTypes,
      note: () => {},
    }
    const fromItems = task.inputs.every(({ port, sources }) =>
      sources.every(one => 'input' in one || isPerItem(node, port)),
    )
    return { task, node, parts: fromItems ? node.parts : undefined, context, known: new Map() }
  }
}

function isPerItem(node: NodeDefinition, port: string): boolean {
  return node.inputs[port]!.per === 'item'
}

function readsItems({ task, node }: ReadyTask): boolean {
  return task.inputs.some(({ port }) => isPerItem(node, port))
}

/** Values by item and input, and by input those that are one for all. */
async function readInputs(
  compiled: CompiledFunction,
  inputs: Values,
  { registry }: FunctionServices,
): Promise<{ readonly values: ReadonlyMap<string, Values>; readonly collections: Values }> {
  const values = new Map<string, { [name: string]: unknown }>()
  const collections: { [name: string]: unknown } = {}
  const perItem = compiled.inputs.filter(({ per }) => per === 'item')
  const sizes: (readonly [name: string, ids: readonly string[]])[] = []
  for (const { name, kind, per } of compiled.inputs) {
    const prepare = registry.kinds.get(kind)?.forRepeatedUse ?? ((value: unknown) => value)
    if (per === 'collection') {
      collections[name] = prepare(inputs[name])
      continue
    }
    const { ids, items } = inputs[name] as Collection
    sizes.push([name, ids])
    for await (const { id, value } of items) {
      const own = values.get(id) ?? {}
      own[name] = prepare(value)
      values.set(id, own)
    }
  }
  for (const [id, own] of values) {
    const missing = perItem.find(({ name }) => !(name in own))
    if (missing === undefined) continue
    const shown = sizes.map(([name, ids]) => `${name}: ${ids.length}`).join(', ')
    throw new TaskError({
      code: 'items-differ',
      message: `item ${id} is missing at input ${missing.name} (items of ${shown})`,
      fix: 'all inputs of the pipeline must have the same items; join them before',
    })
  }
  const sorted = [...values].sort(([a], [b]) => compareText(a, b))
  return { values: new Map(sorted), collections }
}

function tooLittleMemory(bytes: number, memoryBytes: number): TaskError {
  const mebibytes = (count: number) => `${Math.ceil(count / 2 ** 20)} MiB`
  return new TaskError({
    code: 'too-little-memory',
    message: `the inputs take ${mebibytes(bytes)} in memory; half of a worker's ${mebibytes(memoryBytes)} is for them`,
    fix: 'give the run more memory (--memory), use fewer --workers, or tune on a part of the items',
  })
}

/** Says in which step of the function it happened, and with which parameters. */
function inStep(task: FunctionTask, { params }: ReadyParams, item: string | undefined, error: unknown): unknown {
  if (!(error instanceof TaskError)) return error
  const values = task.holes.map(({ path }) => `${path.join('.')} ${JSON.stringify(valueAt(params as Json, path))}`)
  const where = [`step ${task.address}`, ...values, ...(item === undefined ? [] : [`item ${item}`])].join(', ')
  const { diagnostic } = error
  return new TaskError({ ...diagnostic, message: `${where}: ${diagnostic.message}` }, { cause: error })
}

function valueAt(tree: Json, path: readonly (string | number)[]): Json {
  return path.reduce<Json>((at, segment) => (at as { readonly [key: string]: Json })[segment] as Json, tree)
}
