import { type Diagnostic, TaskError } from '../base/diagnostic.ts'
import { nearestName } from '../base/typo.ts'
import { quoteName } from '../base/words.ts'
import type { Graph } from '../contract/graph.ts'

/** The `index`-th (from 1) of `count` contiguous parts of the items, whose sizes differ by at most one. */
export interface Shard {
  readonly index: number
  readonly count: number
}

/** A part of the items, asked for when a run is started: these ids, and of them this part. */
export interface ItemChoice {
  readonly ids?: ReadonlySet<string>
  readonly shard?: Shard
}

/** Says of an id whether it stays. */
export type KeepItem = (id: string) => boolean

/**
 * Narrows what the steps that make items (`files`, `scatter`) make, so that everything behind them sees just those.
 *
 * The first such step is the reference: ids to keep are looked up among its items, and parts are cut in its list, by id.
 * Other sources keep the same stretch of ids, so that steps which join them get matching parts, and every id of every
 * source is in exactly one part.
 */
export interface ChosenItems {
  /** Groups that make items. */
  readonly sources: readonly number[]
  /** The one whose items are the reference; undefined if there are no sources. */
  readonly reference: number | undefined
  /** False as long as another source than the reference cannot be narrowed. */
  readonly known: () => boolean
  /**
   * Which items of a source stay; `ids` (all it has, sorted by code unit) count for the reference.
   * @throws TaskError `bad-argument` for ids the reference does not have, or more parts than items.
   */
  readonly keep: (group: number, ids: readonly string[]) => KeepItem
}

/**
 * @param listIds - ids of a `files` cell, sorted: with such a reference, mistakes show before anything runs.
 * @throws TaskError as `keep` does.
 */
export function createChosenItems(
  graph: Graph,
  choice: ItemChoice,
  listIds: (cell: number) => readonly string[],
): ChosenItems {
  const sources = graph.groups.filter(group => group.form === 'files' || group.form === 'scatter')
  const files = sources.find(group => group.form === 'files')
  const reference = files ?? sources[0]
  let kept = files === undefined ? undefined : chooseItems(choice, listIds(files.cells[0]!))
  return {
    sources: sources.map(group => group.index),
    reference: reference?.index,
    known: () => kept !== undefined || reference === undefined,
    keep(group, ids) {
      if (group === reference?.index) kept ??= chooseItems(choice, ids)
      if (kept === undefined) throw new Error(`internal: group ${group} is narrowed before the reference is known`)
      return kept
    },
  }
}

/** @param reference - all ids, sorted by code unit. */
export function chooseItems(choice: ItemChoice, reference: readonly string[]): KeepItem {
  const { ids, shard } = choice
  if (ids !== undefined) refuseUnknown(ids, reference)
  const inIds = (id: string) => ids === undefined || ids.has(id)
  if (shard === undefined) return inIds
  const listed = reference.filter(inIds)
  if (shard.count > listed.length) {
    throw new TaskError({
      code: 'bad-argument',
      message: `${listed.length} ${listed.length === 1 ? 'item' : 'items'} cannot be cut into ${shard.count} parts`,
      fix: `use at most --shard ${shard.index}/${listed.length}`,
    })
  }
  const cut = (part: number) => Math.floor((part * listed.length) / shard.count)
  // Ids between two parts, of other sources, go with the part before; those before the first with the first.
  const from = shard.index === 1 ? undefined : listed[cut(shard.index - 1)]
  const until = listed[cut(shard.index)]
  return id => inIds(id) && (from === undefined || id >= from) && (until === undefined || id < until)
}

function refuseUnknown(ids: ReadonlySet<string>, reference: readonly string[]): void {
  const known = new Set(reference)
  const unknown = [...ids].filter(id => !known.has(id))
  if (unknown.length === 0) return
  const shown = unknown.slice(0, 5).map(quoteName)
  const more = unknown.length - shown.length
  const nearest = nearestName(unknown[0]!, reference)
  const problem: Diagnostic = {
    code: 'bad-argument',
    message: `--items names ${unknown.length === 1 ? 'an item' : `${unknown.length} items`} that the run does not have: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    fix:
      nearest === undefined
        ? `ids look like ${quoteName(reference[0] ?? '')} (path below the source, without extension)`
        : `did you mean ${quoteName(nearest)}?`,
  }
  throw new TaskError(problem)
}
