import type { Diagnostic, Span } from '../base/diagnostic.ts'
import { requiredInputs } from '../contract/pipeline.ts'
import { type LoadOptions, readPipeline } from './load.ts'
import { openPipeline, problemsOfUnbound, unboundNames } from './open.ts'

export interface CheckReport {
  /** No problems. */
  readonly ok: boolean
  readonly problems: readonly Diagnostic[]
  /** Undefined if the file cannot be read. */
  readonly name: string | undefined
  /** Steps and cells of the compiled pipeline; undefined with problems, or while inputs are not bound. */
  readonly steps: number | undefined
  readonly cells: number | undefined
  /** Inputs and parameters without value, of a pipeline that is made to be used by another one. */
  readonly unbound: readonly string[]
  /** Checks that wait for what other steps make, and happen when that is there. */
  readonly deferred: readonly DeferredCheck[]
}

export interface DeferredCheck {
  readonly step: string
  readonly what: string
  readonly at: Span
}

/** Everything that can be known about a pipeline before anything runs. Problems are a result, never thrown. */
export async function check(name: string, options: LoadOptions = {}): Promise<CheckReport> {
  const read = await readPipeline(name, options)
  const nothing = { name: undefined, steps: undefined, cells: undefined, unbound: [], deferred: [] }
  if (!read.ok) return { ...nothing, ok: false, problems: read.problems }
  const pipeline = read.value
  if (requiredInputs(pipeline.file).length > 0) {
    const problems = await problemsOfUnbound(pipeline, () => {})
    const unbound = unboundNames(pipeline)
    return { ...nothing, ok: problems.length === 0, problems, name: pipeline.name, unbound }
  }
  const opened = await openPipeline(pipeline, [], () => {})
  if (!opened.ok) return { ...nothing, ok: false, problems: opened.problems, name: pipeline.name }
  opened.close()
  const { graph, deferred } = opened.compiled
  const { steps } = graph
  const cells = steps.reduce((sum, step) => sum + step.cells.length, 0)
  return { ok: true, problems: [], name: pipeline.name, steps: steps.length, cells, unbound: [], deferred }
}
