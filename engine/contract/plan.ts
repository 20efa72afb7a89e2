/** What a run would do, per step: the result of `plan`, printed by `engine/report/plan-table.ts` or as JSON. */
export interface PlanReport {
  readonly pipeline: string
  /** Number of items per source step, if it could be known without running. */
  readonly items: readonly { readonly step: string; readonly items: number }[]
  readonly steps: readonly StepPlan[]
  readonly totals: PlanCounts & { readonly inferences: number; readonly inferencesAtMost: number }
  /**
   * Wall time from what tasks cost so far: of what will run and of every `maybe` (`ms`), and if none of the latter has to run
   * (`atLeastMs`); `error`: median share by which earlier forecasts were off. Undefined while a step that runs has never run.
   */
  readonly time?: { readonly ms: number; readonly atLeastMs: number; readonly error: number | undefined } | undefined
  /** Checks that wait for a file which another step will make. */
  readonly deferred: readonly string[]
}

export interface PlanCounts {
  /** Stored: nothing to do. */
  readonly hit: number
  /** Will run: its key has no row. */
  readonly run: number
  /** Will run only if an input that is being made comes out different. */
  readonly maybe: number
  /** Known, but made again because a transient or lost value is needed by a task that will (or may) run. */
  readonly rebuild: number
}

export interface StepPlan extends PlanCounts {
  readonly step: string
  readonly node: string
  readonly cells: number
  readonly tasks: number
  /** Stored bytes per task seen so far for this node, if any. */
  readonly bytesPerTask: number | undefined
  /** Why the first task that is not a hit is not one: "new parameters", "an input changed: …", "never run". */
  readonly reason: string | undefined
  /** The same by cell, if asked for. */
  readonly byCell?: readonly CellPlan[]
}

export interface CellPlan extends PlanCounts {
  readonly address: string
  readonly tasks: number
  readonly reason: string | undefined
}
