import type { Diagnostic } from '../base/diagnostic.ts'
import type { AddedModule } from '../contract/registry.ts'
import type { TaskOutcome, Unit, UnitResult, WireGroup } from './wire.ts'

/** Every message between a run and a worker. A process and a thread speak the same. */
export type ToWorker =
  | {
      readonly type: 'open'
      readonly registryUrl: string
      readonly addedModules: readonly AddedModule[]
      /** Module that exports `openReader`. */
      readonly storeUrl: string
      readonly storeDirectory: string
      readonly device: string
      /** Store the blobs of ports whose policy is `auto`. */
      readonly keepAuto: boolean
      /** What this worker should hold at most. */
      readonly memoryBytes: number
      /** Units it works on at once; others wait in it. */
      readonly unitsAtOnce: number
    }
  | { readonly type: 'group'; readonly group: WireGroup }
  /** Together, since a message costs as much as a short task. */
  | { readonly type: 'units'; readonly units: readonly AssignedUnit[] }
  /** Outcomes of so many bytes are stored. */
  | { readonly type: 'stored'; readonly bytes: number }
  | { readonly type: 'close' }

export interface AssignedUnit {
  readonly unit: Unit
  /** Tasks of it for which an earlier worker was killed, once for each time. */
  readonly hungTasks: readonly number[]
}

/** What a worker sends at once, in order. */
export type FromWorkerBatch = readonly FromWorker[]

export type FromWorker =
  | { readonly type: 'outcome'; readonly unit: number; readonly outcome: TaskOutcome; readonly bytes: number }
  | { readonly type: 'note'; readonly unit: number; readonly task: number; readonly message: string }
  /** Tasks with a time limit tell when they are under way. */
  | { readonly type: 'begun'; readonly unit: number; readonly task: number; readonly limitMs: number }
  | { readonly type: 'ended'; readonly unit: number; readonly task: number }
  /** A defect of the engine met in one unit. */
  | { readonly type: 'gave-up'; readonly unit: number; readonly message: string }
  /** `durationMs`: since the worker began it. */
  | { readonly type: 'result'; readonly unit: number; readonly result: UnitResult; readonly durationMs: number }
  /** The worker itself is broken (it could not open the store, say); it ends after this. */
  | { readonly type: 'broken'; readonly problem: Diagnostic }
  | { readonly type: 'closed' }

/** One end of the connection, seen from the worker. */
export interface WorkerChannel {
  readonly send: (messages: FromWorkerBatch) => void
  readonly onMessage: (listener: (message: ToWorker) => void) => void
  /** Ends the worker after everything was sent. */
  readonly end: () => void
}

/** A worker stops making new outcomes while more than this is on its way to the store. */
export const maxUnstoredBytes = 32 * 1024 * 1024
