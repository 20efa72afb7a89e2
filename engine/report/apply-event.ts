import type { RunEvent, RunStarted } from '../contract/event.ts'
import type { Lane } from '../contract/node.ts'
import { counted, formatCount, formatDuration } from './format.ts'
import {
  emptyRunState,
  FAILURES_KEPT,
  type Happening,
  type LaneState,
  RECENT_KEPT,
  REMARKS_KEPT,
  type RunState,
  type StepState,
  settledTasks,
} from './run-state.ts'
import { addToWindow, slidingCount } from './sliding-count.ts'
import { type BusySpan, beginUnit, endUnit } from './units-in-flight.ts'

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
        const tasks = event.again ? 0 : 1
        if (event.rebuilt) step.rebuilt += tasks
        else step.done += tasks
        step.spentMs += event.durationMs
        step.outputBytes += event.outputBytes
        step.inferences += event.inferences
        addToWindow(step.computedPerSecond, event.atMs, 1)
        const lane = laneOf(state, step.lane)
        if (lane !== undefined) addToWindow(lane.workMsPerSecond, event.atMs, event.durationMs)
        settle(state, step, event.atMs, tasks)
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
      const { isNew, busy } = beginUnit(state.flight, event)
      addBusy(state, busy)
      if (isNew) for (const step of state.stepsByGroup.get(event.group) ?? []) step.running++
      break
    }
    case 'unit.finished': {
      const { known, busy } = endUnit(state.flight, event)
      addBusy(state, busy)
      if (known) for (const step of state.stepsByGroup.get(event.group) ?? []) step.running--
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
    case 'memory.spilled':
      state.spilledBytes += event.spilledBytes
      state.droppedValues += event.dropped
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

export function foldEvents(events: Iterable<RunEvent>): RunState {
  const state = emptyRunState()
  for (const event of events) applyEvent(state, event)
  return state
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

function addBusy(state: RunState, busy: BusySpan | undefined): void {
  const lane = busy === undefined ? undefined : laneOf(state, busy.lane)
  if (lane !== undefined && busy !== undefined) lane.busyMs += busy.toMs - busy.fromMs
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
    `${step.id}: ${counted(settled, 'task')}`,
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
