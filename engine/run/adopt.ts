import { type Digest, recordDigest, sha256 } from '../base/digest.ts'
import { decodeManifest } from '../base/manifest.ts'
import type { Store, TaskRecord } from '../contract/store.ts'
import { type Column, columnManifest } from './columns.ts'
import { collectionInputs, columnOf, type GroupState, groupKey, portName, type RunState } from './state.ts'

/** Takes over what a row says about a whole group: the columns of its exports. False if a manifest is lost. */
export function adoptGroup(state: RunState, group: GroupState, store: Store): boolean {
  const row = store.task(group.key!)
  if (row === undefined) return false
  const columns: [string, Column][] = []
  for (const [i, source] of group.group.exports.entries()) {
    const bytes = store.read(row.outputs[String(i)] ?? '')
    if (bytes === undefined) return false
    // The exports of a split group are about its children, which only the manifest names.
    columns.push([portName(source), columnFrom(bytes, group.group.form === 'split' ? undefined : group.ids)])
  }
  for (const [name, column] of columns) state.columns.set(name, column)
  group.status = new Array(group.ids.length).fill('done')
  return true
}

/** Takes over the output digests of a collection or scatter cell. False if a manifest among them is lost. */
export function adoptOutputs(
  state: RunState,
  group: GroupState,
  outputs: { readonly [port: string]: Digest },
  store: Store,
): boolean {
  for (const source of group.group.exports) {
    const digest = outputs[source.port]
    if (digest === undefined) return false
    if (group.group.form === 'collection') {
      state.singles.set(portName(source), digest)
      continue
    }
    const bytes = store.read(digest)
    if (bytes === undefined) return false
    const column = columnFrom(bytes, undefined)
    group.ids = column.ids
    group.status = new Array(column.ids.length).fill('done')
    state.columns.set(portName(source), column)
  }
  return true
}

/** The row that makes a finished group one look-up next time, with the manifests of its exports. */
export function groupRecord(state: RunState, group: GroupState): TaskRecord {
  const manifests = group.group.exports.map(source => columnManifest(columnOf(state, source)))
  const digests = manifests.map(bytes => sha256(bytes))
  const upstream = group.upstream.map(index => state.groups[index]!)
  const complete = group.failed === 0 && upstream.every(other => other.phase === 'done' && other.failed === 0)
  if (complete) group.key ??= groupKey(group, collectionInputs(state, group))
  return {
    // A group with failures is never found again; its manifests are still read by steps that accept them.
    key: complete && group.key !== undefined ? group.key : recordDigest('maskloom.partial.1', digests),
    recipe: group.wire.tasks[0]!.recipe,
    outputs: Object.fromEntries(digests.map((digest, i) => [String(i), digest])),
    durationMs: 0,
    blobs: manifests.map((bytes, i) => ({ digest: digests[i]!, sizeBytes: bytes.byteLength, content: bytes })),
  }
}

function columnFrom(bytes: Uint8Array, ids: readonly string[] | undefined): Column {
  const manifest = decodeManifest(bytes)
  const failed = new Set(manifest.digests.flatMap((digest, i) => (digest === undefined ? [i] : [])))
  return { ids: ids ?? manifest.ids, digests: [...manifest.digests], failed }
}
