import type { RunContext, Values } from '../contract/node.ts'
import type { CompiledFunction, EvaluatedItems, FunctionItem, PipelineFunction } from '../contract/pipeline-function.ts'
import type { Registry } from '../contract/registry.ts'
import { readFunctionInputs } from './function-inputs.ts'
import {
  type FunctionItemState,
  inputsOf,
  inStep,
  isPerItem,
  paramsFiller,
  type ReadyParams,
  type Row,
  readyTask,
} from './function-tasks.ts'
import { reducer } from './reduce-function.ts'
import { createValueMemo } from './value-memo.ts'

export interface FunctionServices {
  readonly registry: Registry
  /** Of the task that evaluates the function. */
  readonly outer: RunContext
  readonly memoryBytes: number
}

/** A function over decoded values: the items of its inputs stay in memory, and so does what was made of them. */
export async function openFunction(
  compiled: CompiledFunction,
  inputs: Values,
  { registry, outer, memoryBytes }: FunctionServices,
): Promise<PipelineFunction> {
  const limitBytes = memoryBytes / 2
  const read = await readFunctionInputs(compiled, inputs, registry, limitBytes)
  const memo = createValueMemo(limitBytes - read.bytes)
  const held = (values: Values) =>
    Object.fromEntries(Object.entries(values).map(([name, one]) => [name, memo.hold(one)]))
  const shared = held(read.shared)
  const items = new Map(
    [...read.items].map(([id, values]): [string, FunctionItemState] => [
      id,
      { id, inputs: { ...shared, ...held(values) }, places: compiled.tasks.map(() => memo.place()) },
    ]),
  )
  const ready = compiled.tasks.map(task => readyTask(task, registry, outer))
  const paramsFor = paramsFiller(compiled)
  const resamples = ready.every(
    ({ task, node, parts }) =>
      task.per === 'item' || parts !== undefined || !task.inputs.some(({ port }) => isPerItem(node, port)),
  )
  return { ids: [...items.keys()], resamples, evaluate }

  async function evaluate(chosen: readonly FunctionItem[]): Promise<EvaluatedItems> {
    // Lets messages through: a search must hear that it is to stop.
    await new Promise(resolve => setImmediate(resolve))
    outer.signal.throwIfAborted()
    const states = chosen.map(({ id }) => {
      const item = items.get(id)
      if (item === undefined) throw new Error(`internal: the inputs have no item ${id}`)
      return item
    })
    const rows: Row[] = []
    for (const [i, { params }] of chosen.entries()) rows.push(await evaluateItem(states[i]!, paramsFor(params)))
    const params = paramsFor(chosen[0]?.params ?? compiled.base)
    const reduce = reducer(compiled, ready, read.shared, memo, { items: states, rows, params })
    return { outputs: (names, positions = [...chosen.keys()]) => reduce(names, positions) }
  }

  async function evaluateItem(item: FunctionItemState, params: readonly ReadyParams[]): Promise<Row> {
    const row: ({ readonly [port: string]: ReturnType<typeof memo.hold> } | undefined)[] = []
    for (const [t, { task, node, context }] of ready.entries()) {
      if (task.per === 'collection') {
        row.push(undefined)
        continue
      }
      const own = params[t]!
      const { key, fed } = inputsOf(task, item, row)
      const name = `${own.id}|${key}`
      const known = memo.find(item.places[t]!, name)
      if (known !== undefined) {
        row.push(known.outputs)
        continue
      }
      try {
        const its = node.usesItemId ? { ...context, itemId: item.id } : context
        const returned = node.run(fed as never, own.params as never, its)
        const made = (returned instanceof Promise ? await returned : returned) as Values
        const wanted = Object.fromEntries(task.wanted.map(port => [port, made[port]]))
        row.push(memo.keep(item.places[t]!, name, wanted).outputs)
      } catch (error) {
        throw inStep(task, own, item.id, error)
      }
    }
    return row
  }
}
