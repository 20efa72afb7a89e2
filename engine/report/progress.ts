import type { RunState, StepState } from './run-state.ts'
import { settledTasks } from './run-state.ts'
import { windowRate, windowSum } from './sliding-count.ts'

/** What is read off a `RunState`: phases, rates, and how long the rest will take. `nowMs` is the reader's clock. */

export type StepPhase = 'waiting' | 'running' | 'done' | 'failed' | 'skipped'

/** `failed` wins over everything, so that a step that lost a task stays visible. */
export function stepPhase(step: StepState): StepPhase {
  if (step.failed > 0) return 'failed'
  const settled = settledTasks(step)
  if (step.tasks !== undefined && settled >= step.tasks) {
    return step.tasks > 0 && step.skipped === step.tasks ? 'skipped' : 'done'
  }
  return step.running > 0 || settled > 0 ? 'running' : 'waiting'
}

/** Part of the step's tasks that came to an end, 0…1; undefined while their number is unknown. */
export function stepShare(step: StepState): number | undefined {
  if (step.tasks === undefined) return undefined
  return step.tasks === 0 ? 1 : Math.min(1, settledTasks(step) / step.tasks)
}

/** Tasks per second over the last ten seconds. */
export function stepRate(step: StepState, nowMs: number): number {
  return windowRate(step.settledPerSecond, nowMs, 10)
}

/** Mean duration of the tasks that ran; undefined before the first. */
export function meanTaskMs(step: StepState): number | undefined {
  const computed = step.done + step.rebuilt
  return computed === 0 ? undefined : step.spentMs / computed
}

export function elapsedMs(state: RunState, nowMs: number): number {
  if (state.started === undefined) return 0
  return state.finished?.wallMs ?? Math.max(0, nowMs - state.started.atMs)
}

export interface RunTotals {
  readonly tasks: number
  /** Some steps do not know their number of tasks yet. */
  readonly open: boolean
  readonly settled: number
  readonly hit: number
  readonly done: number
  readonly rebuilt: number
  readonly failed: number
  readonly skipped: number
}

export function runTotals(state: RunState): RunTotals {
  const totals = { tasks: 0, open: false, settled: 0, hit: 0, done: 0, rebuilt: 0, failed: 0, skipped: 0 }
  for (const step of state.steps) {
    const settled = settledTasks(step)
    totals.tasks += step.tasks ?? settled
    totals.open ||= step.tasks === undefined
    totals.settled += settled
    totals.hit += step.hit
    totals.done += step.done
    totals.rebuilt += step.rebuilt
    totals.failed += step.failed
    totals.skipped += step.skipped
  }
  return totals
}

export interface Remaining {
  readonly ms: number
  /** There is work nobody has measured yet: it will take at least this long. */
  readonly atLeast: boolean
}

/**
 * Time to the end, from the work of this run alone; undefined until a task of a step that has more to do was measured.
 *
 * Per lane: Σ over steps (tasks left × share that will have to run × mean duration) / task time finished per second.
 * The share is taken over the last half minute and only from hits found after the first computed task, so a pile of
 * hits at the start does not make the rest look free. A step without a measurement borrows the mean of another step of
 * the same node. Lanes work side by side, so the slowest one counts.
 */
export function estimateRemaining(state: RunState, nowMs: number): Remaining | undefined {
  if (state.finished !== undefined) return { ms: 0, atLeast: false }
  const meanByNode = nodeMeans(state)
  let atLeast = false
  let measured = false
  let slowestMs = 0
  for (const lane of state.lanes) {
    let workMs = 0
    for (const step of state.steps) {
      if (step.lane !== lane.lane) continue
      const left = tasksLeft(step)
      if (left === 0) continue
      const meanMs = meanTaskMs(step) ?? meanByNode.get(step.node)
      if (left === undefined || meanMs === undefined) {
        atLeast = true
        continue
      }
      measured = true
      workMs += left * computedShare(step, nowMs) * meanMs
    }
    if (workMs === 0) continue
    const observed = windowRate(lane.workMsPerSecond, nowMs) / 1000
    // Long tasks end in lumps: never believe more than twice the width (two items in flight per slot).
    const parallel = observed > 0 ? Math.min(observed, 2 * lane.width) : lane.width
    slowestMs = Math.max(slowestMs, workMs / parallel)
  }
  return measured ? { ms: slowestMs, atLeast } : undefined
}

/** Of the settled tasks of the last half minute, the part that had to run; 1 without evidence of hits. */
function computedShare(step: StepState, nowMs: number): number {
  const computed = windowSum(step.computedPerSecond, nowMs)
  const hits = windowSum(step.hitsPerSecond, nowMs)
  return computed + hits === 0 ? 1 : computed / (computed + hits)
}

function tasksLeft(step: StepState): number | undefined {
  return step.tasks === undefined ? undefined : Math.max(0, step.tasks - settledTasks(step))
}

function nodeMeans(state: RunState): Map<string, number> {
  const sums = new Map<string, { ms: number; tasks: number }>()
  for (const step of state.steps) {
    const computed = step.done + step.rebuilt
    if (computed === 0) continue
    const sum = sums.get(step.node) ?? { ms: 0, tasks: 0 }
    sums.set(step.node, { ms: sum.ms + step.spentMs, tasks: sum.tasks + computed })
  }
  return new Map([...sums].map(([node, { ms, tasks }]) => [node, ms / tasks]))
}
