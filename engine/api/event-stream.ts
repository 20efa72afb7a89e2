/** Values pushed as they happen; any number of loops read them, each from where it begins. */
export interface EventStream<T> {
  readonly push: (value: T) => void
  /** No more values: loops end when they have read what is left. */
  readonly end: () => void
  /** The same, and then they throw. */
  readonly fail: (error: unknown) => void
  readonly read: () => AsyncGenerator<T, void>
}

interface Reader<T> {
  waiting: T[]
  wake: () => void
}

export function createEventStream<T>(): EventStream<T> {
  const readers = new Set<Reader<T>>()
  let ended: { readonly error: unknown } | undefined
  const close = (error: unknown) => {
    ended ??= { error }
    for (const reader of readers) reader.wake()
  }
  return {
    push: value => {
      for (const reader of readers) {
        reader.waiting.push(value)
        reader.wake()
      }
    },
    end: () => close(undefined),
    fail: close,
    read,
  }

  async function* read(): AsyncGenerator<T, void> {
    const reader: Reader<T> = { waiting: [], wake: () => {} }
    readers.add(reader)
    try {
      for (;;) {
        const batch = reader.waiting
        reader.waiting = []
        yield* batch
        if (reader.waiting.length > 0) continue
        if (ended !== undefined) break
        await new Promise<void>(resolve => {
          reader.wake = resolve
        })
      }
    } finally {
      readers.delete(reader)
    }
    if (ended.error !== undefined) throw ended.error
  }
}
