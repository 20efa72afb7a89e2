import type { PreparedRun } from '../api/prepare-run.ts'
import type { RunFinished } from '../contract/event.ts'
import { createRunStore, type RunStore } from '../report/run-store.ts'
import type { RunHandle } from '../run/run.ts'
import type { RunOptions } from './options.ts'
import { wantsColour } from './say.ts'

/** A closed terminal counts as a request to stop, too. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Starts a run, shows what happens, and stops when asked to: first in order, then at once.
 * @param onStarted - what else may stop it; gives back how to end that.
 */
export async function showRun(
  prepared: PreparedRun,
  options: Pick<RunOptions, 'json' | 'plain'>,
  onStarted: (handle: RunHandle) => () => void,
): Promise<RunFinished> {
  const events = createRunStore(error => process.stderr.write(`${String(error)}\n`))
  let handle: RunHandle | undefined
  const stop = () => handle?.stop('asked to stop', 'interrupted')
  const abort = () => handle?.abort()
  let interrupts = 0
  const onInterrupt = () => (++interrupts === 1 ? stop() : abort())
  for (const signal of stopSignals) process.on(signal, onInterrupt)
  const closeView = await openView(events, options, stop, abort)
  let release = () => {}
  try {
    handle = prepared.start(events.emit)
    release = onStarted(handle)
    return await handle.finished
  } finally {
    release()
    await closeView()
    for (const signal of stopSignals) process.off(signal, onInterrupt)
  }
}

/** The screen, plain lines or JSON lines; gives back how to close it. */
async function openView(
  events: RunStore,
  options: Pick<RunOptions, 'json' | 'plain'>,
  onStop: () => void,
  onAbort: () => void,
): Promise<() => Promise<void>> {
  if (options.json) {
    const { jsonLines } = await import('../ui/json-lines.ts')
    events.subscribe(jsonLines(text => process.stdout.write(text)))
    return async () => {}
  }
  const screen =
    process.stdout.isTTY &&
    process.stdin.isTTY &&
    !options.plain &&
    !process.env['CI'] &&
    process.env['TERM'] !== 'dumb'
  if (!screen) {
    const { plainLines } = await import('../ui/plain.ts')
    const { noPaint, terminalPaint } = await import('../report/paint.ts')
    events.subscribe(
      plainLines(text => process.stdout.write(text), wantsColour(process.stdout) ? terminalPaint : noPaint),
    )
    return async () => {}
  }
  const { startScreen } = await import('../ui/start-screen.ts')
  const running = await startScreen({ store: events, onStop, onAbort, stdout: process.stdout, stdin: process.stdin })
  return running.stop
}
