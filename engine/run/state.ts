import { canonical, type Json } from '../base/canonical.ts'
import { type Digest, type Key, sha256 } from '../base/digest.ts'
import type { CellPort, Graph, Group } from '../contract/graph.ts'
import type { ItemFile } from '../contract/node.ts'
import { type Column, columnDigest, narrowColumn, type Positions, positionOf } from './columns.ts'
import type { ChosenItems } from './item-choice.ts'
import { type WireGroup, wireGroup } from './wire.ts'

/** What a run knows, and nothing about how it proceeds: digests by port, the state of every group and item. */
export interface RunState {
  readonly graph: Graph
  readonly groups: readonly GroupState[]
  /** Per-item ports of groups that have items. */
  readonly columns: Map<string, Column>
  /** Whole-collection ports. */
  readonly singles: Map<string, Digest>
  /** Files behind the items of `files` groups: by group in item order, and all of an item by its id. */
  readonly files: { readonly byGroup: Map<number, readonly ItemFile[]>; readonly byItem: Map<string, ItemFile[]> }
  readonly addresses: ReadonlyMap<number, string>
  /** The run is about a part of the items. */
  readonly chosen: ChosenItems | undefined
}

export type ItemStatus = 'waiting' | 'ready' | 'running' | 'done' | 'failed'

export interface GroupState {
  readonly group: Group
  readonly wire: WireGroup
  readonly join: 'exact' | 'inner' | 'left' | 'outer'
  /** Groups that read one of its exports, and groups it reads. */
  readonly downstream: readonly number[]
  readonly upstream: readonly number[]
  phase: 'waiting' | 'streaming' | 'done'
  ids: readonly string[]
  /** Items its selections choose; undefined: all. */
  selected: ReadonlySet<string> | undefined
  /** By external; undefined for whole-collection inputs. */
  positions: readonly (Positions | undefined)[]
  status: ItemStatus[]
  /** By item: upstream groups that have not finished it. */
  missing: Int32Array
  /** Units not finished yet. */
  open: number
  failed: number
  /** Key of the whole group, once every input is complete. */
  key: Key | undefined
  /** Items that were announced (1 for collection and scatter cells), and how their tasks ended; see ledger.ts. */
  announced: number
  ended: Uint8Array
}

export function createRunState(graph: Graph, chosen?: ChosenItems): RunState {
  const cells = graph.steps.flatMap(step => step.cells.map(cell => ({ step, cell })))
  const groupOfCell = new Map(cells.map(({ cell }) => [cell.index, cell.group]))
  const joinOfCell = new Map(cells.map(({ cell, step }) => [cell.index, step.join]))
  const upstream = graph.groups.map(group => {
    const sources = [...group.externals, ...group.selects.map(select => select.source)]
    return [...new Set(sources.map(source => groupOfCell.get(source.cell)!))]
  })
  const groups = graph.groups.map(
    (group): GroupState => ({
      group,
      wire: wireGroup(graph, group),
      join: joinOfCell.get(group.cells[0]!)!,
      upstream: upstream[group.index]!,
      downstream: [
        ...upstream.flatMap((list, index) => (list.includes(group.index) ? [index] : [])),
        // Other sources can be narrowed, so begin, only when the reference is known.
        ...(group.index === chosen?.reference ? chosen.sources.filter(index => index !== group.index) : []),
      ],
      phase: 'waiting',
      ids: [],
      selected: undefined,
      positions: [],
      status: [],
      missing: new Int32Array(0),
      open: 0,
      failed: 0,
      key: undefined,
      announced: 0,
      ended: new Uint8Array(0),
    }),
  )
  return {
    graph,
    groups,
    columns: new Map(),
    singles: new Map(),
    files: { byGroup: new Map(), byItem: new Map() },
    addresses: new Map(cells.map(({ cell }) => [cell.index, cell.address])),
    chosen,
  }
}

export function portName(source: CellPort): string {
  return `${source.cell}.${source.port}`
}

/** `step[coordinates].port`, for people. */
export function portAddress(state: RunState, source: CellPort): string {
  return `${state.addresses.get(source.cell)}.${source.port}`
}

export function columnOf(state: RunState, source: CellPort): Column {
  const column = state.columns.get(portName(source))
  if (column === undefined) throw new Error(`internal: no items yet for ${portAddress(state, source)}`)
  return column
}

export function singleOf(state: RunState, source: CellPort): Digest {
  const digest = state.singles.get(portName(source))
  if (digest === undefined) throw new Error(`internal: no value yet for ${portAddress(state, source)}`)
  return digest
}

/** One unit for all items: collection cells, and scatter cells, which make the items. */
export function isWhole(group: GroupState): boolean {
  return group.group.form === 'collection' || group.group.form === 'scatter'
}

/** Digest of each external: a collection's for per-item inputs. */
export function collectionInputs(state: RunState, group: GroupState): readonly Digest[] {
  return group.group.externals.map((source, i) =>
    group.wire.externals[i]!.per === 'item'
      ? columnDigest(narrowColumn(columnOf(state, source), group.selected))
      : singleOf(state, source),
  )
}

/**
 * Key of everything a group makes for all items: recipes and wiring of its tasks over the collection digests of its
 * inputs. With it, a group without changes costs one look-up.
 */
export function groupKey(group: GroupState, inputs: readonly Digest[]): Key {
  const tasks = group.wire.tasks.map(task => [
    task.recipe,
    task.inputs.map(input => [input.port, input.sources as unknown as Json]),
  ])
  const exports = group.wire.exports as unknown as Json
  return sha256(canonical(['maskloom.group.1', group.wire.form, group.join, tasks as Json, exports, inputs]))
}

/** Where an item of `group` is among the items of a group it reads; −1 if nowhere. */
export function positionUpstream(group: GroupState, upstream: GroupState, item: number): number {
  const positions = positionsInto(group, upstream)
  return positions === undefined ? -1 : positionOf(positions, item)
}

/** Where an item of `upstream` is among the items of `group`, which reads it; −1 if nowhere. */
export function positionDownstream(group: GroupState, upstream: GroupState, item: number): number {
  const positions = positionsInto(group, upstream)
  if (positions === undefined) return -1
  if (positions === 'same') return item
  return reversed(positions).get(item) ?? -1
}

const reverses = new WeakMap<Int32Array, Map<number, number>>()

/** Built once for each join: asking the array for every item would be quadratic. */
function reversed(positions: Int32Array): ReadonlyMap<number, number> {
  const known = reverses.get(positions) ?? new Map([...positions].map((at, item) => [at, item]))
  reverses.set(positions, known)
  return known
}

/** By item of a group: upstream groups that have yet to finish it. */
export function countMissing(state: RunState, group: GroupState): Int32Array {
  const missing = new Int32Array(group.ids.length)
  for (const index of group.upstream) {
    const other = state.groups[index]!
    if (other.phase === 'done' && other.failed === 0) continue
    for (let item = 0; item < missing.length; item++) {
      const status = other.status[positionUpstream(group, other, item)]
      if (status !== undefined && status !== 'done' && status !== 'failed') missing[item]!++
    }
  }
  return missing
}

function positionsInto(group: GroupState, upstream: GroupState): Positions | undefined {
  const i = group.group.externals.findIndex(
    (source, at) => group.positions[at] !== undefined && upstream.group.cells.includes(source.cell),
  )
  return group.positions[i]
}
