import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Collection } from '../../engine/contract/node.ts'

/**
 * Walks several collections of the same items in step, one item of each in memory.
 * @param names of the ports, for messages.
 * @throws TaskError naming the first item that one of them lacks.
 */
export async function* walkAll<T>(
  collections: readonly Collection<T>[],
  names: readonly string[],
): AsyncGenerator<{ readonly id: string; readonly values: readonly T[] }> {
  const walks = collections.map(({ items }) => items[Symbol.asyncIterator]())
  try {
    for (;;) {
      const steps = await Promise.all(walks.map(walk => walk.next()))
      const items = steps.map(step => (step.done ? undefined : step.value))
      const ids = items.flatMap(item => item?.id ?? [])
      const id = ids.sort()[0]
      if (id === undefined) return
      const values = items.map((item, port) => {
        if (item?.id === id) return item.value
        throw missing(id, names[port] ?? `${port}`)
      })
      yield { id, values }
    }
  } finally {
    for (const walk of walks) await walk.return?.()
  }
}

/** `walkAll` for two collections of different kinds. */
export async function* walkTogether<A, B>(
  first: Collection<A>,
  firstName: string,
  second: Collection<B>,
  secondName: string,
): AsyncGenerator<{ readonly id: string; readonly first: A; readonly second: B }> {
  for await (const { id, values } of walkAll<A | B>([first, second], [firstName, secondName])) {
    yield { id, first: values[0] as A, second: values[1] as B }
  }
}

function missing(id: string, port: string): TaskError {
  return new TaskError({
    code: 'bad-value',
    message: `item ${id} is missing at input ${port}`,
    fix: 'All inputs must have the same items; join: inner  leaves out what only some have.',
  })
}

/** As `walkAll`, with undefined where a collection lacks the item or it failed. */
export async function* walkOuter<T>(
  collections: readonly Collection<T>[],
): AsyncGenerator<{ readonly id: string; readonly values: readonly (T | undefined)[] }> {
  const walks = collections.map(({ items }) => items[Symbol.asyncIterator]())
  try {
    const heads = await Promise.all(walks.map(walk => walk.next()))
    for (;;) {
      const ids = heads.flatMap(head => (head.done ? [] : head.value.id))
      const id = ids.sort()[0]
      if (id === undefined) return
      const values: (T | undefined)[] = []
      for (const [port, head] of heads.entries()) {
        const has = !head.done && head.value.id === id
        values.push(has ? head.value.value : undefined)
        if (has) heads[port] = await walks[port]!.next()
      }
      yield { id, values }
    }
  } finally {
    for (const walk of walks) await walk.return?.()
  }
}
