import type { RunEvent, RunFinished } from '../contract/event.ts'
import type { RunHandle } from '../run/run.ts'
import { createEventStream } from './event-stream.ts'
import type { Pipeline } from './load.ts'
import { prepareRun, type RunOptions } from './prepare-run.ts'

/**
 * A run under way. Every loop over it sees the events from where it begins; begin it in the same turn as `run` to see
 * all. A loop that is slow holds nothing up.
 */
export interface Running extends AsyncIterable<RunEvent> {
  /**
   * How it ended: also a run in which tasks failed, or that was stopped, resolves (look at `status`).
   * @throws PipelineError when the pipeline does not pass `check`, or the options do not fit it.
   */
  readonly finished: Promise<RunFinished>
  /** Starts nothing new; what is in flight is finished and stored. The status will be `stopped`. */
  readonly stop: () => void
}

/**
 * Runs a pipeline to its outputs. Nothing outside the run is touched: no signal handlers, no output, no exit. What was
 * finished is stored whatever happens: running again goes on from there.
 * @param signal - gives up what is in flight; the status will be `interrupted`.
 */
export function run(pipeline: Pipeline, options: RunOptions & { readonly signal?: AbortSignal } = {}): Running {
  const { signal, ...rest } = options
  const stream = createEventStream<RunEvent>()
  let handle: RunHandle | undefined
  let stopped = false
  const finished = work()
  finished.then(() => stream.end(), stream.fail)

  return {
    finished,
    stop: () => {
      stopped = true
      handle?.stop('asked to stop', 'stopped')
    },
    [Symbol.asyncIterator]: stream.read,
  }

  async function work(): Promise<RunFinished> {
    const prepared = await prepareRun(pipeline, rest)
    handle = prepared.start(stream.push)
    const abort = () => handle?.abort()
    signal?.addEventListener('abort', abort)
    try {
      if (signal?.aborted) abort()
      else if (stopped) handle.stop('asked to stop', 'stopped')
      return await handle.finished
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
}
