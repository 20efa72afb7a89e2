import type { Diagnostic } from '../base/diagnostic.ts'
import type { Emit, RunEvent } from '../contract/event.ts'
import type { Graph } from '../contract/graph.ts'
import { endingOf, mark, markOpen } from './ledger.ts'
import { type GroupState, isWhole } from './state.ts'
import type { TaskOutcome, Unit, UnitResult } from './wire.ts'

type Timed = { [K in RunEvent['type']]: Omit<Extract<RunEvent, { type: K }>, 'atMs'> }[RunEvent['type']]

/** Turns what the schedule does into events, by step. Sees to it that every announced task ends in one event. */
export interface Narrator {
  /** The group has so many items (1 for collection and scatter cells). */
  readonly items: (group: GroupState, items: number) => void
  /** All tasks of a group were found, for all items. */
  readonly hits: (group: GroupState, item: number | 'all') => void
  /** Those tasks of the group, or of one item, that have not ended otherwise will not run. */
  readonly skipped: (group: GroupState, item: number | 'all', reason: string) => void
  /** What a unit found, left out and failed at. */
  readonly result: (group: GroupState, item: number, result: UnitResult) => void
  readonly outcome: (group: GroupState, item: number, outcome: TaskOutcome) => void
  /** `task` undefined: the first one of the item that has not ended. @returns the task. */
  readonly failed: (group: GroupState, task: number | undefined, item: number, problem: Diagnostic) => number
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

  const allTasks = (group: GroupState) => group.wire.tasks.map((_, task) => task)

  function hits(group: GroupState, tasks: readonly number[], item: number | 'all'): void {
    const counts = markOpen(group, tasks, item, 'hit')
    for (const [step, count] of byStep(group, counts)) emit({ type: 'task.hits', step, tasks: count })
  }

  function skipped(group: GroupState, tasks: readonly number[], item: number | 'all', reason: string): void {
    const counts = markOpen(group, tasks, item, 'skipped')
    for (const [step, count] of byStep(group, counts)) emit({ type: 'task.skipped', step, tasks: count, reason })
  }

  function failed(group: GroupState, task: number, item: number, problem: Diagnostic): void {
    const { address } = group.wire.tasks[task]!
    mark(group, task, item, 'failed')
    emit({ type: 'task.failed', step: stepOf(group, task), address, item: group.ids[item], problem })
  }

  return {
    emit,
    items(group, items) {
      group.announced = items
      group.ended = new Uint8Array(items * group.wire.tasks.length)
      const counts = group.wire.tasks.map(() => items)
      for (const [step, tasks] of byStep(group, counts)) {
        const total = (stepTasks.get(step) ?? 0) + tasks
        stepTasks.set(step, total)
        emit({ type: 'step.items', step, tasks: total })
      }
    },
    hits: (group, item) => hits(group, allTasks(group), item),
    skipped: (group, item, reason) => skipped(group, allTasks(group), item, reason),
    result(group, item, result) {
      hits(group, result.hits, item)
      const { spilled, spilledBytes, dropped } = result.memory
      if (spilled + dropped > 0) {
        const id = isWhole(group) ? undefined : group.ids[item]
        emit({ type: 'memory.spilled', group: group.group.index, item: id, spilled, spilledBytes, dropped })
      }
      for (const { task, problem } of result.failures) failed(group, task, item, problem)
      skipped(group, result.skipped, item, 'a task before it failed')
    },
    outcome(group, item, outcome) {
      if (outcome.partial) return
      const { task, rebuilt, durationMs, inferences } = outcome
      const step = stepOf(group, task)
      const { address } = group.wire.tasks[task]!
      const id = isWhole(group) ? undefined : group.ids[item]
      const outputBytes = outcome.blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0)
      const before = endingOf(group, task, item)
      // What was found turned out to be lost: it is not a hit any more.
      if (before === 'hit') emit({ type: 'task.hits', step, tasks: -1 })
      mark(group, task, item, 'ran')
      const again = before === 'ran' ? { again: true as const } : {}
      emit({ type: 'task.done', step, address, item: id, rebuilt, durationMs, outputBytes, inferences, ...again })
      if (outcome.unstable.length > 0) {
        const message = `${address} is not deterministic: ${outcome.unstable.join(', ')} came out different for the same key`
        emit({ type: 'remark', step, item: id, message })
      }
    },
    failed(group, task, item, problem) {
      const first = task ?? allTasks(group).find(one => endingOf(group, one, item) === undefined)
      if (first !== undefined) failed(group, first, item, problem)
      else emit({ type: 'remark', step: stepOf(group, 0), item: group.ids[item], message: problem.message })
      return first ?? 0
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
