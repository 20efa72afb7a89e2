import type { Diagnostic } from '../base/diagnostic.ts'
import type { OutputDelivered, RunFinished, RunStarted } from '../contract/event.ts'
import type { Lane } from '../contract/node.ts'
import type { SlidingCount } from './sliding-count.ts'
import { noUnits, type UnitsInFlight } from './units-in-flight.ts'

/**
 * What is known of a run, folded from its events. `applyEvent` is the only writer and changes the object in place, so
 * that ten thousand events a second cost a few percent of a core; readers compare `version` to see whether to look
 * again. Nothing here reads a clock: times are those of the events.
 */
export interface RunState {
  /** Counts events. */
  version: number
  started: RunStarted | undefined
  finished: RunFinished | undefined
  /** Why no new work starts, once the run was asked to stop. */
  stopping: string | undefined
  /** Time of the newest event. */
  atMs: number
  /** In the order of the pipeline. */
  readonly steps: StepState[]
  readonly stepById: Map<string, StepState>
  readonly stepsByGroup: Map<number, StepState[]>
  readonly lanes: LaneState[]
  readonly flight: UnitsInFlight
  residentBytes: number
  peakResidentBytes: number
  /** Bytes of transient values that waited in files; and how many of those values were dropped to be made again. */
  spilledBytes: number
  droppedValues: number
  budgetBytes: number
  inferences: number
  /** The first `FAILURES_KEPT`, in order of arrival. */
  readonly failures: Failure[]
  failureCount: number
  /** One entry per step and message; at most `REMARKS_KEPT`. */
  readonly remarks: Map<string, RemarkState>
  remarkCount: number
  readonly outputs: OutputDelivered[]
  /** The newest happenings worth a line, oldest first; at most `RECENT_KEPT`. */
  readonly recent: Happening[]
}

export interface StepState {
  readonly id: string
  readonly node: string
  readonly lane: Lane
  readonly cells: number
  /** Cells × items; undefined until known. */
  tasks: number | undefined
  hit: number
  done: number
  rebuilt: number
  failed: number
  skipped: number
  skipReason: string | undefined
  /** Units in flight that hold tasks of this step. */
  running: number
  /** Sum of the durations of its tasks. */
  spentMs: number
  outputBytes: number
  inferences: number
  firstMs: number | undefined
  lastMs: number | undefined
  /** Every task that came to an end. */
  readonly settledPerSecond: SlidingCount
  /** Tasks that were computed, and hits found after the first of them: how many of the rest will have to run. */
  readonly computedPerSecond: SlidingCount
  readonly hitsPerSecond: SlidingCount
  announced: boolean
}

export interface LaneState {
  readonly lane: Lane
  width: number
  running: number
  queued: number
  busyShare: number
  /** Time its slots held at least one unit, summed over the slots. */
  busyMs: number
  /** Milliseconds of task time finished per second. */
  readonly workMsPerSecond: SlidingCount
}

export interface Failure {
  readonly atMs: number
  readonly step: string
  readonly address: string
  readonly item: string | undefined
  readonly problem: Diagnostic
}

export interface RemarkState {
  readonly step: string | undefined
  readonly message: string
  readonly firstItem: string | undefined
  count: number
}

export interface Happening {
  readonly atMs: number
  readonly tone: 'good' | 'bad' | 'note'
  readonly text: string
}

export const FAILURES_KEPT = 500
export const REMARKS_KEPT = 200
export const RECENT_KEPT = 12

export function emptyRunState(): RunState {
  return {
    version: 0,
    started: undefined,
    finished: undefined,
    stopping: undefined,
    atMs: 0,
    steps: [],
    stepById: new Map(),
    stepsByGroup: new Map(),
    lanes: [],
    flight: noUnits(),
    residentBytes: 0,
    peakResidentBytes: 0,
    spilledBytes: 0,
    droppedValues: 0,
    budgetBytes: 0,
    inferences: 0,
    failures: [],
    failureCount: 0,
    remarks: new Map(),
    remarkCount: 0,
    outputs: [],
    recent: [],
  }
}

export function settledTasks(step: StepState): number {
  return step.hit + step.done + step.rebuilt + step.failed + step.skipped
}
