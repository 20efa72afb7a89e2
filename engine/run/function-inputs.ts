import { compareText, TaskError } from '../base/diagnostic.ts'
import type { Collection, Values } from '../contract/node.ts'
import type { CompiledFunction } from '../contract/pipeline-function.ts'
import type { Registry } from '../contract/registry.ts'
import { heldBytes } from './value-identity.ts'

/** All inputs of a function, decoded. */
export interface FunctionInputs {
  /** By item, sorted, and by input. */
  readonly items: ReadonlyMap<string, Values>
  /** Those that are one value for all. */
  readonly shared: Values
  readonly bytes: number
}

/**
 * Reads every value once.
 * @throws TaskError `items-differ` naming the item that an input lacks, `too-little-memory` as soon as they take more than
 * `limitBytes`.
 */
export async function readFunctionInputs(
  compiled: CompiledFunction,
  inputs: Values,
  registry: Registry,
  limitBytes: number,
): Promise<FunctionInputs> {
  const items = new Map<string, { [name: string]: unknown }>()
  const shared: { [name: string]: unknown } = {}
  let bytes = 0
  const prepared = (kind: string, value: unknown) => {
    bytes += heldBytes(value)
    if (bytes > limitBytes) throw tooLittleMemory(limitBytes)
    return registry.kinds.get(kind)?.forRepeatedUse?.(value) ?? value
  }
  for (const { name, kind, per } of compiled.inputs) {
    if (per === 'collection') {
      shared[name] = prepared(kind, inputs[name])
      continue
    }
    for await (const { id, value } of (inputs[name] as Collection).items) {
      const own = items.get(id) ?? {}
      own[name] = prepared(kind, value)
      items.set(id, own)
    }
  }
  for (const { name, per } of compiled.inputs) {
    const lacking = per === 'item' ? [...items].find(([, own]) => !Object.hasOwn(own, name))?.[0] : undefined
    if (lacking !== undefined) throw missing(lacking, name)
  }
  return { items: new Map([...items].sort(([a], [b]) => compareText(a, b))), shared, bytes }
}

function missing(id: string, input: string): TaskError {
  return new TaskError({
    code: 'items-differ',
    message: `item ${id} is missing at input ${input}`,
    fix: 'all inputs of the pipeline must have the same items; join them before',
  })
}

function tooLittleMemory(limitBytes: number): TaskError {
  return new TaskError({
    code: 'too-little-memory',
    message: `the inputs take more than ${Math.floor(limitBytes / 2 ** 20)} MiB in memory, half of what a worker has`,
    fix: 'give the run more memory (--memory), use fewer --workers, or tune on a part of the items',
  })
}
