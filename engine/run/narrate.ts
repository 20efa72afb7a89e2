import type { Diagnostic } from '../base/diagnostic.ts'
import type { Emit, RunEvent } from '../contract/event.ts'
import type { Graph } from '../contract/graph.ts'
import type { GroupState } from './state.ts'
import type { TaskOutcome, Unit } from './wire.ts'

type Timed = { [K in RunEvent['type']]: Omit<Extract<RunEvent, { type: K }>, 'atMs'> }[RunEvent['type']]

/** Turns what the schedule does into events, by step. */
export interface Narrator {
  /** The group has so many items (1 for collection and scatter cells). */
  readonly items: (group: GroupState, items: number) => void
  /** All tasks of a group, for so many items. */
  readonly hits: (group: GroupState, items: number) => void
  readonly skipped: (group: GroupState, items: number, reason: string) => void
  /** Some tasks of a group, for one item. */
  readonly tasks: (group: GroupState, what: 'hits' | 'skipped', tasks: readonly number[], reason?: string) => void
  readonly outcome: (group: GroupState, item: string | undefined, outcome: TaskOutcome) => void
  readonly failed: (group: GroupState, task: number, item: string | undefined, problem: Diagnostic) => void
  readonly note: (group: GroupState, task: number, item: string | undefined, message: string) => void
  readonly remark: (group: GroupState | undefined, item: string | undefined, message: string) => void
  readonly unit: (
    group: GroupState,
    unit: Unit,
  ) => { readonly started: (slot: string) => void; readonly finished: () => void }
  readonly emit: (event: Timed) => void
}

export function createNarrator(graph: Graph, emitEvent: Emit, nowMs: () => number): Narrator {
  const stepOfCell = new Map(graph.steps.flatMap(step => step.cells.map(cell => [cell.index, step.id] as const)))
  const stepTasks = new Map<string, number>()
  const stepOf = (group: GroupState, task: number) => stepOfCell.get(group.wire.tasks[task]!.cell)!
  const emit = (event: Timed) => emitEvent({ ...event, atMs: nowMs() } as RunEvent)

  function byStep(group: GroupState, counts: readonly number[]): ReadonlyMap<string, number> {
    const sums = new Map<string, number>()
    for (const [task, count] of counts.entries()) {
      if (count > 0) sums.set(stepOf(group, task), (sums.get(stepOf(group, task)) ?? 0) + count)
    }
    return sums
  }

  const all = (group: GroupState, items: number) => group.wire.tasks.map(() => items)

  return {
    emit,
    items(group, items) {
      for (const [step, tasks] of byStep(group, all(group, items))) {
        const total = (stepTasks.get(step) ?? 0) + tasks
        stepTasks.set(step, total)
        emit({ type: 'step.items', step, tasks: total })
      }
    },
    hits(group, items) {
      for (const [step, tasks] of byStep(group, all(group, items))) emit({ type: 'task.hits', step, tasks })
    },
    skipped(group, items, reason) {
      for (const [step, tasks] of byStep(group, all(group, items))) emit({ type: 'task.skipped', step, tasks, reason })
    },
    tasks(group, what, which, reason = '') {
      const counts = new Array<number>(group.wire.tasks.length).fill(0)
      for (const task of which) counts[task]!++
      for (const [step, tasks] of byStep(group, counts)) {
        emit(what === 'hits' ? { type: 'task.hits', step, tasks } : { type: 'task.skipped', step, tasks, reason })
      }
    },
    outcome(group, item, outcome) {
      if (outcome.partial) return
      const step = stepOf(group, outcome.task)
      const { address } = group.wire.tasks[outcome.task]!
      const outputBytes = outcome.blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0)
      const { rebuilt, durationMs, inferences } = outcome
      emit({ type: 'task.done', step, address, item, rebuilt, durationMs, outputBytes, inferences })
      if (outcome.unstable.length > 0) {
        const message = `${address} is not deterministic: ${outcome.unstable.join(', ')} came out different for the same key`
        emit({ type: 'remark', step, item, message })
      }
    },
    failed(group, task, item, problem) {
      const { address } = group.wire.tasks[task]!
      emit({ type: 'task.failed', step: stepOf(group, task), address, item, problem })
    },
    note(group, task, item, message) {
      emit({ type: 'remark', step: stepOf(group, task), item, message })
    },
    remark(group, item, message) {
      emit({ type: 'remark', step: group === undefined ? undefined : stepOf(group, 0), item, message })
    },
    unit(group, { item }) {
      const { lane, index } = group.group
      let slot = ''
      let startedMs = 0
      return {
        started(on) {
          slot = on
          startedMs = nowMs()
          emit({ type: 'unit.started', lane, group: index, item, slot })
        },
        finished: () =>
          emit({ type: 'unit.finished', lane, group: index, item, slot, durationMs: nowMs() - startedMs }),
      }
    },
  }
}
