import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { registry } from '../../../nodes/index.ts'
import type { RunFinished } from '../../contract/event.ts'
import type { Graph } from '../../contract/graph.ts'
import type { Store } from '../../contract/store.ts'
import { openJournal } from '../../report/journal.ts'
import { createRunStore } from '../../report/run-store.ts'
import { createLocalExecutor } from '../../run/local-executor.ts'
import { type RunHandle, startRun } from '../../run/run.ts'
import { openPipeline, unboundProblem } from '../open-pipeline.ts'
import { defaultSlots, defaultThreads, type RunOptions } from '../options.ts'
import { exitCode, sayProblems, wantsColour } from '../say.ts'
import { listFiles } from '../surroundings.ts'

/** `maskloom run`: opens, runs, shows. */
export async function runCommand(name: string, targets: readonly string[], options: RunOptions): Promise<number> {
  const json = options.json === true
  const throwAway = options.cacheOn ? undefined : mkdtempSync(join(tmpdir(), 'maskloom-'))
  try {
    const remarks: string[] = []
    const opened = await openPipeline(name, targets, options, message => remarks.push(message), throwAway)
    if (opened.ok === 'open') {
      sayProblems([unboundProblem(opened.file, opened.unbound)], json)
      return exitCode.wrong
    }
    if (!opened.ok) {
      sayProblems(opened.problems, json)
      return exitCode.wrong
    }
    const { compiled, store, root, paramsJson } = opened
    const unknownStep = options.force.find(step => !compiled.graph.steps.some(one => one.id === step))
    if (unknownStep !== undefined) {
      const known = compiled.graph.steps.map(step => step.id).join(', ')
      sayProblems(
        [{ code: 'bad-argument', message: `--force: there is no step \`${unknownStep}\``, fix: `steps: ${known}` }],
        json,
      )
      store.close()
      return exitCode.wrong
    }
    try {
      const finished = await execute(compiled.graph, compiled.recipes, store, root, paramsJson, options, remarks)
      if (!json) await printResults(compiled.graph, finished)
      return exitOf(finished)
    } finally {
      store.close()
    }
  } finally {
    if (throwAway !== undefined) rmSync(throwAway, { recursive: true, force: true })
  }
}

async function execute(
  graph: Graph,
  recipes: ReadonlyMap<string, string>,
  store: Store,
  root: string,
  paramsJson: string,
  options: RunOptions,
  remarks: readonly string[],
): Promise<RunFinished> {
  const directory = store.directory!
  const runId = newRunId()
  const events = createRunStore(error => process.stderr.write(`${String(error)}\n`))
  const journal = openJournal(join(directory, 'runs', `${runId}.jsonl`))
  events.subscribe(journal.append)
  const executor = createLocalExecutor({
    registryUrl: registry.url,
    storeUrl: new URL('../../../cache/open.js', import.meta.url).href,
    storeDirectory: directory,
    keepAuto: true,
    devices: options.device.split(','),
    slotsPerDevice: options.slots ?? defaultSlots(),
    threads: options.workers ?? defaultThreads(),
  })
  let handle: RunHandle | undefined
  const stop = () => handle?.stop('asked to stop', 'interrupted')
  const abort = () => handle?.abort()
  let interrupts = 0
  const onInterrupt = () => (++interrupts === 1 ? stop() : abort())
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onInterrupt)
  const closeView = await openView(events, options, stop, abort)
  try {
    handle = startRun({
      runId,
      graph,
      recipes,
      registry,
      store,
      executor,
      emit: events.emit,
      nowMs: Date.now,
      outDirectory: resolve(options.out ?? join(root, 'out', graph.name)),
      memoryBudgetBytes: options.memory,
      keepGoing: options.keepGoing === true,
      forcedSteps: options.force,
      listFiles,
      paramsJson,
    })
    for (const message of remarks)
      events.emit({ type: 'remark', atMs: Date.now(), step: undefined, item: undefined, message })
    return await handle.finished
  } finally {
    await closeView()
    journal.close()
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
async function printResults(graph: Graph, finished: RunFinished): Promise<void> {
  const { readFileSync } = await import('node:fs')
  for (const output of graph.outputs) {
    const path = finished.outputs[output.name]
    const step = graph.steps.find(one => one.cells.some(cell => cell.index === output.source.cell))
    const kind = registry.kinds.get(step?.outputs.find(one => one.port === output.source.port)?.kind ?? '')
    if (path === undefined || kind?.print === undefined || output.cells.length > 1) continue
    process.stdout.write(`\n${output.name}\n${kind.print(kind.decode(readFileSync(path)))}\n`)
  }
}

function exitOf(finished: RunFinished): number {
  return finished.status === 'done' ? exitCode.done : exitCode[finished.status]
}

/** Sorts by time, and two runs in one second still differ. */
function newRunId(): string {
  const stamp = new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${stamp}-${randomBytes(2).toString('hex')}`
}
