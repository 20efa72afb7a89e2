import { canonical, type Json } from '../base/canonical.ts'
import { type Digest, recordDigest, sha256 } from '../base/digest.ts'
import type { LeaseHolder, LeaseName, Leases } from '../contract/lease.ts'
import type { TaskStanding } from './resolve.ts'
import { type GroupState, isWhole } from './state.ts'
import type { Unit, WireGroup } from './wire.ts'

/**
 * `mine`: compute it. `look-again`: the same, unless the store has it by now. `held`: somebody else is computing it,
 * another run or another unit of this one (two items with the same content).
 */
export type Verdict = 'mine' | 'look-again' | 'held'

/** Sees to it that runs that share a store, and the units of one run, do not compute the same at the same time. */
export interface UnitLeases {
  /** One transaction for all. A unit without names is always `mine`. */
  readonly claim: (units: readonly (readonly LeaseName[])[]) => readonly Verdict[]
  /** Call when everything the unit made is stored. */
  readonly release: (names: readonly LeaseName[]) => void
  /** The run is given up: nothing is computed any more, so nobody waits for anybody. */
  readonly abandon: () => void
  readonly close: () => void
}

/**
 * @param open opens the leases of the store, when first needed: a run that finds everything cached does without.
 * Undefined for a store nobody else can see.
 * @param tell told once for each process that is waited for.
 */
export function createUnitLeases(open: (() => Leases) | undefined, tell: (message: string) => void): UnitLeases {
  const own = new Set<string>()
  const told = new Set<number>()
  let leases: Leases | undefined
  let abandoned = false

  function announce({ processId, runId }: LeaseHolder): void {
    if (told.has(processId)) return
    told.add(processId)
    const who = runId === undefined ? `process ${processId}` : `run ${runId} (process ${processId})`
    tell(`${who} is computing some of the same: its results are waited for and used, not computed twice`)
  }

  return {
    claim(units) {
      const verdicts: Verdict[] = units.map(() => 'mine')
      if (abandoned) return verdicts
      const asked: number[] = []
      for (const [i, names] of units.entries()) {
        if (names.length === 0) continue
        const texts = names.map(textOf)
        if (texts.some(text => own.has(text))) {
          verdicts[i] = 'held'
          continue
        }
        for (const text of texts) own.add(text)
        asked.push(i)
      }
      if (open === undefined || asked.length === 0) return verdicts
      leases ??= open()
      const { holders, shared } = leases.take(asked.map(i => units[i]!))
      for (const [position, i] of asked.entries()) {
        const holder = holders[position]
        if (shared) verdicts[i] = 'look-again'
        if (holder === undefined) continue
        verdicts[i] = 'held'
        for (const name of units[i]!) own.delete(textOf(name))
        announce(holder)
      }
      return verdicts
    },
    release(names) {
      for (const name of names) own.delete(textOf(name))
      if (names.length > 0) leases?.release(names)
    },
    abandon() {
      abandoned = true
    },
    close: () => leases?.close(),
  }
}

/**
 * What a unit holds while it is computed.
 * - Itself, as (everything its group does, its inputs): two runs of one pipeline, however far the first one is.
 * - Its tasks that need nothing but its inputs and are not known yet: so a run of another pipeline, which shares only
 *   some tasks, waits for them as well. What comes after them has no key before they are done, and is left out: it
 *   would be computed twice only by different pipelines in the same seconds.
 */
export function leaseNames(group: GroupState, unit: Unit, standings: readonly TaskStanding[]): readonly LeaseName[] {
  const { tasks } = group.wire
  const [first] = tasks
  if (isWhole(group)) return [{ segment: first!.recipe, item: group.key! }]
  const names: LeaseName[] = tasks.length > 1 ? [unitName(group.wire, unit)] : []
  for (const [task, { recipe, inputs }] of tasks.entries()) {
    const standing = standings[task]!
    const first = inputs.every(input => input.sources.every(source => 'external' in source))
    if (first && standing.state === 'new') names.push({ segment: recipe, item: standing.key })
  }
  return names
}

export function unitName(group: WireGroup, unit: Unit): LeaseName {
  const inputs = unit.file === undefined ? unit.externals : [...unit.externals, unit.file.sha256]
  return { segment: groupDigest(group), item: recordDigest('maskloom.unit.1', inputs) }
}

const groupDigests = new WeakMap<WireGroup, Digest>()

/** Of all a group does to one item. */
function groupDigest(group: WireGroup): Digest {
  let digest = groupDigests.get(group)
  if (digest === undefined) {
    const tasks = group.tasks.map(({ recipe, inputs }) => [recipe, inputs as unknown as Json])
    digest = sha256(canonical(['maskloom.segment.1', tasks, group.exports as unknown as Json]))
    groupDigests.set(group, digest)
  }
  return digest
}

function textOf({ segment, item }: LeaseName): string {
  return `${segment} ${item}`
}
