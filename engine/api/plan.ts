import type { PlanReport } from '../contract/plan.ts'
import { forecast } from '../run/forecast.ts'
import { listItems } from '../run/list-items.ts'
import { planReport } from '../run/plan-report.ts'
import { defaultSlots, defaultThreads } from './defaults.ts'
import { devicesOf } from './devices.ts'
import { createExplainer } from './explain.ts'
import type { Pipeline } from './load.ts'
import { openPipeline } from './open.ts'
import { chosenPart, type PartOptions } from './part.ts'
import { PipelineError } from './pipeline-error.ts'
import { listFiles } from './surroundings.ts'

export interface PlanOptions extends PartOptions {
  /** Names of outputs, or `step.port`; default: all outputs. */
  readonly targets?: readonly string[]
  /** Counts and reasons by cell, too. */
  readonly cells?: boolean
  /** Told what the user should know about the cache. */
  readonly remark?: (message: string) => void
}

/**
 * What a run would do, per step, and why. Nothing is run.
 * @throws PipelineError when the pipeline does not pass `check`, or the items asked for are not there.
 */
export async function plan(pipeline: Pipeline, options: PlanOptions = {}): Promise<PlanReport> {
  const opened = await openPipeline(pipeline, options.targets ?? [], options.remark ?? (() => {}))
  if (!opened.ok) throw new PipelineError(opened.problems)
  const { store, close } = opened
  const { graph } = opened.compiled
  const { registry } = pipeline
  try {
    const chosen = chosenPart(pipeline, graph, options)
    const result = forecast(graph, {
      registry,
      store,
      listItems: cell => listItems(graph, cell, registry, store, listFiles, chosen),
      ...(chosen === undefined ? {} : { chosen }),
    })
    return planReport(result, registry, createExplainer(result, opened.compiled, store, registry).reason, {
      store,
      lanes: lanesOf(pipeline),
      cells: options.cells === true,
    })
  } finally {
    close()
  }
}

/** What a run without options would have. */
function lanesOf(pipeline: Pipeline) {
  const { config } = pipeline
  const threads = config?.workers ?? defaultThreads()
  return [
    { lane: 'gpu', width: devicesOf(pipeline).length * (config?.slots ?? defaultSlots()) },
    { lane: 'cpu', width: threads },
    { lane: 'io', width: threads },
  ] as const
}
