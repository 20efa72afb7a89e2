import { setTimeout as pause } from 'node:timers/promises'
import { TaskError } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import type { CellPort } from '../contract/graph.ts'
import type { Store, TaskRecord } from '../contract/store.ts'
import { childrenOf, lineOf, parentOf } from './children.ts'
import { columnManifest, narrowColumn, positionOf } from './columns.ts'
import { type Executor, RunFailure } from './executor.ts'
import { missingInput } from './host.ts'
import { type UnitLeases, unitName } from './leases.ts'
import type { Narrator } from './narrate.ts'
import {
  collectionInputs,
  columnOf,
  type GroupState,
  isWhole,
  portAddress,
  portName,
  type RunState,
  singleOf,
} from './state.ts'
import type { TaskOutcome, Unit, UnitResult } from './wire.ts'
import type { Writer } from './writer.ts'

/** A unit whose inputs are lost more often than this has a node that never makes the same bytes twice. */
const maxLost = 5

/** Another run is making a lost value again: how often to look whether it is there. */
const remakePauseMs = 100

export interface Dispatch {
  /** The unit of one item (or of a whole group); undefined if an input of it failed. */
  readonly unitOf: (group: GroupState, item: number, wantValues?: readonly number[]) => Unit | undefined
  /**
   * Runs it, storing outcomes as they come, and making lost inputs again.
   * @param answered called once the worker is done with it; its outcomes may still be on their way to the store.
   */
  readonly run: (group: GroupState, item: number, unit: Unit, answered?: () => void) => Promise<UnitResult>
  /** Makes a lost value again. */
  readonly remake: (source: CellPort, item: string | undefined) => Promise<void>
}

/** Between the schedule, which knows when, and the executor, which knows where: what exactly a unit is. */
export function createDispatch(
  state: RunState,
  store: Store,
  executor: Executor,
  writer: Writer,
  narrator: Narrator,
  leases: UnitLeases,
  forced: ReadonlySet<number>,
  storeFailed: (error: unknown) => void,
): Dispatch {
  let nextUnit = 0
  const remaking = new Map<string, Promise<void>>()
  return { unitOf, run, remake }

  function unitOf(group: GroupState, item: number, wantValues: readonly number[] = []): Unit | undefined {
    const id = isWhole(group) ? undefined : group.ids[item]!
    const externals = id === undefined ? collectionInputs(state, group) : itemInputs(group, item)
    if (externals === undefined) return undefined
    const { byItem, byGroup } = state.files
    const files = id === undefined ? [...byItem.values()].flat() : lineOf(id).flatMap(one => byItem.get(one) ?? [])
    const manifests = id === undefined ? narrowedManifests(group, externals) : childManifests(group, id, externals)
    return {
      id: nextUnit++,
      group: group.group.index,
      item: id,
      externals,
      wantValues,
      // Whoever makes a lost value again has been forced, if at all, the first time.
      forced: wantValues.length > 0 ? [] : forcedTasks(group),
      file: byGroup.get(group.group.index)?.[item],
      manifests,
      sourcePaths: files.map(file => [file.sha256, file.path] as const),
    }
  }

  function itemInputs(group: GroupState, item: number): readonly Digest[] | undefined {
    const digests: Digest[] = []
    for (const [i, source] of group.group.externals.entries()) {
      const positions = group.positions[i]
      if (group.wire.externals[i]!.children) {
        digests.push(childrenOf(columnOf(state, source), group.ids[item]!).digest)
        continue
      }
      if (positions === undefined) {
        digests.push(singleOf(state, source))
        continue
      }
      const at = positionOf(positions, item)
      const digest = at < 0 ? missingInput : columnOf(state, source).digests[at]
      if (digest === undefined) return undefined
      digests.push(digest)
    }
    return digests
  }

  /** A selection's part of a collection is a list that nobody has stored. */
  function narrowedManifests(group: GroupState, digests: readonly Digest[]): Unit['manifests'] {
    if (group.selected === undefined) return []
    return group.group.externals.flatMap((source, i) =>
      group.wire.externals[i]!.per === 'item'
        ? [[digests[i]!, columnManifest(narrowColumn(columnOf(state, source), group.selected))] as const]
        : [],
    )
  }

  function childManifests(group: GroupState, id: string, digests: readonly Digest[]): Unit['manifests'] {
    return group.group.externals.flatMap((source, i) =>
      group.wire.externals[i]!.children ? [[digests[i]!, childrenOf(columnOf(state, source), id).bytes] as const] : [],
    )
  }

  function forcedTasks(group: GroupState): readonly number[] {
    return group.wire.tasks.flatMap(({ cell }, task) => (forced.has(cell) ? [task] : []))
  }

  async function run(group: GroupState, item: number, unit: Unit, answered = () => {}): Promise<UnitResult> {
    for (let round = 0; ; round++) {
      const result = await submit(group, item, unit, answered)
      if (result.lost === undefined) return result
      const { external, item: lostItem } = result.lost
      const source = group.group.externals[external]!
      if (round >= maxLost) throw lostForGood(source, lostItem ?? unit.item)
      const from = lostItem ?? (group.wire.externals[external]!.per === 'item' ? unit.item : undefined)
      await remake(source, from, round > 0)
    }
  }

  async function submit(group: GroupState, item: number, unit: Unit, answered: () => void): Promise<UnitResult> {
    const stored: Promise<void>[] = []
    const span = narrator.unit(group, unit)
    const result = await executor.submit(group.group.lane, group.wire, unit, {
      started: span.started,
      note: (task, message) => narrator.note(group, task, unit.item, message),
      retried: why => narrator.remark(group, unit.item, why),
      outcome: outcome => {
        const done = writer.add(recordOf(group, outcome)).then(
          () => narrator.outcome(group, item, outcome),
          (error: Error) => {
            storeFailed(error)
            throw new RunFailure(error)
          },
        )
        stored.push(done)
        return done
      },
    })
    span.finished()
    if (result.lost === undefined) answered()
    await Promise.all(stored)
    return result
  }

  function digestOfItem(source: CellPort, item: string): Digest | undefined {
    const column = columnOf(state, source)
    return column.digests[column.ids.indexOf(item)]
  }

  /** Several units may miss the same value at once; it is made once. */
  function remake(source: CellPort, item: string | undefined, again = false): Promise<void> {
    const name = `${portName(source)} ${item ?? ''}`
    const making = remaking.get(name) ?? remakeNow(source, item, again).finally(() => remaking.delete(name))
    remaking.set(name, making)
    return making
  }

  /** `again`: a worker still does not find it. The index may be damaged in a way that only it sees, so write to it. */
  async function remakeNow(source: CellPort, item: string | undefined, again: boolean): Promise<void> {
    const group = state.groups.find(other => other.group.cells.includes(source.cell))!
    const index = group.group.exports.findIndex(one => portName(one) === portName(source))
    const maker = item !== undefined && group.group.form === 'split' ? parentOf(item) : item
    const lost = item === undefined ? state.singles.get(portName(source)) : digestOfItem(source, item)
    if (lost !== undefined && again) store.drop(lost)
    // Reading drops what is damaged. It may be there again: made for somebody else in the meantime.
    else if (lost !== undefined && store.read(lost) !== undefined) return
    const at = maker === undefined || isWhole(group) ? 0 : group.ids.indexOf(maker)
    const unit = unitOf(group, at, [index])
    if (unit === undefined) throw new Error(`internal: ${portAddress(state, source)} cannot be made again`)
    const names = [unitName(group.wire, unit)]
    while (leases.claim([names])[0] === 'held') {
      await pause(remakePauseMs)
      if (lost !== undefined && store.has(lost)) return
    }
    narrator.remark(group, item, `${portAddress(state, source)} was lost from the cache and is made again`)
    const [failure] = (await run(group, at, unit).finally(() => leases.release(names))).failures
    if (failure === undefined) return
    const message = `${portAddress(state, source)} was lost from the cache and cannot be made again: ${failure.problem.message}`
    throw new TaskError({ ...failure.problem, message })
  }

  function lostForGood(source: CellPort, item: string | undefined): TaskError {
    const what = `${portAddress(state, source)}${item === undefined ? '' : ` of ${item}`}`
    return new TaskError({
      code: 'lost-value',
      message: `${what} is lost from the cache, and what comes out when it is made again is another value`,
      fix: 'its node is not deterministic; give the run a new cache folder (--cache), or set `store: { port: always }` and keep the cache',
    })
  }
}

function recordOf(group: GroupState, outcome: TaskOutcome): TaskRecord {
  const { recipe } = group.wire.tasks[outcome.task]!
  const { key, outputs, durationMs, blobs } = outcome
  return { key, recipe, outputs, durationMs, blobs }
}
