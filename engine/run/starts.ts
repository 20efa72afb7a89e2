import type { Digest } from '../base/digest.ts'
import type { LeaseName } from '../contract/lease.ts'
import type { Registry } from '../contract/registry.ts'
import type { Store } from '../contract/store.ts'
import { adoptOutputs } from './adopt.ts'
import type { Dispatch } from './dispatch.ts'
import { leaseNames, type UnitLeases } from './leases.ts'
import type { Lanes } from './ready.ts'
import { knownExports, resolveUnit, type TaskStanding } from './resolve.ts'
import { type GroupState, isWhole, type RunState } from './state.ts'
import type { Unit, UnitResult } from './wire.ts'

/** How a unit that came up may end. */
export interface Endings {
  /** All of it is known; the digests of its exports, none for a whole group, whose outputs are taken over already. */
  readonly found: (group: GroupState, item: number, exports: readonly Digest[]) => void
  readonly inputFailed: (group: GroupState, item: number) => void
  readonly result: (group: GroupState, item: number, result: UnitResult) => void
  readonly failed: (group: GroupState, item: number, error: unknown) => void
  /** Its lane may have room again: its worker has answered, or it has ended. */
  readonly room: () => void
}

export interface StartsOptions {
  readonly state: RunState
  readonly registry: Registry
  readonly store: Store
  readonly lanes: Lanes
  /** The next unit to look up. */
  readonly next: Lanes['take']
  readonly leases: UnitLeases
  readonly dispatch: Dispatch
  readonly isForced: (group: GroupState) => boolean
  readonly endings: Endings
}

/** A unit that must run, and what it holds meanwhile. */
interface Start {
  readonly group: GroupState
  readonly item: number
  readonly unit: Unit
  readonly names: readonly LeaseName[]
}

/**
 * Looks units up until all lanes are full or time is over, and begins those that must run: leases for all of them are
 * taken at once. @returns false when there was no unit to look up.
 */
export function createStarts(options: StartsOptions): (untilMs: number) => boolean {
  const { state, registry, store, lanes, next, leases, dispatch, isForced, endings } = options

  return untilMs => {
    const starts: Start[] = []
    let unit = next()
    if (unit === undefined) return false
    for (; unit !== undefined; unit = performance.now() < untilMs ? next() : undefined) {
      const start = startOf(unit.group, unit.item)
      if (start === undefined) continue
      lanes.begin(start.group.group.lane)
      starts.push(start)
    }
    const verdicts = leases.claim(starts.map(start => start.names))
    for (const [i, start] of starts.entries()) {
      const { group, item, unit, names } = start
      const isKnownNow = verdicts[i] === 'look-again' && standingsIfNew(group, item, unit) === undefined
      if (isKnownNow) leases.release(names)
      if (verdicts[i] === 'held') lanes.postpone(group, item)
      if (!isKnownNow && verdicts[i] !== 'held') {
        begin(start)
        continue
      }
      lanes.answer(group.group.lane)
      lanes.end()
    }
    return true
  }

  function startOf(group: GroupState, item: number): Start | undefined {
    group.status[item] = 'running'
    const unit = dispatch.unitOf(group, item)
    if (unit === undefined) {
      endings.inputFailed(group, item)
      return undefined
    }
    const standings = standingsIfNew(group, item, unit)
    if (standings === undefined) return undefined
    return { group, item, unit, names: isForced(group) ? [] : leaseNames(group, unit, standings) }
  }

  /** How the tasks of a unit stand, if any must run; otherwise ends it. */
  function standingsIfNew(group: GroupState, item: number, unit: Unit): readonly TaskStanding[] | undefined {
    if (isForced(group)) return []
    if (isWhole(group)) {
      const row = store.task(group.key!)
      if (row === undefined || !adoptOutputs(state, group, row.outputs, store)) return []
      endings.found(group, item, [])
      return undefined
    }
    const itemIdOf = (node: string) => (registry.nodes.get(node)!.usesItemId ? unit.item : undefined)
    const standings = resolveUnit(group.wire, unit.externals, unit.file, itemIdOf, store.task, false)!
    if (standings.some(standing => standing.state !== 'known')) return standings
    endings.found(group, item, knownExports(group.wire, standings))
    return undefined
  }

  function begin({ group, item, unit, names }: Start): void {
    let isAnswered = false
    const { lane } = group.group
    dispatch
      .run(group, item, unit, () => {
        lanes.answer(lane)
        isAnswered = true
        endings.room()
      })
      .then(result => endings.result(group, item, result))
      .catch((error: unknown) => endings.failed(group, item, error))
      .finally(() => {
        leases.release(names)
        if (!isAnswered) lanes.answer(lane)
        lanes.end()
        endings.room()
      })
  }
}
