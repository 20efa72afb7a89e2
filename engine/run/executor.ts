import type { Diagnostic } from '../base/diagnostic.ts'
import type { Lane } from '../contract/node.ts'
import type { TaskOutcome, Unit, UnitResult, WireGroup } from './wire.ts'

/**
 * Where units run. The local executor (worker processes and threads) is the first; one that hands units to a cluster
 * would implement the same few calls. A unit names everything by digest, so an executor needs the store and nothing else.
 */
export interface Executor {
  readonly lanes: readonly { readonly lane: Lane; readonly width: number }[]
  /**
   * Units that may be under way at once in a lane when the next one is of this group; more than its width, so that a
   * worker never waits for its next one. Many more for groups whose units turned out to be short.
   */
  readonly capacity: (lane: Lane, group: number) => number
  /**
   * Runs one unit. Outcomes arrive while it runs, each before the result.
   * @throws WorkerCrash when workers died on it as often as allowed, or the executor was aborted.
   * @throws RunFailure when no worker can be had, or the store refuses an outcome.
   */
  readonly submit: (lane: Lane, group: WireGroup, unit: Unit, listener: UnitListener) => Promise<UnitResult>
  /** Slots busy right now. */
  readonly running: (lane: Lane) => number
  /** Process ids of the workers, to account for their memory. */
  readonly processIds: () => readonly number[]
  /** Waits for units in flight, then ends the workers. */
  readonly close: () => Promise<void>
  /** Ends the workers at once; units in flight are lost. */
  readonly abort: () => void
}

export interface UnitListener {
  readonly started: (slot: string) => void
  /** Resolves when the outcome is stored: the worker may then send more. */
  readonly outcome: (outcome: TaskOutcome) => Promise<void>
  readonly note: (task: number, message: string) => void
  /** A worker died with this unit in it; it is tried again. */
  readonly retried: (why: string) => void
}

/** Workers died on a unit again and again: it is not tried any more in this run. */
export class WorkerCrash extends Error {
  readonly diagnostic: Diagnostic

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message)
    this.name = 'WorkerCrash'
    this.diagnostic = diagnostic
  }
}

/** Not the fault of a unit: others would fare no better, so the run cannot go on. `cause`: the problem. */
export class RunFailure extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause })
    this.name = 'RunFailure'
  }
}
