import { canonical, type Json } from '../base/canonical.ts'
import { type Digest, type Key, sha256 } from '../base/digest.ts'
import type { CellPort, Graph, Group } from '../contract/graph.ts'
import type { ItemFile } from '../contract/node.ts'
import type { Column, Positions } from './columns.ts'
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
}

export type ItemStatus = 'waiting' | 'ready' | 'running' | 'done' | 'failed'

export interface GroupState {
  readonly group: Group
  readonly wire: WireGroup
  readonly join: 'exact' | 'inner' | 'left'
  /** Groups that read one of its exports, and groups it reads. */
  readonly downstream: readonly number[]
  readonly upstream: readonly number[]
  phase: 'waiting' | 'streaming' | 'done'
  ids: readonly string[]
  /** By external; undefined for whole-collection inputs. */
  positions: readonly (Positions | undefined)[]
  status: ItemStatus[]
  /** Upstream groups that have not finished this item. */
  missing: Int32Array
  open: number
  failed: number
  /** Key of the whole group, once every input is complete. */
  key: Key | undefined
}

export function portName(source: CellPort): string {
  return `${source.cell}.${source.port}`
}

export function createRunState(graph: Graph): RunState {
  const steps = graph.steps
  const stepOfCell = new Map(steps.flatMap(step => step.cells.map(cell => [cell.index, step] as const)))
  const groupOfCell = new Map(steps.flatMap(step => step.cells.map(cell => [cell.index, cell.group] as const)))
  const upstreamOf = (group: Group) => [...new Set(group.externals.map(source => groupOfCell.get(source.cell)!))]
  const groups = graph.groups.map(
    (group): GroupState => ({
      group,
      wire: wireGroup(graph, group),
      join: stepOfCell.get(group.cells[0]!)!.join,
      upstream: upstreamOf(group),
      downstream: graph.groups.filter(other => upstreamOf(other).includes(group.index)).map(other => other.index),
      phase: 'waiting',
      ids: [],
      positions: [],
      status: [],
      missing: new Int32Array(0),
      open: 0,
      failed: 0,
      key: undefined,
    }),
  )
  return { graph, groups, columns: new Map(), singles: new Map(), files: { byGroup: new Map(), byItem: new Map() } }
}

/**
 * Key of everything a group makes for all items: recipes and wiring of its tasks over the collection digests of its
 * inputs. With it, a group without changes costs one look-up.
 */
export function groupKey(state: GroupState, inputs: readonly Digest[]): Key {
  const tasks = state.wire.tasks.map(task => [
    task.recipe,
    task.inputs.map(input => [input.port, input.sources as unknown as Json]),
  ])
  const record = [
    'maskloom.group.1',
    state.wire.form,
    state.join,
    tasks as Json,
    state.wire.exports as unknown as Json,
    inputs,
  ]
  return sha256(canonical(record as Json))
}
