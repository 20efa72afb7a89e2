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
import type { Executor } from '../run/executor.ts'
import type { ChosenItems } from '../run/item-choice.ts'
import { createLocalExecutor } from '../run/local-executor.ts'
import { type RunHandle, type RunRequest, startRun } from '../run/run.ts'
import { outputGuard } from '../run/writable.ts'
import { cacheBudgetBytes } from './cache-place.ts'
import { defaultMemoryBytes, defaultSlots, defaultThreads } from './defaults.ts'
import { devicesOf } from './devices.ts'
import { keepBudget } from './keep-budget.ts'
import type { Pipeline } from './load.ts'
import { type OpenPipeline, openPipeline } from './open.ts'
import { chosenPart, type PartOptions, partFolder } from './part.ts'
import { PipelineError } from './pipeline-error.ts'
import { staleVersions } from './stale-versions.ts'
import { listFiles } from './surroundings.ts'

/** How a pipeline is run; the same as on the command line. */
export interface RunOptions extends PartOptions {
  /** Names of outputs, or `step.port`; default: all outputs. */
  readonly targets?: readonly string[]
  /**
   * Where outputs go. Default: a folder of the pipeline's name in `out` of the project, or where its config says. Those
   * of a part of the items go into a folder of their own in it.
   */
  readonly out?: string
  /** Inference workers per device. */
  readonly slots?: number
  /** Threads of the cpu lane, and of the io lane. */
  readonly workers?: number
  /** Memory budget in bytes. Default: what the config says, or half of the machine. */
  readonly memoryBytes?: number
  /** What the cache may hold when the run has ended. Default: what the config says, or a quarter of the disk up to 100 GB. */
  readonly cacheBytes?: number
  /** Ids of steps that run although they are cached. */
  readonly force?: readonly string[]
  /** Finishes what does not depend on a failed task. */
  readonly keepGoing?: boolean
  /** Share of the hits, in (0, 1], that are computed again and compared. */
  readonly audit?: number
}

/** A run that can be started: the pipeline is compiled and its cache open. */
export interface PreparedRun {
  readonly runId: string
  readonly graph: Graph
  /** Absolute. */
  readonly outDirectory: string
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
  try {
    const chosen = chosenPart(pipeline, graph, options)
    const request = requestOf(pipeline, options, opened, runId, chosen)
    const { outDirectory } = request
    return { runId, graph, outDirectory, start: emit => start(request, opened, remarks, emit), discard: opened.close }
  } catch (error) {
    opened.close()
    throw error
  }
}

function start(request: Request, opened: OpenPipeline, remarks: readonly string[], emit: Emit): RunHandle {
  const journal = openJournal(join(opened.store.directory!, 'runs', `${request.runId}.jsonl`))
  const record: Emit = event => {
    journal.append(event)
    emit(event)
  }
  const handle = startRun({ ...request, emit: record, executor: request.executor() })
  for (const message of remarks) record({ type: 'remark', atMs: Date.now(), step: undefined, item: undefined, message })
  const finished = handle.finished.finally(() => {
    journal.close()
    opened.close()
  })
  return { ...handle, finished }
}

/** A request without what a start needs only once. */
type Request = Omit<RunRequest, 'emit' | 'executor'> & { readonly executor: () => Executor }

function requestOf(
  pipeline: Pipeline,
  options: RunOptions,
  { compiled, store }: OpenPipeline,
  runId: string,
  chosen: ChosenItems | undefined,
): Request {
  const { registry, settings, config } = pipeline
  const { graph, recipes } = compiled
  const memoryBudgetBytes = options.memoryBytes ?? config?.memoryBytes ?? defaultMemoryBytes()
  const executor = () =>
    createLocalExecutor({
      registryUrl: compiledUrl(registry.url),
      addedModules: registry.added ?? [],
      storeUrl: compiledUrl(new URL('../../cache/open.ts', import.meta.url).href),
      storeDirectory: store.directory!,
      keepAuto: true,
      devices: devicesOf(pipeline),
      slotsPerDevice: options.slots ?? config?.slots ?? defaultSlots(),
      threads: options.workers ?? config?.workers ?? defaultThreads(),
      memoryBytes: memoryBudgetBytes,
      batchSize: Math.max(1, ...graph.steps.map(step => registry.nodes.get(step.node)?.batch?.max ?? 1)),
    })
  const budgetBytes = cacheBudgetBytes(options.cacheBytes, config, store.directory!)
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
    memoryBudgetBytes,
    keepGoing: options.keepGoing === true,
    forcedSteps: options.force ?? [],
    listFiles,
    chosen,
    auditShare: options.audit,
    // A throw-away cache is gone soon.
    keepBudget: pipeline.options.cache === false ? undefined : () => keepBudget(store, budgetBytes),
    paramsJson: JSON.stringify(Object.fromEntries([...settings].map(([key, { value }]) => [key, value]))),
  }
}

/** A folder that the user named is theirs; the one in the project must not lead out of it. */
function outFolders({ root, name, config, options: { directory = '.', allowOutside } }: Pipeline, options: RunOptions) {
  const own = join(config?.out ?? join(root, 'out'), name)
  const base = options.out === undefined ? own : resolve(directory, options.out)
  const outDirectory = join(base, partFolder(options))
  return {
    outDirectory,
    ...(allowOutside === true ? {} : { writableFolders: options.out === undefined ? [root] : [root, base] }),
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
