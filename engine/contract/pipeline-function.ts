import type { Json } from '../base/canonical.ts'
import type { Digest } from '../base/digest.ts'
import type { Facets } from './kind.ts'
import type { Values } from './node.ts'
import type { InputDeclaration, ParamDeclaration } from './pipeline.ts'

/**
 * A pipeline file as a function: a node names one in a parameter marked `x-pipeline`, its inputs become ports of the
 * step, and the node evaluates it in memory as often as it likes, with parameters and items of its choice. Per-item steps
 * come first and collection steps last (map, then reduce), so that no item depends on another.
 */

/** Values of the pipeline's parameters by name; those left out are as in the compiled function. */
export type FunctionParams = { readonly [param: string]: Json }

/** Compiled for the types of the values that feed it; plain data. The node receives it in place of the path. */
export interface CompiledFunction {
  readonly path: string
  /** What its parameters are where nothing else is said. */
  readonly base: FunctionParams
  /** `number`, `map of integers`, by parameter. */
  readonly types: { readonly [param: string]: string }
  readonly inputs: readonly { readonly name: string; readonly kind: string; readonly per: 'item' | 'collection' }[]
  /** In topological order. */
  readonly tasks: readonly FunctionTask[]
  readonly outputs: { readonly [name: string]: FunctionOutput }
}

export interface FunctionTask {
  readonly address: string
  readonly node: string
  readonly per: 'item' | 'collection'
  /** As the node receives them, at the base. */
  readonly params: { readonly [name: string]: Json }
  readonly holes: readonly Hole[]
  readonly inputs: readonly {
    readonly port: string
    readonly many: boolean
    readonly sources: readonly FunctionSource[]
  }[]
  readonly inputTypes: { readonly [port: string]: readonly Facets[] }
  /** Ports that an output of the function or another task needs. */
  readonly wanted: readonly string[]
  readonly recipe: Digest
}

export type FunctionSource = { readonly input: string } | { readonly task: number; readonly port: string }

/** A place in a node's parameters that takes the value of one of the function's parameters. */
export interface Hole {
  readonly path: readonly (string | number)[]
  readonly param: string
}

export interface FunctionOutput {
  readonly source: FunctionSource
  readonly kind: string
  readonly per: 'item' | 'collection'
  readonly facets: Facets
}

/** What a node may ask of it while a pipeline is checked. */
export interface CheckedFunction {
  readonly compiled: CompiledFunction
  readonly params: ReadonlyMap<string, ParamDeclaration>
  readonly inputs: ReadonlyMap<string, InputDeclaration>
  /**
   * What is wrong with these values: they are not allowed, or the pipeline would have other steps or make other types of
   * values with them than it has now.
   */
  readonly problemsWith: (params: FunctionParams) => Promise<readonly string[]>
  /** Steps (their addresses) that a parameter reaches, by how they run. */
  readonly reaches: (param: string) => { readonly item: readonly string[]; readonly collection: readonly string[] }
}

/** What a node evaluates while it runs. */
export interface PipelineFunction {
  /** The items of its inputs, by code unit. */
  readonly ids: readonly string[]
  /** Outputs over the same item several times mean something: every collection step says what it makes of an item. */
  readonly resamples: boolean
  /**
   * Runs the per-item steps of some items, each with parameters of its own. What does not change between calls is not
   * computed again, as long as there is room for it.
   * @throws what a step throws, its address in front.
   */
  readonly evaluate: (items: readonly FunctionItem[]) => Promise<EvaluatedItems>
}

export interface FunctionItem {
  readonly id: string
  readonly params: FunctionParams
}

export interface EvaluatedItems {
  /**
   * Outputs that are one value for all, over the items at these positions of the list (default: all of them). Collection
   * steps have the parameters of the first item. A position may come several times if the function `resamples`.
   */
  readonly outputs: (names: readonly string[], positions?: readonly number[]) => Promise<Values>
}

/** The parameters of a task for these of the function. */
export function filledParams({ params, holes }: FunctionTask, values: FunctionParams): FunctionTask['params'] {
  let filled: Json = params
  for (const { path, param } of holes) {
    const value = values[param]
    if (value !== undefined) filled = withValueAt(filled, path, value)
  }
  return filled as FunctionTask['params']
}

function withValueAt(tree: Json, [head, ...rest]: readonly (string | number)[], value: Json): Json {
  if (head === undefined) return value
  if (Array.isArray(tree)) return tree.map((entry, i) => (i === head ? withValueAt(entry, rest, value) : entry))
  const map = tree as { readonly [key: string]: Json }
  return { ...map, [head]: withValueAt(map[head] as Json, rest, value) }
}
