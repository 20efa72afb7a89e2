import { sha256 } from '../../engine/base/digest.ts'
import type { Facets } from '../../engine/contract/kind.ts'
import type { Collection, NodeDefinition, Values } from '../../engine/contract/node.ts'
import type { ClassList } from '../../nodes/values/classes.ts'
import { type TestRun, type TestRunOptions, testRun } from './run-context.ts'

/** A collection of values by id, walkable as often as wished. */
export function collectionOf<T>(values: { readonly [id: string]: T }): Collection<T> {
  const ids = Object.keys(values).sort()
  return {
    digest: sha256(ids.join()),
    ids,
    failed: new Set(),
    items: {
      async *[Symbol.asyncIterator]() {
        for (const id of ids) yield { id, value: values[id]! }
      },
    },
  }
}

/** A run whose context knows the static types of the inputs, as `inputClasses` reads them. */
export function typedRun(
  inputTypes: { readonly [port: string]: readonly Facets[] },
  options: TestRunOptions = {},
): TestRun {
  const run = testRun(options)
  return { ...run, context: Object.assign(run.context, { inputTypes }) }
}

/** Static type of a value with these class ids (name = id). */
export function classesOf(...ids: readonly string[]): { classes: ClassList } {
  return { classes: ids.map(id => ({ id, name: id })) }
}

/** All items that a scatter node yields. */
export async function scatter(
  node: NodeDefinition,
  inputs: Values,
  params: object,
  run: TestRun,
): Promise<{ id: string; outputs: Values }[]> {
  const items: { id: string; outputs: Values }[] = []
  const yielded = node.run(inputs as never, params as never, run.context)
  for await (const item of yielded as AsyncIterable<{ id: string; outputs: Values }>) items.push(item)
  return items
}
