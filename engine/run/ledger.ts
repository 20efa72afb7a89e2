import type { GroupState } from './state.ts'

/**
 * How each task of each item of a group ended: one byte for each, task-major. Every task ends once, whatever happens to
 * its unit: tried again after a crash, run again for a lost value, given up.
 */
export type Ending = 'hit' | 'ran' | 'failed' | 'skipped'

const codes = { hit: 1, ran: 2, failed: 3, skipped: 4 } as const
const names = [undefined, 'hit', 'ran', 'failed', 'skipped'] as const

/** How a task ended so far; undefined: it did not. */
export function endingOf(group: GroupState, task: number, item: number): Ending | undefined {
  return names[group.ended[task * group.announced + item]!]
}

export function mark(group: GroupState, task: number, item: number, ending: Ending): void {
  group.ended[task * group.announced + item] = codes[ending]
}

/** Marks the tasks among these that have not ended. @returns how many those were, by task of the group. */
export function markOpen(
  group: GroupState,
  tasks: readonly number[],
  item: number | 'all',
  ending: Ending,
): readonly number[] {
  const counts = new Array<number>(group.wire.tasks.length).fill(0)
  const [from, to] = item === 'all' ? [0, group.announced] : [item, item + 1]
  for (const task of tasks) {
    for (let at = from; at < to; at++) {
      if (endingOf(group, task, at) !== undefined) continue
      mark(group, task, at, ending)
      counts[task]!++
    }
  }
  return counts
}
