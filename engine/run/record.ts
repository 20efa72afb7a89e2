import type { Digest } from '../base/digest.ts'
import { decodeManifest } from '../base/manifest.ts'
import type { CellPort } from '../contract/graph.ts'
import type { Store } from '../contract/store.ts'
import { columnDigest } from './columns.ts'
import { type GroupState, portAddress, portName, type RunState } from './state.ts'

/**
 * Notes how each cell of a finished group was keyed: its recipe, the digests its group read and made. `why` and `plan`
 * compare the next run with it; with the manifests behind the digests they get down to single items.
 */
export function recordCells(state: RunState, group: GroupState, store: Store, runId: string): void {
  if (group.failed > 0) return
  const inputs = group.group.externals.map(source => [portAddress(state, source), [digestOf(state, source)]] as const)
  const outputs = new Map(group.group.exports.map(source => [portName(source), digestOf(state, source)]))
  for (const task of group.wire.tasks) {
    const own: { [port: string]: Digest } = {}
    for (const { port } of task.outputs) {
      const digest = outputs.get(`${task.cell}.${port}`)
      if (digest !== undefined) own[port] = digest
    }
    const files = group.key !== undefined && group.group.form === 'files' ? [['files', [group.key]] as const] : []
    store.runs.cell(runId, { address: task.address, recipe: task.recipe, inputs: [...inputs, ...files], outputs: own })
  }
}

function digestOf(state: RunState, source: CellPort): Digest {
  const single = state.singles.get(portName(source))
  return single ?? columnDigest(state.columns.get(portName(source))!)
}

/**
 * By item: the digests of a group's inputs when its first cell was last recorded; undefined if it never was, or with
 * other inputs.
 */
export function earlierInputs(
  state: RunState,
  group: GroupState,
  store: Store,
): ReadonlyMap<string, readonly (Digest | undefined)[]> | undefined {
  const record = store.runs.lastCell(state.graph.path, group.wire.tasks[0]!.address)
  if (record === undefined) return undefined
  const byItem = new Map<string, (Digest | undefined)[]>()
  const recorded = new Map(record.inputs)
  for (const [i, source] of group.group.externals.entries()) {
    const [digest] = recorded.get(portAddress(state, source)) ?? []
    if (digest === undefined) return undefined
    if (group.wire.externals[i]!.per === 'collection') continue
    const bytes = store.read(digest)
    if (bytes === undefined) return undefined
    const manifest = decodeManifest(bytes)
    for (const [item, id] of manifest.ids.entries()) {
      const digests = byItem.get(id) ?? group.group.externals.map(() => undefined)
      digests[i] = manifest.digests[item]
      byItem.set(id, digests)
    }
  }
  for (const [i, source] of group.group.externals.entries()) {
    if (group.wire.externals[i]!.per !== 'collection') continue
    for (const digests of byItem.values()) digests[i] = recorded.get(portAddress(state, source))?.[0]
  }
  return byItem
}
