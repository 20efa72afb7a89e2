import type { Digest } from '../base/digest.ts'
import type { CellPort, Graph } from '../contract/graph.ts'
import type { ItemFile } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'
import type { Store } from '../contract/store.ts'
import { adoptGroup, adoptOutputs } from './adopt.ts'
import { emptyColumn, positionOf } from './columns.ts'
import { addRebuilds, type Fate } from './fate.ts'
import { missingInput } from './host.ts'
import type { ChosenItems } from './item-choice.ts'
import { hasNoItems, isUnknownPart, openFiles, openItems, wholeKey } from './open-groups.ts'
import { earlierInputs } from './record.ts'
import { resolveUnit } from './resolve.ts'
import { selectItems } from './select-items.ts'
import {
  collectionInputs,
  columnOf,
  createRunState,
  type GroupState,
  groupKey,
  isWhole,
  portName,
  type RunState,
} from './state.ts'

/** What a run would do, task by task, without doing it. */
export interface Forecast {
  readonly state: RunState
  /** By group: for each item (one entry for collection and scatter cells) the fate of each task. */
  readonly fates: readonly (readonly (readonly Fate[])[])[]
  /** Groups whose items are not known before another step has run. */
  readonly deferred: readonly number[]
}

export interface ForecastOptions {
  readonly registry: Registry
  readonly store: Store
  readonly listItems: (cell: number) => readonly { readonly id: string; readonly file: ItemFile }[]
  /** The run would be about a part of the items. */
  readonly chosen?: ChosenItems
}

/**
 * How an output that is not there yet relates to an earlier one. `fresh`: made from content never seen, so everything
 * behind it runs. `maybe`: it may come out as before, and then everything behind it is a hit.
 */
type Unknown = 'fresh' | 'maybe'

export function forecast(graph: Graph, options: ForecastOptions): Forecast {
  const { registry, store } = options
  const state = createRunState(graph, options.chosen)
  const unknown = new Map<string, Map<number, Unknown>>()
  const unknownWhole = new Map<string, Unknown>()
  const fates: (readonly (readonly Fate[])[])[] = []
  const deferred: number[] = []
  for (const group of state.groups) fates.push(groupFates(group))
  return { state, fates, deferred }

  function groupFates(group: GroupState): readonly (readonly Fate[])[] {
    const upstreamDeferred = group.upstream.some(index => deferred.includes(index))
    const chooserOpen = group.group.selects.some(({ source }) => isOpen(source))
    if ((upstreamDeferred || chooserOpen) && !isWhole(group)) {
      deferred.push(group.group.index)
      return []
    }
    group.phase = 'done'
    if (!upstreamDeferred && !chooserOpen) group.selected = selectItems(state, group, registry, store)
    return isWhole(group)
      ? [[wholeFate(group, upstreamDeferred || chooserOpen || isUnknownPart(state, group))]]
      : itemFates(group)
  }

  function isOpen(source: CellPort): boolean {
    return unknownWhole.has(portName(source)) || (unknown.get(portName(source))?.size ?? 0) > 0
  }

  function wholeFate(group: GroupState, upstreamDeferred: boolean): Fate {
    const reason = upstreamDeferred ? 'fresh' : unknownInput(group)
    if (reason === undefined) {
      group.key = wholeKey(group, collectionInputs(state, group))
      const row = store.task(group.key)
      if (row !== undefined && adoptOutputs(state, group, row.outputs, store)) return 'hit'
    }
    if (group.group.form === 'scatter') deferred.push(group.group.index)
    const seenBefore = earlierInputs(state, group, store) !== undefined
    for (const source of group.group.exports) unknownWhole.set(portName(source), seenBefore ? 'maybe' : 'fresh')
    return reason === 'maybe' ? 'maybe' : 'run'
  }

  /** Of a whole group: the strongest doubt about any of its inputs. */
  function unknownInput(group: GroupState): Unknown | undefined {
    let found: Unknown | undefined
    for (const source of group.group.externals) {
      const whole = unknownWhole.get(portName(source))
      const items = [...(unknown.get(portName(source))?.values() ?? [])]
      if (whole === 'fresh' || items.includes('fresh')) return 'fresh'
      if (whole === 'maybe' || items.length > 0) found = 'maybe'
    }
    return found
  }

  function itemFates(group: GroupState): readonly (readonly Fate[])[] {
    if (hasNoItems(state, group)) return []
    const complete = unknownInput(group) === undefined
    const opening =
      group.group.form === 'files'
        ? openFiles(state, group, options.listItems(group.group.cells[0]!))
        : openItems(state, group, () => (complete ? collectionInputs(state, group) : []))
    group.ids = opening.ids
    group.positions = opening.positions
    for (const source of group.group.exports) state.columns.set(portName(source), emptyColumn(group.ids))
    if (complete && opening.inputs !== undefined) {
      group.key = groupKey(group, opening.inputs)
      if (adoptGroup(state, group, store)) return group.ids.map(() => group.wire.tasks.map(() => 'hit' as const))
    }
    // The children of a split are known when it is done.
    if (group.group.form === 'split') deferred.push(group.group.index)
    const earlier = earlierInputs(state, group, store)
    return group.ids.map((_, item) => unitFates(group, item, earlier?.get(group.ids[item]!)))
  }

  function unitFates(
    group: GroupState,
    item: number,
    earlier: readonly (Digest | undefined)[] | undefined,
  ): readonly Fate[] {
    const externals: (Digest | undefined)[] = []
    let doubt: Unknown | undefined
    for (const [i, source] of group.group.externals.entries()) {
      const positions = group.positions[i]
      const at = positions === undefined ? 0 : positionOf(positions, item)
      const open = positions === undefined ? unknownWhole.get(portName(source)) : unknown.get(portName(source))?.get(at)
      if (open === 'fresh' || (open === 'maybe' && doubt === undefined)) doubt = open
      if (open !== undefined) externals.push(undefined)
      else if (positions === undefined) externals.push(state.singles.get(portName(source)))
      else externals.push(at < 0 ? missingInput : columnOf(state, source).digests[at])
    }
    const file = state.files.byGroup.get(group.group.index)?.[item]
    const itemIdOf = (node: string) => (registry.nodes.get(node)!.usesItemId ? group.ids[item] : undefined)
    const standings = resolveUnit(group.wire, externals, file, itemIdOf, store.task, false)!
    const changed =
      doubt === 'fresh' ||
      earlier === undefined ||
      externals.some((digest, i) => digest !== undefined && digest !== earlier[i])
    const fates = standings.map((standing): Fate => {
      if (standing.state === 'known') return 'hit'
      return standing.state === 'new' || changed ? 'run' : 'maybe'
    })
    for (const [i, source] of group.group.exports.entries()) {
      const standing = standings[group.wire.exports[i]!.task]!
      if (standing.state === 'known') columnOf(state, source).digests[item] = standing.outputs[source.port]!
      else {
        const doubts = unknown.get(portName(source)) ?? new Map<number, Unknown>()
        unknown.set(portName(source), doubts.set(item, changed || group.group.form === 'files' ? 'fresh' : 'maybe'))
      }
    }
    return addRebuilds(group.wire, standings, fates, store)
  }
}
