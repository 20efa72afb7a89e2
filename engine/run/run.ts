import type { Digest } from '../base/digest.ts'
import type { AuditResult, Emit, RunFinished, RunStatus, TaskCounts } from '../contract/event.ts'
import type { Graph } from '../contract/graph.ts'
import type { Leases } from '../contract/lease.ts'
import type { Registry } from '../contract/registry.ts'
import type { Store } from '../contract/store.ts'
import { storePart } from './adopt.ts'
import { auditHits } from './audit.ts'
import { createCostCollector } from './costs.ts'
import { deliverOutputs } from './deliver.ts'
import type { Executor } from './executor.ts'
import type { ChosenItems } from './item-choice.ts'
import { createUnitLeases } from './leases.ts'
import { listItems } from './list-items.ts'
import { createNarrator } from './narrate.ts'
import { recordCells } from './record.ts'
import { startSampling } from './samples.ts'
import { createSchedule } from './schedule.ts'
import { createWriter } from './writer.ts'

export interface RunRequest {
  readonly runId: string
  readonly graph: Graph
  readonly recipes: ReadonlyMap<Digest, string>
  readonly registry: Registry
  readonly store: Store
  readonly executor: Executor
  /** Opens the leases of the store, when first needed; absent for a store that no other run can see. */
  readonly openLeases?: () => Leases
  readonly emit: Emit
  readonly nowMs: () => number
  readonly outDirectory: string
  /** Outputs are only written below these, links followed; absent: anywhere. */
  readonly writableFolders?: readonly string[]
  readonly memoryBudgetBytes: number
  readonly keepGoing: boolean
  /** Ids of steps that run although they are known. */
  readonly forcedSteps: readonly string[]
  readonly listFiles: (folder: string, globs: readonly string[]) => readonly string[]
  /** The run is about a part of the items. */
  readonly chosen?: ChosenItems | undefined
  /** Share of the hits, in (0, 1], that are computed again and compared. */
  readonly auditShare?: number | undefined
  /** Tidies the cache after a run that stored something; says what the user should know of it. */
  readonly keepBudget?: (() => string | undefined) | undefined
  /** Parameters as given, for the record of the run. */
  readonly paramsJson: string
}

export interface RunHandle {
  readonly finished: Promise<RunFinished>
  /** Starts nothing new; what is in flight is finished and stored. */
  readonly stop: (reason: string, status: Extract<RunStatus, 'stopped' | 'interrupted'>) => void
  /** Gives up what is in flight. */
  readonly abort: () => void
}

/** Of a run's failed tasks the record names so many; its journal has all. */
const failuresKept = 200

/** Runs a compiled graph to its outputs. Everything that happens is an event; the last one is `run.finished`. */
export function startRun(request: RunRequest): RunHandle {
  const { graph, store, executor, registry, nowMs } = request
  const startedMs = nowMs()
  const costs = createCostCollector(graph)
  const failures: (readonly [address: string, item: string | null, message: string])[] = []
  const counts = { hit: 0, done: 0, rebuilt: 0, failed: 0, skipped: 0 }
  let inferences = 0
  let stopStatus: RunStatus | undefined
  let audit: AuditResult | undefined
  const narrator = createNarrator(
    graph,
    event => {
      if (event.type === 'task.hits') counts.hit += event.tasks
      if (event.type === 'task.skipped') counts.skipped += event.tasks
      if (event.type === 'task.failed') {
        counts.failed++
        if (failures.length < failuresKept) failures.push([event.address, event.item ?? null, event.problem.message])
      }
      if (event.type === 'task.done') {
        if (!event.again) counts[event.rebuilt ? 'rebuilt' : 'done']++
        inferences += event.inferences
      }
      costs.hear(event)
      request.emit(event)
    },
    nowMs,
  )
  const writer = createWriter(store, key =>
    narrator.remark(undefined, undefined, `another result is already stored under key ${key}; it is kept`),
  )
  const forced = new Set(
    graph.steps
      .filter(step => request.forcedSteps.includes(step.id))
      .flatMap(step => step.cells.map(cell => cell.index)),
  )
  const leases = createUnitLeases(request.openLeases, message => narrator.remark(undefined, undefined, message))
  const schedule = createSchedule(graph, {
    registry,
    store,
    executor,
    writer,
    narrator,
    chosen: request.chosen,
    keepGoing: request.keepGoing,
    forced,
    leases,
    listItems: cell => listItems(graph, cell, registry, store, request.listFiles, request.chosen),
    groupDone(state, group) {
      storePart(state, group, store)
      recordCells(state, group, store, request.runId)
    },
  })

  return {
    finished: work(),
    stop(reason, status) {
      if (stopStatus === undefined) narrator.emit({ type: 'run.stopping', reason })
      stopStatus = status
      schedule.stop()
    },
    abort() {
      stopStatus ??= 'interrupted'
      schedule.abort()
      executor.abort()
    },
  }

  async function work(): Promise<RunFinished> {
    for (const [recipe, json] of request.recipes) store.recipes.set(recipe, json)
    store.runs.start({
      id: request.runId,
      pipeline: graph.name,
      path: graph.path,
      startedMs,
      paramsJson: request.paramsJson,
      recipes: [...request.recipes.keys()],
    })
    narrator.emit({
      type: 'run.started',
      runId: request.runId,
      pipeline: graph.name,
      steps: graph.steps.map(step => ({
        id: step.id,
        node: step.node,
        lane: step.lane,
        cells: step.cells.length,
        groups: [...new Set(step.cells.map(cell => cell.group))],
      })),
      lanes: executor.lanes,
      memoryBudgetBytes: request.memoryBudgetBytes,
      cacheDirectory: store.directory,
      outDirectory: request.outDirectory,
    })
    const stopSampling = startSampling(executor, narrator, request.memoryBudgetBytes, schedule.queued)
    let outputs: { readonly [name: string]: string } = {}
    let trouble: { readonly error: unknown } | undefined
    try {
      await schedule.run()
      if (stopStatus === undefined) {
        outputs = await deliverOutputs(
          schedule.state,
          request.outDirectory,
          store,
          narrator,
          schedule.remake,
          request.writableFolders,
        )
      }
      if (stopStatus === undefined && request.auditShare !== undefined) audit = await auditWith(request.auditShare)
    } catch (error) {
      trouble = { error }
    } finally {
      stopSampling()
      writer.flush()
      await executor.close()
      leases.close()
    }
    const finished = end(outputs, trouble !== undefined)
    if (trouble !== undefined) throw trouble.error
    return finished
  }

  function end(outputs: { readonly [name: string]: string }, trouble: boolean): RunFinished {
    const finishedMs = nowMs()
    const failed = trouble || counts.failed > 0 || schedule.failed() || (audit?.different ?? 0) > 0
    const status: RunStatus = stopStatus ?? (failed ? 'failed' : 'done')
    const tasks: TaskCounts = { ...counts }
    const event: RunFinished = {
      type: 'run.finished',
      atMs: finishedMs,
      status,
      tasks,
      inferences,
      outputs,
      wallMs: finishedMs - startedMs,
      ...(audit === undefined ? {} : { audit }),
    }
    try {
      const time = costs.finish(store, executor.lanes)
      const forecast = time === undefined ? {} : { forecastMs: time.ms, laneMs: time.laneMs }
      const summary = { tasks, inferences, outputs, wallMs: event.wallMs, ...forecast, audit, failures }
      const summaryJson = JSON.stringify(summary)
      store.runs.finish(request.runId, { finishedMs, status, summaryJson })
      // Only now does what it made not count as needed by a run that goes on.
      const tidied = tasks.done + tasks.rebuilt > 0 ? request.keepBudget?.() : undefined
      if (tidied !== undefined) narrator.remark(undefined, undefined, tidied)
    } catch (error) {
      // A full disk, say: the trouble that is already being reported.
      if (!trouble) throw error
    } finally {
      request.emit(event)
    }
    return event
  }

  function auditWith(share: number): Promise<AuditResult> {
    const { state, unitOf } = schedule
    const stopped = () => stopStatus !== undefined
    return auditHits(state, { share, seed: request.runId, executor, narrator, unitOf, stopped })
  }
}
