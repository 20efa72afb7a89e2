import type { StoreReader } from '../contract/store.ts'
import type { TaskStanding } from './resolve.ts'
import type { WireGroup } from './wire.ts'

/**
 * What will become of a task. `rebuild`: its outputs are known, but a task that runs needs a value that was never
 * stored or is lost; `rebuild?`: the same for a task that only may run.
 */
export type Fate = 'hit' | 'run' | 'maybe' | 'rebuild' | 'rebuild?'

/** Marks the known tasks that must be made again for those that run, from the last task to the first. */
export function addRebuilds(
  group: WireGroup,
  standings: readonly TaskStanding[],
  fates: readonly Fate[],
  store: Pick<StoreReader, 'has'>,
): readonly Fate[] {
  const result = [...fates]
  for (let task = group.tasks.length - 1; task >= 0; task--) {
    const fate = result[task]!
    if (fate === 'hit') continue
    const certain = fate === 'run' || fate === 'rebuild'
    for (const source of group.tasks[task]!.inputs.flatMap(input => input.sources)) {
      if ('external' in source) continue
      const before = result[source.task]!
      if ((before !== 'hit' && before !== 'rebuild?') || !isAbsent(source.task, source.port)) continue
      if (certain) result[source.task] = 'rebuild'
      else if (before === 'hit') result[source.task] = 'rebuild?'
    }
  }
  return result

  function isAbsent(task: number, port: string): boolean {
    const output = group.tasks[task]!.outputs.find(one => one.port === port)!
    const standing = standings[task]!
    return output.persist === 'transient' || (standing.state === 'known' && !store.has(standing.outputs[port]!))
  }
}
