import type { Lane } from '../contract/node.ts'
import type { TaskOutcome, Unit, UnitResult, WireGroup } from './wire.ts'

/**
 * Where units run. The local executor (worker processes and threads) is the first; one that hands units to a cluster
 * would implement the same few calls. A unit names everything by digest, so an executor needs the store and nothing else.
 */
export interface Executor {
  readonly lanes: readonly { readonly lane: Lane; readonly width: number }[]
  /** Units that may be under way at once in a lane; more than its width, so that a worker never waits for its next one. */
  readonly capacity: (lane: Lane) => number
  /**
   * Runs one unit. Outcomes arrive while it runs, each before the result.
   * @throws WorkerCrash when a worker died on it more often than allowed, or the executor was aborted.
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
}

export class WorkerCrash extends Error {
  readonly attempts: number

  constructor(message: string, attempts: number) {
    super(message)
    this.name = 'WorkerCrash'
    this.attempts = attempts
  }
}
