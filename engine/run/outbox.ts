import type { FromWorker, FromWorkerBatch } from './protocol.ts'

/** Units that wait in a worker are short ones (see foresight.ts); with more than this, its messages go together. */
const busyFrom = 8
const longest = 256
const longestMs = 10

/**
 * Messages of a worker on their way out. They go at once, unless it has many short units to do: then together, when there
 * are enough of them, when some time is over, or when there is a pause.
 */
export function createOutbox(
  send: (messages: FromWorkerBatch) => void,
  waiting: () => number,
): { readonly post: (message: FromWorker) => void; readonly flush: () => void } {
  let messages: FromWorker[] = []
  let sinceMs = 0
  let pause: NodeJS.Immediate | undefined

  function flush(): void {
    clearImmediate(pause)
    pause = undefined
    if (messages.length > 0) send(messages)
    messages = []
  }

  return {
    flush,
    post(message) {
      if (messages.length === 0) sinceMs = performance.now()
      messages.push(message)
      if (waiting() < busyFrom || messages.length >= longest || performance.now() - sinceMs > longestMs) flush()
      else pause ??= setImmediate(flush)
    },
  }
}
