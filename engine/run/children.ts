import { sha256 } from '../base/digest.ts'
import { decodeManifest } from '../base/manifest.ts'
import type { StoreReader } from '../contract/store.ts'
import { type Column, columnManifest } from './columns.ts'
import { columnOf, type GroupState, portName, type RunState } from './state.ts'

/** Children of an item are `<item>/<child>`; a child's name has no `/`. */
export function parentOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('/')))
}

/** An id and those above it: where the source files of a child are found. */
export function lineOf(id: string): readonly string[] {
  const line = [id]
  for (let at = id.lastIndexOf('/'); at > 0; at = id.lastIndexOf('/', at - 1)) line.push(id.slice(0, at))
  return line
}

/** Turns the columns of a finished split group, one manifest per parent, into columns of all children. */
export function expandChildren(state: RunState, group: GroupState, store: Pick<StoreReader, 'read'>): void {
  for (const source of group.group.exports) {
    const parents = columnOf(state, source)
    const ids: string[] = []
    const column: Column = { ids, digests: [], failed: new Set() }
    for (const [item, parent] of parents.ids.entries()) {
      const digest = parents.digests[item]
      if (digest === undefined) continue
      const bytes = store.read(digest)
      if (bytes === undefined)
        throw new Error('internal: the list of an item’s children was lost right after it was stored')
      const children = decodeManifest(bytes)
      for (const [i, child] of children.ids.entries()) {
        ids.push(`${parent}/${child}`)
        column.digests.push(children.digests[i])
      }
    }
    state.columns.set(portName(source), sortColumn(column))
  }
}

/** The children of one item, as the manifest a gathering node walks: by their own names, so its key names no item. */
export function childrenOf(column: Column, parent: string): { readonly digest: string; readonly bytes: Uint8Array } {
  const prefix = `${parent}/`
  const from = lowerBound(column.ids, prefix)
  let to = from
  while (to < column.ids.length && column.ids[to]!.startsWith(prefix)) to++
  const ids = column.ids.slice(from, to).map(id => id.slice(prefix.length))
  const bytes = columnManifest({ ids, digests: column.digests.slice(from, to), failed: new Set() })
  return { digest: sha256(bytes), bytes }
}

/** By code unit: parents in order do not make children in order when one parent's id begins another's. */
function sortColumn(column: Column): Column {
  const order = [...column.ids.keys()].sort((a, b) => (column.ids[a]! < column.ids[b]! ? -1 : 1))
  return {
    ids: order.map(i => column.ids[i]!),
    digests: order.map(i => column.digests[i]),
    failed: new Set(),
  }
}

function lowerBound(ids: readonly string[], text: string): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ids[middle]! < text) low = middle + 1
    else high = middle
  }
  return low
}
