import { compareText } from '../base/diagnostic.ts'
import { type Digest, sha256 } from '../base/digest.ts'
import { taskKey } from '../base/keys.ts'
import type { ItemFile } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'
import { parentOf } from './children.ts'
import { joinItems, narrowColumn, type Positions } from './columns.ts'
import { columnOf, type GroupState, portAddress, type RunState } from './state.ts'

/** What a group starts with: its items, and the digests of its whole inputs if all of them are complete. */
export interface Opening {
  readonly ids: readonly string[]
  readonly positions: readonly (Positions | undefined)[]
  readonly inputs: readonly Digest[] | undefined
}

/**
 * May this group begin? Collection and scatter cells, and whole-collection inputs, wait until what they read is done;
 * per-item inputs only until their items are known (those of a scatter or split group are known when it is done). What
 * chooses the items must be done. When a run is about a part of the items, the reference comes before other sources.
 */
export function canOpen(state: RunState, group: GroupState): boolean {
  if (isUnknownPart(state, group)) return false
  const needsAll = group.group.form !== 'items' && group.group.form !== 'split'
  const shared = new Set(
    group.group.externals.flatMap((source, i) => (group.wire.externals[i]!.per === 'collection' ? [source.cell] : [])),
  )
  const gathered = new Set(
    group.group.externals.flatMap((source, i) => (group.wire.externals[i]!.children ? [source.cell] : [])),
  )
  const choosing = new Set(group.group.selects.map(({ source }) => source.cell))
  return group.upstream.every(index => {
    const other = state.groups[index]!
    const makesItems = other.group.form === 'scatter' || other.group.form === 'split'
    const chooses = other.group.cells.some(cell => choosing.has(cell) || gathered.has(cell))
    const complete = needsAll || makesItems || chooses || other.group.cells.some(cell => shared.has(cell))
    return complete ? other.phase === 'done' : other.phase !== 'waiting'
  })
}

/** A source of which nobody can say yet what part of its items the run is about. */
export function isUnknownPart({ chosen }: RunState, { group }: GroupState): boolean {
  if (chosen === undefined || chosen.known() || group.index === chosen.reference) return false
  return chosen.sources.includes(group.index)
}

/** A step before this one failed as a whole, so there is nothing to begin with. */
export function hasNoItems(state: RunState, group: GroupState): boolean {
  return group.upstream.some(index => state.groups[index]!.failed > 0 && state.groups[index]!.ids.length === 0)
}

/** Items of a `files` group: its files, with the digest of the whole listing. */
export function openFiles(
  state: RunState,
  group: GroupState,
  listed: readonly { readonly id: string; readonly file: ItemFile }[],
): Opening {
  const { byGroup, byItem } = state.files
  byGroup.set(
    group.group.index,
    listed.map(({ file }) => file),
  )
  for (const { id, file } of listed) {
    const others = byItem.get(id)
    if (others === undefined) byItem.set(id, [file])
    else others.push(file)
  }
  // Canonical as it is: strings in arrays.
  const listing = sha256(JSON.stringify(['maskloom.files.1', listed.map(({ id, file }) => [id, file.sha256])]))
  return { ids: listed.map(({ id }) => id), positions: [], inputs: [listing] }
}

/**
 * Items of a per-item group: those of its inputs, joined.
 * @throws TaskError when they do not fit.
 */
export function openItems(state: RunState, group: GroupState, wholeInputs: () => readonly Digest[]): Opening {
  const perItem = group.group.externals.flatMap((source, i) =>
    group.wire.externals[i]!.per === 'item' && !group.wire.externals[i]!.children ? [{ source, i }] : [],
  )
  if (perItem.length === 0) {
    const children = group.group.externals.flatMap((source, i) => (group.wire.externals[i]!.children ? [source] : []))
    const parents = new Set(children.flatMap(source => columnOf(state, source).ids.map(parentOf)))
    const ids = [...parents].filter(id => group.selected?.has(id) ?? true).sort(compareText)
    return { ids, positions: group.group.externals.map(() => undefined), inputs: wholeInputs() }
  }
  const inputs = perItem.map(({ source }) => ({ name: portAddress(state, source), ids: columnOf(state, source).ids }))
  const joined = joinItems(group.wire.tasks[0]!.address, group.join, inputs, group.selected)
  const positions = group.group.externals.map((_, i) => {
    const at = perItem.findIndex(entry => entry.i === i)
    return at < 0 ? undefined : joined.positions[at]
  })
  const complete = group.upstream.every(index => {
    const other = state.groups[index]!
    return other.phase === 'done' && other.failed === 0
  })
  return { ids: joined.ids, positions, inputs: complete ? wholeInputs() : undefined }
}

/** Key of a collection or scatter cell. */
export function wholeKey(group: GroupState, inputs: readonly Digest[]): string {
  const [task] = group.wire.tasks as [GroupState['wire']['tasks'][number]]
  const parts = task.inputs.map(
    input => [input.port, input.sources.map(source => ('external' in source ? inputs[source.external]! : ''))] as const,
  )
  return taskKey(task.recipe, parts, undefined)
}

/** Why a collection or scatter cell cannot begin although its inputs are done. */
export function refusal(state: RunState, group: GroupState, registry: Registry): string | undefined {
  const node = registry.nodes.get(group.wire.tasks[0]!.node)!
  const failedItems = group.group.externals.reduce((most, source, i) => {
    if (group.wire.externals[i]!.per === 'collection') return most
    return Math.max(most, narrowColumn(columnOf(state, source), group.selected).failed.size)
  }, 0)
  if (failedItems === 0 || node.partial === 'accept') return undefined
  return `${failedItems} ${failedItems === 1 ? 'item' : 'items'} it needs failed`
}
