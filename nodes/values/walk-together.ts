import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Collection } from '../../engine/contract/node.ts'

/**
 * Walks two collections of the same items in step, one item of each in memory.
 * @throws TaskError naming the first item that only one of them has.
 */
export async function* walkTogether<A, B>(
  first: Collection<A>,
  firstName: string,
  second: Collection<B>,
  secondName: string,
): AsyncGenerator<{ readonly id: string; readonly first: A; readonly second: B }> {
  const others = second.items[Symbol.asyncIterator]()
  try {
    for await (const { id, value } of first.items) {
      const other = await others.next()
      if (other.done || other.value.id !== id) {
        const found = other.done ? undefined : other.value.id
        const lacking = found === undefined || id < found ? [id, secondName] : [found, firstName]
        throw missing(lacking[0]!, lacking[1]!)
      }
      yield { id, first: value, second: other.value.value }
    }
    const left = await others.next()
    if (!left.done) throw missing(left.value.id, firstName)
  } finally {
    await others.return?.()
  }
}

function missing(id: string, port: string): TaskError {
  return new TaskError({
    code: 'bad-value',
    message: `item ${id} is missing at input ${port}`,
    fix: 'Both inputs must have the same items; join: inner  leaves out what only one has.',
  })
}
