import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { openLeases } from '../../cache/leases.ts'
import { type Diagnostic, diagnosticOf } from '../base/diagnostic.ts'
import { nearestName } from '../base/typo.ts'
import { suggestion } from '../base/words.ts'
import type { Emit } from '../contract/event.ts'
import type { Graph } from '../contract/graph.ts'
import { openJournal } from '../report/journal.ts'
import { compiledUrl } from '../run/compiled-url.ts'
import { createLocalExecutor } from '../run/local-executor.ts'
import { type RunHandle, type RunRequest, startRun } from '../run/run.ts'
import { outputGuard } from '../run/writable.ts'
import { defaultMemoryBytes, defaultSlots, defaultThreads } from './defaults.ts'
import type { Pipeline } from './load.ts'
import { type OpenPipeline, openPipeline } from './open.ts'
import { PipelineError } from './pipeline-error.ts'
import { staleVersions } from './stale-versions.ts'
import { listFiles } from './surroundings.ts'

/** How a pipeline is run; the same as on the command line. */
export interface RunOptions {
  /** Names of outputs, or `step.port`; default: all outputs. */
  readonly targets?: readonly string[]
  /** Where outputs go. Default: `out/<pipeline>` in the project. */
  readonly out?: string
  /** Inference workers per device. */
  readonly slots?: number
  /** Threads of the cpu lane, and of the io lane. */
  readonly workers?: number
  /** Memory budget in bytes. Default: half of the machine. */
  readonly memoryBytes?: number
  /** Ids of steps that run although they are cached. */
  readonly force?: readonly string[]
  /** Finishes what does not depend on a failed task. */
  readonly keepGoing?: boolean
}

/** A run that can be started: the pipeline is compiled and its cache open. */
export interface PreparedRun {
  readonly runId: string
  readonly graph: Graph
  /** Called once. Events go to `emit` and to the journal of the run; the cache is closed when it has finished. */
  readonly start: (emit: Emit) => RunHandle
  /** Closes the cache instead of starting. */
  readonly discard: () => void
}

/**
 * Opens and compiles.
 * @throws PipelineError when the pipeline does not pass `check`, or the options do not fit it.
 */
export async function prepareRun(pipeline: Pipeline, options: RunOptions): Promise<PreparedRun> {
  const remarks: string[] = []
  const opened = await openPipeline(pipeline, options.targets ?? [], message => void remarks.push(message))
  if (!opened.ok) throw new PipelineError(opened.problems)
  const { graph } = opened.compiled
  const problems = [
    ...(options.force ?? []).flatMap(step => unknownStep(graph, step)),
    ...outputProblems(graph, outFolders(pipeline, options)),
  ]
  if (problems.length > 0) {
    opened.close()
    throw new PipelineError(problems)
  }
  remarks.push(...staleVersions(pipeline.registry, graph, opened.store))
  const runId = newRunId()
  return { runId, graph, start: emit => start(pipeline, options, opened, runId, remarks, emit), discard: opened.close }
}

function start(
  pipeline: Pipeline,
  options: RunOptions,
  opened: OpenPipeline,
  runId: string,
  remarks: readonly string[],
  emit: Emit,
): RunHandle {
  const journal = openJournal(join(opened.store.directory!, 'runs', `${runId}.jsonl`))
  const record: Emit = event => {
    journal.append(event)
    emit(event)
  }
  const handle = startRun({ ...requestOf(pipeline, options, opened, runId), emit: record })
  for (const message of remarks) record({ type: 'remark', atMs: Date.now(), step: undefined, item: undefined, message })
  const finished = handle.finished.finally(() => {
    journal.close()
    opened.close()
  })
  return { ...handle, finished }
}

function requestOf(
  pipeline: Pipeline,
  options: RunOptions,
  { compiled, store }: OpenPipeline,
  runId: string,
): Omit<RunRequest, 'emit'> {
  const { registry, settings } = pipeline
  const { device = 'cpu' } = pipeline.options
  const { graph, recipes } = compiled
  const executor = createLocalExecutor({
    registryUrl: compiledUrl(registry.url),
    addedModules: registry.added ?? [],
    storeUrl: compiledUrl(new URL('../../cache/open.ts', import.meta.url).href),
    storeDirectory: store.directory!,
    keepAuto: true,
    devices: device.split(','),
    slotsPerDevice: options.slots ?? defaultSlots(),
    threads: options.workers ?? defaultThreads(),
  })
  return {
    runId,
    graph,
    recipes,
    registry,
    store,
    executor,
    // A throw-away cache has nobody to share it with.
    ...(pipeline.options.cache === false ? {} : { openLeases: () => openLeases(store.directory!) }),
    nowMs: Date.now,
    ...outFolders(pipeline, options),
    memoryBudgetBytes: options.memoryBytes ?? defaultMemoryBytes(),
    keepGoing: options.keepGoing === true,
    forcedSteps: options.force ?? [],
    listFiles,
    paramsJson: JSON.stringify(Object.fromEntries([...settings].map(([key, { value }]) => [key, value]))),
  }
}

/** A folder that the user named is theirs; the one in the project must not lead out of it. */
function outFolders({ root, name, options: { directory = '.', allowOutside } }: Pipeline, { out }: RunOptions) {
  const outDirectory = out === undefined ? join(root, 'out', name) : resolve(directory, out)
  return {
    outDirectory,
    ...(allowOutside === true ? {} : { writableFolders: out === undefined ? [root] : [root, outDirectory] }),
  }
}

/** Links on the way to outputs, as far as the way is there already. */
function outputProblems(
  { outputs }: Graph,
  { outDirectory, writableFolders }: ReturnType<typeof outFolders>,
): readonly Diagnostic[] {
  const guard = outputGuard(writableFolders)
  return outputs.flatMap(({ name, at }) => {
    try {
      guard(join(outDirectory, name, 'any'))
      return []
    } catch (error) {
      const problem = diagnosticOf(error)
      if (problem === undefined) throw error
      return [{ ...problem, at }]
    }
  })
}

function unknownStep(graph: Graph, step: string): readonly Diagnostic[] {
  const known = graph.steps.map(one => one.id)
  if (known.includes(step)) return []
  const message = `force: there is no step \`${step}\``
  return [{ code: 'bad-argument', message, ...suggestion(nearestName(step, known), known) }]
}

/** Sorts by time, and two runs in one second still differ. */
function newRunId(): string {
  const stamp = new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${stamp}-${randomBytes(2).toString('hex')}`
}
