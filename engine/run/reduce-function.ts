import { compareText } from '../base/diagnostic.ts'
import type { Collection, NodeParts, Values } from '../contract/node.ts'
import type { CompiledFunction, FunctionSource } from '../contract/pipeline-function.ts'
import {
  type FunctionItemState,
  heldAt,
  inputsOf,
  inStep,
  isPerItem,
  type ReadyParams,
  type ReadyTask,
  type Row,
} from './function-tasks.ts'
import type { ValueMemo } from './value-memo.ts'

/** What was made of some items, one row for each. */
export interface EvaluatedRows {
  readonly items: readonly FunctionItemState[]
  readonly rows: readonly Row[]
  /** Of all tasks. */
  readonly params: readonly ReadyParams[]
}

type Positions = readonly number[]

/** Runs the collection tasks behind outputs, over any of the items; parts of items are made once. */
export function reducer(
  compiled: CompiledFunction,
  ready: readonly ReadyTask[],
  shared: Values,
  memo: ValueMemo,
  { items, rows, params }: EvaluatedRows,
): (names: readonly string[], positions: Positions) => Promise<Values> {
  const partsOf = new Map<ReadyTask, unknown[]>()

  return async (names, positions) => {
    const needed = tasksBehind(names)
    const results: (Values | undefined)[] = []
    for (const [t, one] of ready.entries()) {
      const wanted = one.task.per === 'collection' && needed.has(t)
      results.push(wanted ? await reduce(t, positions, results) : undefined)
    }
    return Object.fromEntries(names.map(name => [name, valueAt(compiled.outputs[name]!.source, results)]))
  }

  function tasksBehind(names: readonly string[]): ReadonlySet<number> {
    const needed = new Set<number>()
    const visit = (source: FunctionSource) => {
      if ('input' in source || needed.has(source.task)) return
      needed.add(source.task)
      for (const { sources } of compiled.tasks[source.task]!.inputs) sources.forEach(visit)
    }
    for (const name of names) visit(compiled.outputs[name]!.source)
    return needed
  }

  function valueAt(source: FunctionSource, results: readonly (Values | undefined)[]): unknown {
    return 'input' in source ? shared[source.input] : results[source.task]?.[source.port]
  }

  async function reduce(t: number, positions: Positions, results: readonly (Values | undefined)[]): Promise<Values> {
    const one = ready[t]!
    const { task, node, parts, context } = one
    const own = params[t]!
    try {
      if (parts !== undefined) {
        const made = partsAt(t, one, parts, positions)
        return await parts.reduce(made, own.params as never, context)
      }
      const fed = task.inputs.map(({ port, many, sources }) => {
        const list = sources.map(source =>
          isPerItem(node, port) ? collectionOf(source, positions) : valueAt(source, results),
        )
        return [port, many ? list : list[0]] as const
      })
      return (await node.run(Object.fromEntries(fed) as never, own.params as never, context)) as Values
    } catch (error) {
      throw inStep(task, own, undefined, error)
    }
  }

  function partsAt(t: number, one: ReadyTask, { of }: NodeParts, positions: Positions): readonly unknown[] {
    const made = partsOf.get(one) ?? []
    partsOf.set(one, made)
    const own = params[t]!
    for (const position of positions) {
      if (position in made) continue
      const item = items[position]!
      const { key, fed } = inputsOf(one.task, item, rows[position]!)
      const name = `${own.id}|${key}`
      const known = memo.find(item.places[t]!, name)
      made[position] =
        known === undefined
          ? of({ id: item.id, values: fed }, own.params as never, one.context)
          : known.outputs['part']!.value
      if (known === undefined) memo.keep(item.places[t]!, name, { part: made[position] })
    }
    return positions.map(position => made[position])
  }

  function collectionOf(source: FunctionSource, positions: Positions): Collection {
    const sorted = [...positions].sort((a, b) => compareText(items[a]!.id, items[b]!.id))
    return {
      digest: '',
      ids: sorted.map(position => items[position]!.id),
      failed: new Set(),
      items: {
        async *[Symbol.asyncIterator]() {
          for (const position of sorted) {
            const item = items[position]!
            yield { id: item.id, value: heldAt(source, item, rows[position]!)?.value }
          }
        },
      },
    }
  }
}
