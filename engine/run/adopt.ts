import { type Digest, recordDigest, sha256 } from '../base/digest.ts'
import { decodeManifest } from '../base/manifest.ts'
import type { NewBlob, Store, TaskRecord } from '../contract/store.ts'
import { type Column, columnManifest, narrowColumn } from './columns.ts'
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

/**
 * Takes over the output digests of a collection or scatter cell; of a scatter cell the part of the items that the run
 * is about. False if a manifest among them is lost.
 * @throws TaskError when the items asked for are not there.
 */
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
    const all = columnFrom(bytes, undefined)
    const keep = state.chosen?.keep(group.group.index, all.ids)
    const column = keep === undefined ? all : narrowColumn(all, new Set(all.ids.filter(keep)))
    group.ids = column.ids
    group.status = new Array(column.ids.length).fill('done')
    state.columns.set(portName(source), column)
  }
  return true
}

/** A part of a scatter cell's items is a list that nobody has stored: steps that read all of it need it. */
export function storePart(state: RunState, group: GroupState, store: Store): void {
  if (state.chosen === undefined || group.group.form !== 'scatter' || group.failed > 0) return
  const { recipe } = group.wire.tasks[0]!
  const { digests, blobs } = manifestsOf(state, group)
  const outputs = Object.fromEntries(group.group.exports.map(({ port }, i) => [port, digests[i]!]))
  store.commit([{ key: recordDigest('maskloom.part.1', digests), recipe, outputs, durationMs: 0, blobs }])
}

/** The row that makes a finished group one look-up next time, with the manifests of its exports. */
export function groupRecord(state: RunState, group: GroupState): TaskRecord {
  const { digests, blobs } = manifestsOf(state, group)
  const upstream = group.upstream.map(index => state.groups[index]!)
  const complete = group.failed === 0 && upstream.every(other => other.phase === 'done' && other.failed === 0)
  if (complete) group.key ??= groupKey(group, collectionInputs(state, group))
  return {
    // A group with failures is never found again; its manifests are still read by steps that accept them.
    key: complete && group.key !== undefined ? group.key : recordDigest('maskloom.partial.1', digests),
    recipe: group.wire.tasks[0]!.recipe,
    outputs: Object.fromEntries(digests.map((digest, i) => [String(i), digest])),
    durationMs: 0,
    blobs,
  }
}

/** Of a group's exports. */
function manifestsOf(state: RunState, group: GroupState): { readonly digests: Digest[]; readonly blobs: NewBlob[] } {
  const blobs = group.group.exports.map((source): NewBlob => {
    const bytes = columnManifest(columnOf(state, source))
    return { digest: sha256(bytes), sizeBytes: bytes.byteLength, content: bytes }
  })
  return { digests: blobs.map(blob => blob.digest), blobs }
}

function columnFrom(bytes: Uint8Array, ids: readonly string[] | undefined): Column {
  const manifest = decodeManifest(bytes)
  const failed = new Set(manifest.digests.flatMap((digest, i) => (digest === undefined ? [i] : [])))
  return { ids: ids ?? manifest.ids, digests: [...manifest.digests], failed }
}
