import { type Diagnostic, TaskError } from '../base/diagnostic.ts'
import { type Digest, recordDigest, sha256 } from '../base/digest.ts'
import { taskKey } from '../base/keys.ts'
import { decodeManifest } from '../base/manifest.ts'
import type { CellPort } from '../contract/graph.ts'
import type { ItemFile, Lane } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'
import type { Store, TaskRecord } from '../contract/store.ts'
import { type Column, columnManifest, emptyColumn, joinItems, positionOf } from './columns.ts'
import type { Executor } from './executor.ts'
import { missingInput } from './host.ts'
import type { Narrator } from './narrate.ts'
import { knownExports, resolveUnit } from './resolve.ts'
import { createRunState, type GroupState, groupKey, portName, type RunState } from './state.ts'
import type { TaskOutcome, Unit, UnitResult } from './wire.ts'
import type { Writer } from './writer.ts'

export interface ScheduleOptions {
  readonly registry: Registry
  readonly store: Store
  readonly executor: Executor
  readonly writer: Writer
  readonly narrator: Narrator
  /** Items of a `files` cell, sorted by id, hashed. */
  readonly listItems: (cell: number) => readonly { readonly id: string; readonly file: ItemFile }[]
  /** Go on with what does not depend on a failed task. */
  readonly keepGoing: boolean
  /** Cells that must run although they are known (`--force`). */
  readonly forced: ReadonlySet<number>
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
  /** Makes a lost value again. */
  readonly remake: (source: CellPort, item: string | undefined) => Promise<void>
}

const sliceMs = 20
const maxLost = 5

/**
 * Moves items through the groups of a graph. An item goes on to the next group as soon as everything it needs there is
 * stored; later groups go first, so that work in progress is finished before more is begun. Nothing is queued that
 * cannot start soon: lanes are filled by pulling.
 */
export function createSchedule(graph: Parameters<typeof createRunState>[0], options: ScheduleOptions): Schedule {
  const { registry, store, executor, writer, narrator } = options
  const state = createRunState(graph)
  const ready = state.groups.map(() => createQueue())
  const inFlight: Record<Lane, number> = { gpu: 0, cpu: 0, io: 0 }
  let stopped = false
  let nextUnit = 0
  let pumping = false
  let pendingWork = 0
  let finish: () => void = () => {}
  let fatal: unknown

  return {
    state,
    run,
    stop,
    remake,
    failed: () => state.groups.some(group => group.failed > 0),
    queued: lane =>
      state.groups.reduce((sum, { group }) => sum + (group.lane === lane ? ready[group.index]!.size() : 0), 0),
  }

  async function run(): Promise<void> {
    const ended = new Promise<void>(resolve => {
      finish = resolve
    })
    // A group that is known at once must not look like the end while others are still to be opened.
    pumping = true
    for (const group of state.groups) tryOpen(group)
    pumping = false
    pump()
    await ended
    if (fatal !== undefined) throw fatal
  }

  function stop(): void {
    stopped = true
    checkEnd()
  }

  // ---- opening groups --------------------------------------------------------------------------------------------

  function tryOpen(group: GroupState): void {
    if (group.phase !== 'waiting' || stopped) return
    const upstream = group.upstream.map(index => state.groups[index]!)
    const needsAll = group.group.form !== 'items'
    const shared = new Set(
      group.group.externals.flatMap((source, i) =>
        group.wire.externals[i]!.per === 'collection' ? [source.cell] : [],
      ),
    )
    const opened = upstream.every(other => {
      // The items of a scatter group are known only when it is done.
      const complete = needsAll || other.group.form === 'scatter' || other.group.cells.some(cell => shared.has(cell))
      return complete ? other.phase === 'done' : other.phase !== 'waiting'
    })
    if (!opened) return
    try {
      if (upstream.some(other => other.failed > 0 && other.ids.length === 0))
        return failGroup(group, 'a step it needs failed')
      if (group.group.form === 'items') openItems(group)
      else if (group.group.form === 'files') openFiles(group)
      else openWhole(group, upstream)
    } catch (error) {
      if (!(error instanceof TaskError)) throw error
      narrator.failed(group, 0, undefined, error.diagnostic)
      failGroup(group, undefined)
      afterFailure()
    }
  }

  function openFiles(group: GroupState): void {
    const listed = options.listItems(group.group.cells[0]!)
    state.files.byGroup.set(
      group.group.index,
      listed.map(({ file }) => file),
    )
    for (const { id, file } of listed) state.files.byItem.set(id, [...(state.files.byItem.get(id) ?? []), file])
    const ids = listed.map(({ id }) => id)
    const listing = recordDigest(
      'maskloom.files.1',
      listed.map(({ id, file }) => [id, file.sha256] as const),
    )
    startItems(group, ids, [], [listing])
  }

  function openItems(group: GroupState): void {
    const { externals } = group.group
    const perItem = externals.flatMap((source, i) => (group.wire.externals[i]!.per === 'item' ? [{ source, i }] : []))
    const address = group.wire.tasks[0]!.address
    const inputs = perItem.map(({ source }) => ({ name: addressOf(source), ids: columnOf(source).ids }))
    const joined = joinItems(address, group.join, inputs)
    const positions = externals.map((_, i) => {
      const at = perItem.findIndex(entry => entry.i === i)
      return at < 0 ? undefined : joined.positions[at]
    })
    group.positions = positions
    const complete = group.upstream.every(
      index => state.groups[index]!.phase === 'done' && state.groups[index]!.failed === 0,
    )
    startItems(group, joined.ids, positions, complete ? collectionInputs(group) : undefined)
  }

  /** Sets a group's items going, unless all of it is known. */
  function startItems(
    group: GroupState,
    ids: readonly string[],
    positions: GroupState['positions'],
    inputs: readonly Digest[] | undefined,
  ): void {
    group.ids = ids
    group.positions = positions
    group.open = ids.length
    group.phase = 'streaming'
    narrator.items(group)
    for (const source of group.group.exports) state.columns.set(portName(source), emptyColumn(ids))
    if (inputs !== undefined) {
      group.key = groupKey(group, inputs)
      if (!isForced(group) && adoptGroup(group)) {
        narrator.hits(
          group,
          group.wire.tasks.map(() => ids.length),
        )
        group.open = 0
        return closeGroup(group)
      }
    }
    group.status = new Array(ids.length).fill('waiting')
    group.missing = new Int32Array(ids.length)
    for (const index of group.upstream) {
      const other = state.groups[index]!
      if (other.phase === 'done' && other.failed === 0) continue
      for (let item = 0; item < ids.length; item++) {
        const at = positionIn(group, other, item)
        if (at >= 0 && other.status[at] !== 'done' && other.status[at] !== 'failed') group.missing[item]!++
      }
    }
    for (let item = 0; item < ids.length; item++) if (group.missing[item] === 0) makeReady(group, item)
    if (ids.length === 0) completeGroup(group)
    openDownstream(group)
    pump()
  }

  /** Collection and scatter cells: one unit over whole inputs. */
  function openWhole(group: GroupState, upstream: readonly GroupState[]): void {
    const task = group.wire.tasks[0]!
    const node = registry.nodes.get(task.node)!
    const failedItems = upstream.reduce((sum, other) => sum + other.failed, 0)
    if (failedItems > 0 && node.partial !== 'accept') {
      return failGroup(group, `${failedItems} ${failedItems === 1 ? 'item' : 'items'} it needs failed`)
    }
    group.phase = 'streaming'
    group.open = 1
    group.status = ['waiting']
    narrator.items(group)
    const inputs = collectionInputs(group)
    group.key = taskKey(
      task.recipe,
      task.inputs.map(input => [
        input.port,
        input.sources.map(source => ('external' in source ? inputs[source.external]! : '')),
      ]),
      undefined,
    )
    if (!isForced(group) && adoptTask(group)) {
      narrator.hits(group, [1])
      group.open = 0
      return closeGroup(group)
    }
    makeReady(group, 0)
    pump()
  }

  /** Digest of each external: a collection's for per-item inputs. */
  function collectionInputs(group: GroupState): readonly Digest[] {
    return group.group.externals.map((source, i) =>
      group.wire.externals[i]!.per === 'item' ? sha256(columnManifest(columnOf(source))) : singleOf(source),
    )
  }

  function adoptGroup(group: GroupState): boolean {
    const row = store.task(group.key!)
    if (row === undefined) return false
    const columns: [string, Column][] = []
    for (const [i, source] of group.group.exports.entries()) {
      const bytes = store.read(row.outputs[String(i)] ?? '')
      if (bytes === undefined) return false
      columns.push([portName(source), columnFrom(bytes, group.ids)])
    }
    for (const [name, column] of columns) state.columns.set(name, column)
    group.status = new Array(group.ids.length).fill('done')
    return true
  }

  function adoptTask(group: GroupState): boolean {
    const row = store.task(group.key!)
    return row !== undefined && adoptOutputs(group, row.outputs)
  }

  /** Takes over the digests of a collection or scatter cell; false if a manifest among them is lost. */
  function adoptOutputs(group: GroupState, outputs: { readonly [port: string]: Digest }): boolean {
    for (const source of group.group.exports) {
      const digest = outputs[source.port]
      if (digest === undefined) return false
      const output = group.wire.tasks[0]!.outputs.find(one => one.port === source.port)!
      if (group.group.form === 'collection') {
        state.singles.set(portName(source), digest)
        continue
      }
      const bytes = store.read(digest)
      if (bytes === undefined || output === undefined) return false
      const column = columnFrom(bytes, undefined)
      group.ids = column.ids
      group.status = new Array(column.ids.length).fill('done')
      state.columns.set(portName(source), column)
    }
    return true
  }

  // ---- items -----------------------------------------------------------------------------------------------------

  function makeReady(group: GroupState, item: number): void {
    group.status[item] = 'ready'
    ready[group.group.index]!.push(item)
  }

  /** Fills the lanes; looks up what is known in slices, so that the screen and the workers' messages get their turn. */
  function pump(): void {
    if (pumping) return
    pumping = true
    const startedMs = performance.now()
    for (let next = nextReady(); next !== undefined; next = nextReady()) {
      startItem(next.group, next.item)
      if (performance.now() - startedMs < sliceMs) continue
      setImmediate(() => {
        pumping = false
        pump()
      })
      return
    }
    pumping = false
    checkEnd()
  }

  function nextReady(): { group: GroupState; item: number } | undefined {
    if (stopped) return undefined
    for (let index = state.groups.length - 1; index >= 0; index--) {
      const group = state.groups[index]!
      const queue = ready[index]!
      if (queue.size() === 0 || inFlight[group.group.lane] >= executor.capacity(group.group.lane)) continue
      return { group, item: queue.take() }
    }
    return undefined
  }

  function startItem(group: GroupState, item: number): void {
    group.status[item] = 'running'
    const unit = unitOf(group, item)
    if (unit === undefined) {
      narrator.skipped(
        group,
        group.wire.tasks.map(() => 1),
        'an input failed',
      )
      return finishItem(group, item, true)
    }
    if (!isWhole(group) && !isForced(group)) {
      const itemIdOf = (node: string) => (registry.nodes.get(node)!.usesItemId ? unit.item : undefined)
      const standings = resolveUnit(group.wire, unit.externals, unit.file, itemIdOf, store.task, true)
      if (standings !== undefined) {
        knownExports(group.wire, standings).forEach((digest, i) => setExport(group, i, item, digest))
        narrator.hits(
          group,
          group.wire.tasks.map(() => 1),
        )
        return finishItem(group, item, false)
      }
    }
    inFlight[group.group.lane]++
    runUnit(group, unit)
      .then(result => acceptResult(group, item, result))
      .catch((error: unknown) => failUnit(group, item, error))
      .finally(() => {
        inFlight[group.group.lane]--
        pump()
      })
  }

  function unitOf(group: GroupState, item: number, wantValues: readonly number[] = []): Unit | undefined {
    const whole = isWhole(group)
    const id = whole ? undefined : group.ids[item]!
    const externals: Digest[] = []
    if (whole) externals.push(...collectionInputs(group))
    else {
      for (const [i, source] of group.group.externals.entries()) {
        const positions = group.positions[i]
        if (positions === undefined) {
          externals.push(singleOf(source))
          continue
        }
        const at = positionOf(positions, item)
        const digest = at < 0 ? missingInput : columnOf(source).digests[at]
        if (digest === undefined) return undefined
        externals.push(digest)
      }
    }
    const files = id === undefined ? [...state.files.byItem.values()].flat() : (state.files.byItem.get(id) ?? [])
    return {
      id: nextUnit++,
      group: group.group.index,
      item: id,
      externals,
      wantValues,
      file: state.files.byGroup.get(group.group.index)?.[item],
      sourcePaths: files.map(file => [file.sha256, file.path] as const),
    }
  }

  /** Runs a unit until none of its inputs turns out to be lost. */
  async function runUnit(group: GroupState, unit: Unit): Promise<UnitResult> {
    for (let round = 0; ; round++) {
      const result = await submit(group, unit)
      if (result.lost === undefined) return result
      const source = group.group.externals[result.lost.external]!
      if (round >= maxLost) throw new Error(`internal: ${addressOf(source)} is lost again and again`)
      await remake(
        source,
        result.lost.item ?? (group.wire.externals[result.lost.external]!.per === 'item' ? unit.item : undefined),
      )
    }
  }

  async function submit(group: GroupState, unit: Unit): Promise<UnitResult> {
    const stored: Promise<void>[] = []
    const span = narrator.unit(group, unit)
    const result = await executor.submit(group.group.lane, group.wire, unit, {
      started: span.started,
      note: (task, message) => narrator.note(group, task, unit.item, message),
      outcome: outcome => {
        const done = writer.add(recordOf(group, outcome)).then(() => narrator.outcome(group, unit.item, outcome))
        stored.push(done)
        return done
      },
    })
    await Promise.all(stored)
    span.finished()
    return result
  }

  function recordOf(group: GroupState, outcome: TaskOutcome): TaskRecord {
    const { recipe } = group.wire.tasks[outcome.task]!
    return { key: outcome.key, recipe, outputs: outcome.outputs, durationMs: outcome.durationMs, blobs: outcome.blobs }
  }

  function acceptResult(group: GroupState, item: number, result: UnitResult): void {
    const tasks = group.wire.tasks.length
    narrator.hits(group, countTasks(tasks, result.hits))
    for (const { task, problem } of result.failures) narrator.failed(group, task, group.ids[item], problem)
    narrator.skipped(group, countTasks(tasks, result.skipped), 'a task before it failed')
    const failed = result.exports.some(one => one.state === 'failed')
    if (!isWhole(group)) {
      for (const [i, one] of result.exports.entries()) if (one.state === 'known') setExport(group, i, item, one.digest)
    } else if (!failed) {
      const outputs = Object.fromEntries(
        group.group.exports.map((source, i) => [source.port, (result.exports[i] as { digest: Digest }).digest]),
      )
      if (!adoptOutputs(group, outputs)) throw new Error('internal: a manifest was lost right after it was stored')
    }
    finishItem(group, item, failed)
    if (failed) afterFailure()
  }

  /** The worker died on it, or the store could not take it. */
  function failUnit(group: GroupState, item: number, error: unknown): void {
    const problem: Diagnostic =
      error instanceof TaskError
        ? error.diagnostic
        : {
            code: 'worker-crash',
            message: error instanceof Error ? error.message : String(error),
            fix: 'the other items are not affected; run again to try it once more',
          }
    narrator.failed(group, 0, group.ids[item], problem)
    narrator.skipped(
      group,
      group.wire.tasks.map((_, i) => (i === 0 ? 0 : 1)),
      'its unit did not finish',
    )
    if (error instanceof TaskError && error.diagnostic.code.startsWith('store')) fatal ??= error
    finishItem(group, item, true)
    afterFailure()
  }

  function afterFailure(): void {
    if (!options.keepGoing || fatal !== undefined) stop()
  }

  function setExport(group: GroupState, index: number, item: number, digest: Digest): void {
    columnOf(group.group.exports[index]!).digests[item] = digest
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
      if (other.phase !== 'streaming' || other.group.form !== 'items') continue
      const at = positionFrom(other, group, item)
      if (at < 0 || other.status[at] !== 'waiting') continue
      other.missing[at]!--
      if (other.missing[at] === 0) makeReady(other, at)
    }
    if (group.open === 0) completeGroup(group)
  }

  /** Stores what makes the group one look-up next time, then lets those behind it begin. */
  function completeGroup(group: GroupState): void {
    const manifests = isWhole(group) ? [] : group.group.exports.map(source => columnManifest(columnOf(source)))
    if (manifests.length === 0) return closeGroup(group)
    const complete = group.failed === 0 && group.upstream.every(index => state.groups[index]!.failed === 0)
    const digests = manifests.map(bytes => sha256(bytes))
    if (complete && group.key === undefined && group.upstream.every(index => state.groups[index]!.phase === 'done')) {
      group.key = groupKey(group, collectionInputs(group))
    }
    const key = complete && group.key !== undefined ? group.key : recordDigest('maskloom.partial.1', digests)
    pendingWork++
    writer
      .add({
        key,
        recipe: group.wire.tasks[0]!.recipe,
        outputs: Object.fromEntries(digests.map((digest, i) => [String(i), digest])),
        durationMs: 0,
        blobs: manifests.map((bytes, i) => ({ digest: digests[i]!, sizeBytes: bytes.byteLength, content: bytes })),
      })
      .catch((error: unknown) => {
        fatal ??= error
        stop()
      })
      .finally(() => {
        pendingWork--
        closeGroup(group)
      })
  }

  function closeGroup(group: GroupState): void {
    group.phase = 'done'
    options.groupDone(state, group)
    openDownstream(group)
    pump()
  }

  function openDownstream(group: GroupState): void {
    for (const index of group.downstream) tryOpen(state.groups[index]!)
  }

  function failGroup(group: GroupState, reason: string | undefined): void {
    if (reason !== undefined)
      narrator.skipped(
        group,
        group.wire.tasks.map(() => 1),
        reason,
      )
    group.phase = 'done'
    group.failed = 1
    group.ids = []
    openDownstream(group)
    checkEnd()
  }

  // ---- lost values -----------------------------------------------------------------------------------------------

  async function remake(source: CellPort, item: string | undefined): Promise<void> {
    const group = state.groups.find(({ group: { cells } }) => cells.includes(source.cell))!
    const index = group.group.exports.findIndex(one => portName(one) === portName(source))
    const position = item === undefined ? 0 : group.ids.indexOf(item)
    const lost =
      group.group.form === 'collection' ? state.singles.get(portName(source)) : columnOf(source).digests[position]
    if (lost !== undefined) store.drop(lost)
    const unit = unitOf(group, position, [index])
    if (unit === undefined) throw new Error(`internal: ${addressOf(source)} cannot be made again`)
    narrator.remark(group, item, `${addressOf(source)} was lost from the cache and is made again`)
    await runUnit(group, unit)
  }

  // ---- helpers ---------------------------------------------------------------------------------------------------

  function checkEnd(): void {
    if (pumping) return
    const flying = inFlight.gpu + inFlight.cpu + inFlight.io + pendingWork
    if (flying > 0) return
    const allDone = state.groups.every(group => group.phase === 'done')
    const idle = stopped || ready.every(queue => queue.size() === 0)
    if (allDone || idle) finish()
  }

  function isForced(group: GroupState): boolean {
    return group.group.cells.some(cell => options.forced.has(cell))
  }

  function columnOf(source: CellPort): Column {
    const column = state.columns.get(portName(source))
    if (column === undefined) throw new Error(`internal: no items yet for ${addressOf(source)}`)
    return column
  }

  function singleOf(source: CellPort): Digest {
    const digest = state.singles.get(portName(source))
    if (digest === undefined) throw new Error(`internal: no value yet for ${addressOf(source)}`)
    return digest
  }

  function addressOf(source: CellPort): string {
    for (const step of graph.steps) {
      const cell = step.cells.find(one => one.index === source.cell)
      if (cell !== undefined) return `${cell.address}.${source.port}`
    }
    return `cell ${source.cell}.${source.port}`
  }

  /** Where an item of `group` is among the items of a group it reads; −1 if nowhere. */
  function positionIn(group: GroupState, other: GroupState, item: number): number {
    const i = group.group.externals.findIndex(
      (source, at) => group.positions[at] !== undefined && other.group.cells.includes(source.cell),
    )
    return i < 0 ? -1 : positionOf(group.positions[i]!, item)
  }

  /** Where an item of `other` is among the items of `group`, which reads it. */
  function positionFrom(group: GroupState, other: GroupState, item: number): number {
    const i = group.group.externals.findIndex(
      (source, at) => group.positions[at] !== undefined && other.group.cells.includes(source.cell),
    )
    if (i < 0) return -1
    const positions = group.positions[i]!
    return positions === 'same' ? item : positions.indexOf(item)
  }
}

/** One unit for all items: collection cells, and scatter cells, which make the items. */
function isWhole(group: GroupState): boolean {
  return group.group.form === 'collection' || group.group.form === 'scatter'
}

function columnFrom(bytes: Uint8Array, ids: readonly string[] | undefined): Column {
  const manifest = decodeManifest(bytes)
  const failed = new Set(manifest.digests.flatMap((digest, i) => (digest === undefined ? [i] : [])))
  return { ids: ids ?? manifest.ids, digests: [...manifest.digests], failed }
}

function countTasks(tasks: number, which: readonly number[]): readonly number[] {
  const counts = new Array<number>(tasks).fill(0)
  for (const task of which) counts[task]!++
  return counts
}

/** First in, first out, without moving what is left (`shift` on 100,000 entries would be quadratic). */
function createQueue() {
  const entries: number[] = []
  let head = 0
  return {
    push: (entry: number) => void entries.push(entry),
    take: () => entries[head++]!,
    size: () => entries.length - head,
  }
}
