import type { Diagnostic } from '../base/diagnostic.ts'
import type { OutputDelivered, RunEvent, RunFinished, RunStarted, UnitStarted } from '../contract/event.ts'
import type { Lane } from '../contract/node.ts'
import { formatCount, formatDuration } from './format.ts'
import { addToWindow, type SlidingCount, slidingCount } from './sliding-count.ts'

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
  /** In flight, by slot. */
  readonly units: Map<string, UnitStarted>
  residentBytes: number
  peakResidentBytes: number
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
  /** Sum of the durations of its units. */
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
    units: new Map(),
    residentBytes: 0,
    peakResidentBytes: 0,
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

/** The state after `event`: the same object, changed. Events of steps or lanes that were not announced are not counted. */
export function applyEvent(state: RunState, event: RunEvent): RunState {
  state.version++
  if (event.atMs > state.atMs) state.atMs = event.atMs
  switch (event.type) {
    case 'run.started':
      start(state, event)
      break
    case 'step.items': {
      const step = state.stepById.get(event.step)
      if (step !== undefined) {
        if (step.tasks !== event.tasks) step.announced = false
        step.tasks = event.tasks
        settle(state, step, event.atMs, 0)
      }
      break
    }
    case 'task.hits': {
      const step = state.stepById.get(event.step)
      if (step !== undefined) {
        step.hit += event.tasks
        if (step.done + step.rebuilt > 0) addToWindow(step.hitsPerSecond, event.atMs, event.tasks)
        settle(state, step, event.atMs, event.tasks)
      }
      break
    }
    case 'task.done': {
      state.inferences += event.inferences
      const step = state.stepById.get(event.step)
      if (step !== undefined) {
        if (event.rebuilt) step.rebuilt++
        else step.done++
        step.spentMs += event.durationMs
        step.outputBytes += event.outputBytes
        step.inferences += event.inferences
        addToWindow(step.computedPerSecond, event.atMs, 1)
        const lane = laneOf(state, step.lane)
        if (lane !== undefined) addToWindow(lane.workMsPerSecond, event.atMs, event.durationMs)
        settle(state, step, event.atMs, 1)
      }
      break
    }
    case 'task.failed': {
      state.failureCount++
      const { atMs, step: id, address, item, problem } = event
      if (state.failures.length < FAILURES_KEPT) state.failures.push({ atMs, step: id, address, item, problem })
      happen(state, event.atMs, 'bad', `${address}${item === undefined ? '' : ` ${item}`}: ${problem.message}`)
      const step = state.stepById.get(id)
      if (step !== undefined) {
        step.failed++
        settle(state, step, atMs, 1)
      }
      break
    }
    case 'task.skipped': {
      const step = state.stepById.get(event.step)
      if (step !== undefined) {
        step.skipped += event.tasks
        step.skipReason ??= event.reason
        settle(state, step, event.atMs, event.tasks)
      }
      break
    }
    case 'unit.started': {
      state.units.set(event.slot, event)
      for (const step of state.stepsByGroup.get(event.group) ?? []) step.running++
      break
    }
    case 'unit.finished': {
      state.units.delete(event.slot)
      for (const step of state.stepsByGroup.get(event.group) ?? []) step.running = Math.max(0, step.running - 1)
      const lane = laneOf(state, event.lane)
      if (lane !== undefined) lane.busyMs += event.durationMs
      break
    }
    case 'lane.sample': {
      const lane = laneOf(state, event.lane)
      if (lane !== undefined) {
        lane.width = event.width
        lane.running = event.running
        lane.queued = event.queued
        lane.busyShare = event.busyShare
      }
      break
    }
    case 'memory.sample':
      state.residentBytes = event.residentBytes
      state.peakResidentBytes = Math.max(state.peakResidentBytes, event.residentBytes)
      state.budgetBytes = event.budgetBytes
      break
    case 'output.delivered':
      state.outputs.push(event)
      happen(state, event.atMs, 'good', `output ${event.name}: ${event.path}${event.unchanged ? ' (unchanged)' : ''}`)
      break
    case 'remark':
      remark(state, event.atMs, event.step, event.item, event.message)
      break
    case 'run.stopping':
      state.stopping = event.reason
      happen(state, event.atMs, 'note', `stopping: ${event.reason}`)
      break
    case 'run.finished':
      state.finished = event
      state.inferences = event.inferences
      break
  }
  return state
}

export function settledTasks(step: StepState): number {
  return step.hit + step.done + step.rebuilt + step.failed + step.skipped
}

function start(state: RunState, event: RunStarted): void {
  state.started = event
  state.budgetBytes = event.memoryBudgetBytes
  for (const { id, node, lane, cells, groups } of event.steps) {
    const step: StepState = {
      id,
      node,
      lane,
      cells,
      tasks: undefined,
      hit: 0,
      done: 0,
      rebuilt: 0,
      failed: 0,
      skipped: 0,
      skipReason: undefined,
      running: 0,
      spentMs: 0,
      outputBytes: 0,
      inferences: 0,
      firstMs: undefined,
      lastMs: undefined,
      settledPerSecond: slidingCount(),
      computedPerSecond: slidingCount(),
      hitsPerSecond: slidingCount(),
      announced: false,
    }
    state.steps.push(step)
    state.stepById.set(id, step)
    for (const group of groups ?? []) {
      const members = state.stepsByGroup.get(group)
      if (members === undefined) state.stepsByGroup.set(group, [step])
      else members.push(step)
    }
  }
  for (const { lane, width } of event.lanes) {
    state.lanes.push({ lane, width, running: 0, queued: 0, busyShare: 0, busyMs: 0, workMsPerSecond: slidingCount() })
  }
}

function laneOf(state: RunState, name: Lane): LaneState | undefined {
  for (const lane of state.lanes) if (lane.lane === name) return lane
  return undefined
}

function settle(state: RunState, step: StepState, atMs: number, tasks: number): void {
  if (tasks > 0) {
    step.firstMs ??= atMs
    step.lastMs = atMs
    addToWindow(step.settledPerSecond, atMs, tasks)
  }
  const settled = settledTasks(step)
  if (step.announced || step.tasks === undefined || settled < step.tasks) return
  step.announced = true
  if (settled === 0) return
  const parts = [
    `${step.id}: ${formatCount(settled)} tasks`,
    step.hit > 0 ? `${formatCount(step.hit)} cached` : '',
    step.failed > 0 ? `${formatCount(step.failed)} failed` : '',
    step.skipped > 0 ? `${formatCount(step.skipped)} skipped` : '',
    step.spentMs > 0 ? `${formatDuration(step.spentMs)} of work` : '',
  ]
  happen(state, atMs, step.failed > 0 ? 'bad' : 'good', parts.filter(part => part !== '').join(', '))
}

function remark(
  state: RunState,
  atMs: number,
  step: string | undefined,
  item: string | undefined,
  message: string,
): void {
  state.remarkCount++
  const key = `${step ?? ''}\n${message}`
  const known = state.remarks.get(key)
  if (known !== undefined) {
    known.count++
    return
  }
  if (state.remarks.size < REMARKS_KEPT) state.remarks.set(key, { step, message, firstItem: item, count: 1 })
  const where = [step, item].filter(part => part !== undefined).join(' ')
  happen(state, atMs, 'note', where === '' ? message : `${where}: ${message}`)
}

function happen(state: RunState, atMs: number, tone: Happening['tone'], text: string): void {
  state.recent.push({ atMs, tone, text })
  if (state.recent.length > RECENT_KEPT) state.recent.shift()
}
