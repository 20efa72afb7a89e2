import type { Diagnostic } from '../base/diagnostic.ts'
import type { Lane } from './node.ts'

/**
 * Everything that happens in a run, as one closed union. The screen, plain lines, `--json`, the journal and reports are
 * folds over it and know nothing else.
 */
export type RunEvent =
  | RunStarted
  | StepItems
  | TaskHits
  | TaskDone
  | TaskFailed
  | TaskSkipped
  | UnitStarted
  | UnitFinished
  | LaneSample
  | MemorySample
  | MemorySpilled
  | OutputDelivered
  | Remark
  | Stopping
  | RunFinished

interface Base {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
}

export interface RunStarted extends Base {
  readonly type: 'run.started'
  readonly runId: string
  readonly pipeline: string
  readonly steps: readonly {
    readonly id: string
    readonly node: string
    readonly lane: Lane
    readonly cells: number
    /** Groups its cells belong to: readers see from it which steps a running unit holds. */
    readonly groups?: readonly number[]
  }[]
  readonly lanes: readonly { readonly lane: Lane; readonly width: number }[]
  readonly memoryBudgetBytes: number
  readonly cacheDirectory: string | undefined
  readonly outDirectory: string
}

/** How many tasks a step has (cells × items), as soon as that is known. */
export interface StepItems extends Base {
  readonly type: 'step.items'
  readonly step: string
  readonly tasks: number
}

/** Tasks found in the cache. −1: what was found turned out to be lost; the task runs after all. */
export interface TaskHits extends Base {
  readonly type: 'task.hits'
  readonly step: string
  readonly tasks: number
}

/** One task ran. `rebuilt`: its outputs were known, but a transient or lost value was needed again. */
export interface TaskDone extends Base {
  readonly type: 'task.done'
  readonly step: string
  readonly address: string
  readonly item: string | undefined
  readonly rebuilt: boolean
  readonly durationMs: number
  readonly outputBytes: number
  readonly inferences: number
  /** It ran earlier in this run already: its work counts, the task itself does not count twice. */
  readonly again?: true
}

export interface TaskFailed extends Base {
  readonly type: 'task.failed'
  readonly step: string
  readonly address: string
  readonly item: string | undefined
  readonly problem: Diagnostic
}

/** Not run because something it needs failed, or because the run stopped before. */
export interface TaskSkipped extends Base {
  readonly type: 'task.skipped'
  readonly step: string
  readonly tasks: number
  readonly reason: string
}

export interface UnitStarted extends Base {
  readonly type: 'unit.started'
  readonly lane: Lane
  readonly group: number
  readonly item: string | undefined
  readonly slot: string
}

export interface UnitFinished extends Base {
  readonly type: 'unit.finished'
  readonly lane: Lane
  readonly group: number
  readonly item: string | undefined
  readonly slot: string
  readonly durationMs: number
}

export interface LaneSample extends Base {
  readonly type: 'lane.sample'
  readonly lane: Lane
  readonly width: number
  readonly running: number
  readonly queued: number
  /** Share of the lane's slots that were busy since the last sample, 0…1. */
  readonly busyShare: number
}

export interface MemorySample extends Base {
  readonly type: 'memory.sample'
  /** Of this process and its workers together. */
  readonly residentBytes: number
  readonly budgetBytes: number
}

/** In one unit there was no room for all transient values: so many waited in files, or were dropped to be made again. */
export interface MemorySpilled extends Base {
  readonly type: 'memory.spilled'
  readonly group: number
  readonly item: string | undefined
  readonly spilled: number
  readonly spilledBytes: number
  readonly dropped: number
}

export interface OutputDelivered extends Base {
  readonly type: 'output.delivered'
  readonly name: string
  readonly path: string
  readonly files: number
  readonly bytes: number
  /** Every file was already there with these bytes. */
  readonly unchanged: boolean
}

/** A remark of a node or of the engine: not an error, worth a line. */
export interface Remark extends Base {
  readonly type: 'remark'
  readonly step: string | undefined
  readonly item: string | undefined
  readonly message: string
}

/** Asked to stop: work in flight is finished and stored, nothing new starts. */
export interface Stopping extends Base {
  readonly type: 'run.stopping'
  readonly reason: string
}

export type RunStatus = 'done' | 'failed' | 'stopped' | 'interrupted'

export interface RunFinished extends Base {
  readonly type: 'run.finished'
  readonly status: RunStatus
  readonly tasks: TaskCounts
  readonly inferences: number
  /** Output name → absolute path of the file or folder. */
  readonly outputs: { readonly [name: string]: string }
  readonly wallMs: number
  /** Of a run with `--audit`. */
  readonly audit?: AuditResult
}

/** Hits that were computed again, and what came of it. */
export interface AuditResult {
  /** Tasks. */
  readonly audited: number
  readonly different: number
  /** Names of nodes found not to be deterministic, or suspected of it, sorted. */
  readonly nodes: readonly string[]
}

export interface TaskCounts {
  readonly hit: number
  readonly done: number
  readonly rebuilt: number
  readonly failed: number
  readonly skipped: number
}

/** Where events go; emitting never throws and never waits. */
export type Emit = (event: RunEvent) => void
