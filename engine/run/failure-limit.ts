import type { Graph } from '../contract/graph.ts'
import type { GroupState } from './state.ts'

/** How many items of each step may fail before the run stops. */
export interface FailureLimit {
  /** Counts a failed task. `item` undefined: all of the step. */
  readonly count: (group: GroupState, task: number, item: string | undefined) => void
  readonly isExceeded: () => boolean
}

/** An item that fails in several cells of a step counts once. @param keepGoing no limit at all. */
export function createFailureLimit(graph: Graph, keepGoing: boolean): FailureLimit {
  const stepOfCell = new Map(graph.steps.flatMap(step => step.cells.map(cell => [cell.index, step] as const)))
  const failed = new Map<string, Set<string | undefined>>()
  let exceeded = false
  return {
    count(group, task, item) {
      const { id, tolerance } = stepOfCell.get(group.wire.tasks[task]!.cell)!
      const items = failed.get(id) ?? new Set()
      failed.set(id, items.add(item))
      if (!keepGoing && items.size > (tolerance?.maxFailures ?? 0)) exceeded = true
    },
    isExceeded: () => exceeded,
  }
}
