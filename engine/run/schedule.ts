import { type Diagnostic, TaskError } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import type { CellPort, Graph } from '../contract/graph.ts'
import type { ItemFile, Lane } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'
import type { Store } from '../contract/store.ts'
import { adoptGroup, adoptOutputs, groupRecord } from './adopt.ts'
import { expandChildren } from './children.ts'
import { emptyColumn } from './columns.ts'
import { createDispatch, type Dispatch } from './dispatch.ts'
import { type Executor, RunFailure, WorkerCrash } from './executor.ts'
import { createFailureLimit } from './failure-limit.ts'
import type { ChosenItems } from './item-choice.ts'
import type { UnitLeases } from './leases.ts'
import type { Narrator } from './narrate.ts'
import { canOpen, hasNoItems, type Opening, openFiles, openItems, refusal, wholeKey } from './open-groups.ts'
import { createLanes } from './ready.ts'
import { LostSelection, selectItems } from './select-items.ts'
import { createStarts } from './starts.ts'
import {
  collectionInputs,
  columnOf,
  countMissing,
  createRunState,
  type GroupState,
  groupKey,
  isWhole,
  portName,
  positionDownstream,
  type RunState,
} from './state.ts'
import type { UnitResult } from './wire.ts'
import type { Writer } from './writer.ts'

export interface ScheduleOptions {
  readonly registry: Registry
  readonly store: Store
  readonly executor: Executor
  readonly writer: Writer
  readonly narrator: Narrator
  /** Items of a `files` cell, sorted by id, hashed. */
  readonly listItems: (cell: number) => readonly { readonly id: string; readonly file: ItemFile }[]
  /** The run is about a part of the items. */
  readonly chosen: ChosenItems | undefined
  /** Go on with what does not depend on a failed task. */
  readonly keepGoing: boolean
  /** Cells that must run although they are known (`--force`). */
  readonly forced: ReadonlySet<number>
  readonly leases: UnitLeases
  /** A group is finished: its cells can be recorded for later comparison. */
  readonly groupDone: (state: RunState, group: GroupState) => void
}

export interface Schedule {
  readonly state: RunState
  /** Ends when everything is done, or nothing more can be started. */
  readonly run: () => Promise<void>
  /** Something failed or was left out, even if no task says so. */
  readonly failed: () => boolean
  /** Units that could start if their lane had room. */
  readonly queued: (lane: Lane) => number
  /** Starts nothing new; what is in flight is finished and stored. */
  readonly stop: () => void
  /** What is in flight is given up: it does not count as failed. */
  readonly abort: () => void
  readonly remake: (source: CellPort, item: string | undefined) => Promise<void>
  readonly unitOf: Dispatch['unitOf']
}

const sliceMs = 20

/**
 * Moves items through the groups of a graph. An item goes on to the next group as soon as everything it needs there is
 * stored; later groups go first, so that work in progress is finished before more is begun. Nothing is queued that
 * cannot start soon: lanes are filled by pulling.
 */
export function createSchedule(graph: Graph, options: ScheduleOptions): Schedule {
  const { registry, store, executor, writer, narrator, leases } = options
  const state = createRunState(graph, options.chosen)
  const dispatch = createDispatch(state, store, executor, writer, narrator, leases, options.forced, fail)
  const lanes = createLanes(state.groups, executor, pump)
  const limit = createFailureLimit(graph, options.keepGoing)
  const beginSome = createStarts({
    ...{ state, registry, store, lanes, leases, dispatch, isForced },
    next: () => (stopped ? undefined : lanes.take()),
    endings: {
      found: foundUnit,
      inputFailed(group, item) {
        narrator.skipped(group, item, 'an input failed')
        finishItem(group, item, true)
      },
      result: acceptResult,
      failed: failUnit,
      room: pumpSoon,
    },
  })
  /** Group records on their way to the store. */
  let closing = 0
  /** A group that is known at once must not look like the end while others are still to be opened. */
  let opening = 0
  let stopped = false
  let aborted = false
  let pumping = false
  let pumpsSoon = false
  let finish: () => void = () => {}
  let fatal: unknown

  return {
    state,
    run,
    stop,
    abort() {
      aborted = true
      leases.abandon()
      stop()
    },
    remake: dispatch.remake,
    unitOf: dispatch.unitOf,
    failed: () => state.groups.some(group => group.failed > 0),
    queued: lanes.queued,
  }

  async function run(): Promise<void> {
    const ended = new Promise<void>(resolve => {
      finish = resolve
    })
    tryOpenAll(state.groups.keys())
    pump()
    await ended
    lanes.close()
    const stuck = state.groups.find(group => group.phase !== 'done')
    if (stuck !== undefined && !stopped) throw new Error(`internal: nothing moves ${stuck.wire.tasks[0]!.address}`)
    for (const group of state.groups) narrator.skipped(group, 'all', 'the run stopped before')
    if (fatal !== undefined) throw fatal
  }

  function stop(): void {
    stopped = true
    checkEnd()
  }

  function tryOpen(group: GroupState): void {
    if (group.phase !== 'waiting' || stopped || !canOpen(state, group)) return
    try {
      group.selected = selectItems(state, group, registry, store)
      if (hasNoItems(state, group)) failGroup(group, 'a step it needs failed')
      else if (isWhole(group)) openWhole(group)
      else if (group.group.form === 'files') {
        startItems(group, openFiles(state, group, options.listItems(group.group.cells[0]!)))
      } else
        startItems(
          group,
          openItems(state, group, () => collectionInputs(state, group)),
        )
    } catch (error) {
      if (error instanceof LostSelection) {
        reopenAfter(group, error)
        return
      }
      if (!(error instanceof TaskError)) throw error
      narrator.items(group, 1)
      narrator.failed(group, 0, 0, error.diagnostic)
      limit.count(group, 0, undefined)
      failGroup(group, 'its step could not begin')
      afterFailure()
    }
  }

  function reopenAfter(group: GroupState, { source, item }: LostSelection): void {
    closing++
    dispatch
      .remake(source, item)
      .catch(fail)
      .finally(() => {
        closing--
        tryOpen(group)
        pump()
      })
  }

  /** Sets a group's items going, unless all of it is known. */
  function startItems(group: GroupState, { ids, positions, inputs }: Opening): void {
    group.ids = ids
    group.positions = positions
    group.phase = 'streaming'
    narrator.items(group, ids.length)
    for (const source of group.group.exports) state.columns.set(portName(source), emptyColumn(ids))
    if (inputs !== undefined) {
      group.key = groupKey(group, inputs)
      if (!isForced(group) && adoptGroup(state, group, store)) {
        narrator.hits(group, 'all')
        closeGroup(group)
        return
      }
    }
    group.open = ids.length
    group.status = new Array(ids.length).fill('waiting')
    group.missing = countMissing(state, group)
    for (let item = 0; item < ids.length; item++) if (group.missing[item] === 0) makeReady(group, item)
    if (ids.length === 0) completeGroup(group)
    openDownstream(group)
    pump()
  }

  /** Collection and scatter cells: one unit over whole inputs. */
  function openWhole(group: GroupState): void {
    const reason = refusal(state, group, registry)
    if (reason !== undefined) {
      failGroup(group, reason)
      return
    }
    group.phase = 'streaming'
    group.status = ['waiting']
    narrator.items(group, 1)
    group.key = wholeKey(group, collectionInputs(state, group))
    const row = isForced(group) ? undefined : store.task(group.key)
    if (row !== undefined && adoptOutputs(state, group, row.outputs, store)) {
      narrator.hits(group, 'all')
      closeGroup(group)
      return
    }
    group.open = 1
    makeReady(group, 0)
    pump()
  }

  function makeReady(group: GroupState, item: number): void {
    group.status[item] = 'ready'
    lanes.push(group, item)
  }

  /** Units end in bursts, with the commits that store them: what they make room for is begun together. */
  function pumpSoon(): void {
    if (pumpsSoon) return
    pumpsSoon = true
    setImmediate(() => {
      pumpsSoon = false
      pump()
    })
  }

  /** Fills the lanes, in slices, so that the screen and the workers' messages get their turn. */
  function pump(): void {
    if (pumping) return
    pumping = true
    const untilMs = performance.now() + sliceMs
    try {
      while (beginSome(untilMs)) {
        if (performance.now() < untilMs) continue
        pumpSoon()
        break
      }
    } catch (error) {
      fail(error)
    } finally {
      pumping = false
    }
    checkEnd()
  }

  function foundUnit(group: GroupState, item: number, exports: readonly Digest[]): void {
    for (const [i, digest] of exports.entries()) setExport(group, i, item, digest)
    narrator.hits(group, item)
    finishItem(group, item, false)
  }

  function acceptResult(group: GroupState, item: number, result: UnitResult): void {
    narrator.result(group, item, result)
    const failed = result.exports.some(one => one.state === 'failed')
    if (!isWhole(group)) {
      for (const [i, one] of result.exports.entries()) if (one.state === 'known') setExport(group, i, item, one.digest)
    } else if (!failed) {
      const digests = result.exports.map(one => (one as { digest: Digest }).digest)
      const outputs = Object.fromEntries(group.group.exports.map((source, i) => [source.port, digests[i]!]))
      const adopted = adoptOutputs(state, group, outputs, store)
      if (!adopted) throw new Error('internal: a manifest was lost right after it was stored')
    }
    finishItem(group, item, failed)
    for (const { task } of result.failures) limit.count(group, task, group.ids[item])
    if (result.failures.length > 0) afterFailure()
  }

  /** Workers died on it, or it cannot be had again; or it was in flight when the run failed. */
  function failUnit(group: GroupState, item: number, error: unknown): void {
    if (error instanceof RunFailure) {
      fail(error.cause)
      narrator.skipped(group, item, 'the run could not go on')
    } else if (aborted) {
      narrator.skipped(group, item, 'the run was given up')
    } else {
      limit.count(group, narrator.failed(group, undefined, item, problemOf(error)), group.ids[item])
      narrator.skipped(group, item, 'its unit did not finish')
    }
    finishItem(group, item, true)
    afterFailure()
  }

  /** Nothing can be kept, or nothing can be run, so nothing more is begun. */
  function fail(error: unknown): void {
    fatal ??= error
    stop()
  }

  function afterFailure(): void {
    if (limit.isExceeded()) stop()
  }

  function setExport(group: GroupState, index: number, item: number, digest: Digest): void {
    columnOf(state, group.group.exports[index]!).digests[item] = digest
  }

  function finishItem(group: GroupState, item: number, failed: boolean): void {
    group.status[item] = failed ? 'failed' : 'done'
    if (failed) {
      group.failed++
      for (const source of group.group.exports) state.columns.get(portName(source))?.failed.add(item)
    }
    group.open--
    for (const index of group.downstream) {
      const other = state.groups[index]!
      if (other.phase !== 'streaming' || isWhole(other)) continue
      const at = positionDownstream(other, group, item)
      if (at < 0 || other.status[at] !== 'waiting') continue
      other.missing[at]!--
      if (other.missing[at] === 0) makeReady(other, at)
    }
    if (group.open === 0) completeGroup(group)
  }

  /** Stores the record of the group, then lets those behind it begin. */
  function completeGroup(group: GroupState): void {
    if (isWhole(group) || group.group.exports.length === 0) {
      closeGroup(group)
      return
    }
    closing++
    if (group.group.form === 'split') expandChildren(state, group, store)
    writer
      .add(groupRecord(state, group))
      .catch(fail)
      .finally(() => {
        closing--
        closeGroup(group)
      })
  }

  function closeGroup(group: GroupState): void {
    group.phase = 'done'
    try {
      options.groupDone(state, group)
    } catch (error) {
      fail(error)
    }
    openDownstream(group)
    pump()
  }

  function openDownstream(group: GroupState): void {
    tryOpenAll(group.downstream)
  }

  function tryOpenAll(groups: Iterable<number>): void {
    opening++
    for (const index of groups) tryOpen(state.groups[index]!)
    opening--
  }

  /** None of it can run. How many items it would have is not known then, so each of its cells counts as one task. */
  function failGroup(group: GroupState, reason: string): void {
    if (group.announced === 0) narrator.items(group, 1)
    narrator.skipped(group, 'all', reason)
    group.phase = 'done'
    group.failed = 1
    group.ids = []
    openDownstream(group)
    checkEnd()
  }

  function checkEnd(): void {
    if (pumping || pumpsSoon || opening > 0 || closing > 0 || !lanes.quiet()) return
    if (stopped || lanes.empty()) finish()
  }

  function isForced(group: GroupState): boolean {
    return group.group.cells.some(cell => options.forced.has(cell))
  }
}

function problemOf(error: unknown): Diagnostic {
  if (error instanceof TaskError || error instanceof WorkerCrash) return error.diagnostic
  return { code: 'node-error', message: error instanceof Error ? error.message : String(error) }
}
