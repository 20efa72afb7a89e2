import { readFileSync } from 'node:fs'
import { load } from '../../api/load.ts'
import { type PreparedRun, prepareRun } from '../../api/prepare-run.ts'
import type { RunFinished } from '../../contract/event.ts'
import type { Graph } from '../../contract/graph.ts'
import type { Registry } from '../../contract/registry.ts'
import { createRunStore } from '../../report/run-store.ts'
import type { RunHandle } from '../../run/run.ts'
import { loadOptions } from '../open-pipeline.ts'
import type { RunOptions } from '../options.ts'
import { exitCode, wantsColour } from '../say.ts'

/** `maskloom run`: opens, runs, shows. */
export async function runCommand(name: string, targets: readonly string[], options: RunOptions): Promise<number> {
  const pipeline = await load(name, { ...loadOptions(options), ...(options.cacheOn ? {} : { cache: false }) })
  const { out, slots, workers, force } = options
  const prepared = await prepareRun(pipeline, {
    targets,
    force,
    memoryBytes: options.memory,
    keepGoing: options.keepGoing === true,
    ...(out === undefined ? {} : { out }),
    ...(slots === undefined ? {} : { slots }),
    ...(workers === undefined ? {} : { workers }),
  })
  const finished = await show(prepared, options)
  if (!options.json) printResults(prepared.graph, pipeline.registry.kinds, finished)
  return finished.status === 'done' ? exitCode.done : exitCode[finished.status]
}

/** Starts, shows what happens, and stops when asked to: first in order, then at once. */
async function show(prepared: PreparedRun, options: RunOptions): Promise<RunFinished> {
  const events = createRunStore(error => process.stderr.write(`${String(error)}\n`))
  let handle: RunHandle | undefined
  const stop = () => handle?.stop('asked to stop', 'interrupted')
  const abort = () => handle?.abort()
  let interrupts = 0
  const onInterrupt = () => (++interrupts === 1 ? stop() : abort())
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onInterrupt)
  const closeView = await openView(events, options, stop, abort)
  try {
    handle = prepared.start(events.emit)
    return await handle.finished
  } finally {
    await closeView()
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onInterrupt)
  }
}

/** The screen, plain lines or JSON lines; gives back how to close it. */
async function openView(
  events: ReturnType<typeof createRunStore>,
  options: RunOptions,
  onStop: () => void,
  onAbort: () => void,
): Promise<() => Promise<void>> {
  if (options.json) {
    const { jsonLines } = await import('../../ui/json-lines.ts')
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
    const { plainLines } = await import('../../ui/plain.ts')
    const { noPaint, terminalPaint } = await import('../../report/paint.ts')
    events.subscribe(
      plainLines(text => process.stdout.write(text), wantsColour(process.stdout) ? terminalPaint : noPaint),
    )
    return async () => {}
  }
  const { startScreen } = await import('../../ui/start-screen.ts')
  const running = await startScreen({ store: events, onStop, onAbort, stdout: process.stdout, stdin: process.stdin })
  return running.stop
}

/** Outputs whose kind has a short form for the terminal (tables) are shown after the summary. */
function printResults(graph: Graph, kinds: Registry['kinds'], finished: RunFinished): void {
  for (const output of graph.outputs) {
    const path = finished.outputs[output.name]
    const step = graph.steps.find(one => one.cells.some(cell => cell.index === output.source.cell))
    const kind = kinds.get(step?.outputs.find(one => one.port === output.source.port)?.kind ?? '')
    if (path === undefined || kind?.print === undefined || output.cells.length > 1) continue
    process.stdout.write(`\n${output.name}\n${kind.print(kind.decode(readFileSync(path)))}\n`)
  }
}
