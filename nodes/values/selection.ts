import { canonical, type Json } from '../../engine/base/canonical.ts'
import type { Facets, Kind } from '../../engine/contract/kind.ts'
import { documentCodec } from './json-document.ts'

/** A part of the items, by id: what `items: step.port` runs a step on. */
export interface Selection {
  /** Sorted by code unit, each once. */
  readonly ids: readonly string[]
}

const NAME = 'selection'

export const selectionKind: Kind<Selection> = {
  name: NAME,
  description: 'Ids of some items; a step with `items:` runs on them only.',
  extension: 'json',
  ...documentCodec(NAME, problem, ({ ids }: Selection) => ({ ids })),
  ids: ({ ids }) => ids,
  print: printSelection,
}

const PRINTED_IDS = 10

/** How many, and the first ten. */
function printSelection({ ids }: Selection): string {
  const more = ids.length - PRINTED_IDS
  const counted = `${ids.length} ${ids.length === 1 ? 'item' : 'items'}: ${ids.slice(0, PRINTED_IDS).join(', ')}`
  return ids.length === 0 ? 'no items' : more > 0 ? `${counted}, … and ${more} more, in the file` : counted
}

/** The selection of these ids, in any order, repeated or not. */
export function selectionOf(ids: Iterable<string>): Selection {
  return { ids: [...new Set(ids)].sort() }
}

/** Which part of a division into folds a selection is. */
export type HeldOut = {
  readonly fold: number
  readonly folds: number
  /** Parts of one division have the same. */
  readonly division: Json
}

/** Static type of the part that is held out. */
export function heldOut(part: HeldOut): Facets {
  return { heldOut: part }
}

/** A division of which all parts are among these selections: its number of parts. */
export function wholeDivision(selections: readonly Facets[]): number | undefined {
  const parts = selections.flatMap(facets => (facets['heldOut'] as HeldOut | undefined) ?? [])
  const whole = parts.find(({ folds, division }) => {
    const own = parts.filter(part => part.folds === folds && canonical(part.division) === canonical(division))
    return new Set(own.map(({ fold }) => fold)).size === folds
  })
  return whole?.folds
}

function problem(value: unknown): string | undefined {
  const { ids } = (value ?? {}) as { readonly ids?: unknown }
  if (!Array.isArray(ids)) return 'there is no list of ids'
  for (const [index, id] of ids.entries()) {
    const before = ids[index - 1]
    if (typeof id !== 'string' || id === '') return `id ${index} is ${JSON.stringify(id)}, expected some text`
    if (before === id) return `${id} is listed twice`
    if (before !== undefined && before > id) return `${id} comes after ${before}; expected ids in order`
  }
  return undefined
}
