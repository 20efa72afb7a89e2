import type { Json } from './canonical.ts'
import { canonical } from './canonical.ts'
import type { Digest, Key } from './digest.ts'
import { sha256 } from './digest.ts'

/**
 * The keys of the cache. A key says everything an output depends on and nothing else: no item id (unless the node asked
 * for it), no coordinates, no paths, no machine. The part shared by all items of a cell is hashed once, into a recipe.
 *
 * A change of any format here makes every cache cold; `test/base/keys.test.ts` holds golden keys.
 */

/** What a cell does, apart from its inputs; kept as JSON in the store so that `why` can name the part that changed. */
export interface Recipe {
  readonly node: string
  readonly version: number
  /** Resolved, with defaults, without `x-key: false` parameters; paths replaced by the digests of their content. */
  readonly params: Json
  /** Static types of the inputs: equal label numbers under two class lists are different values. Empty types are left out. */
  readonly inputTypes: readonly (readonly [port: string, types: readonly Json[]])[]
  /** Runtime class by name ("onnxruntime" → "onnxruntime-node@1.30.0/cpu/all"), sorted by name. */
  readonly runtimes: readonly (readonly [name: string, runtimeClass: string])[]
}

export function recipeJson(recipe: Recipe): string {
  return canonical([
    'maskloom.recipe.1',
    recipe.node,
    recipe.version,
    recipe.params,
    recipe.inputTypes,
    recipe.runtimes,
  ])
}

export function recipeDigest(json: string): Digest {
  return sha256(json)
}

/** Digests by port; a transient input is represented by the key of the task that makes it. */
export type KeyInputs = readonly (readonly [port: string, digests: readonly string[]])[]

/** Key of one task. Ports come in code-unit order; `itemId` only for nodes that declare `usesItemId`. */
export function taskKey(recipe: Digest, inputs: KeyInputs, itemId: string | undefined): Key {
  return sha256(record('maskloom.task.1', recipe, inputs, itemId))
}

/** Key of a whole column of tasks: the same record over collection digests. One look-up instead of one per item. */
export function collectionKey(recipe: Digest, inputs: KeyInputs, join: string): Key {
  return sha256(record('maskloom.collection.1', recipe, inputs, join))
}

/** Key of one item yielded by a scatter task. */
export function scatteredKey(scatter: Key, itemId: string): Key {
  return sha256(record('maskloom.scattered.1', scatter, [], itemId))
}

/** Digests are fixed-width hex and ports are names, so lines and commas cannot be confused with content. */
function record(tag: string, recipe: string, inputs: KeyInputs, extra: string | undefined): string {
  let text = `${tag}\n${recipe}\n`
  for (const [port, digests] of inputs) text += `${port}=${digests.join(',')}\n`
  return extra === undefined ? text : `${text}\n${JSON.stringify(extra)}`
}
