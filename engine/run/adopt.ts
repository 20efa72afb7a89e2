import { type Digest, recordDigest, sha256 } from '../base/digest.ts'
import type { NewBlob, Store, TaskRecord } from '../contract/store.ts'
import { type Column, columnManifest, narrowColumn, storedColumn } from './columns.ts'
import { collectionInputs, columnOf, type GroupState, groupKey, portName, type RunState } from './state.ts'

/** Takes over what a row says about a whole group: the columns of its exports. False if a manifest is lost. */
export function adoptGroup(state: RunState, group: GroupState, store: Store): boolean {
  const row = store.task(group.key!)
  if (row === undefined) return false
  const columns: [string, Column][] = []
  for (const [i, source] of group.group.exports.entries()) {
    const digest = row.outputs[String(i)] ?? ''
    const bytes = store.read(digest)
    if (bytes === undefined) return false
    // The exports of a split group are about its children, which only the manifest names.
    columns.push([portName(source), storedColumn(bytes, digest, group.group.form === 'split' ? undefined : group.ids)])
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
    const all = storedColumn(bytes, digest)
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
  // One whose last item has just ended may still be on its way into the store.
  const complete = group.failed === 0 && upstream.every(other => hasEnded(other) && other.failed === 0)
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

function hasEnded({ phase, open }: GroupState): boolean {
  return phase === 'done' || (phase === 'streaming' && open === 0)
}

/** Of a group's exports, which do not change any more. */
function manifestsOf(state: RunState, group: GroupState): { readonly digests: Digest[]; readonly blobs: NewBlob[] } {
  const blobs = group.group.exports.map((source): NewBlob => {
    const column = columnOf(state, source)
    const bytes = columnManifest(column)
    const digest = sha256(bytes)
    column.manifestDigest = digest
    return { digest, sizeBytes: bytes.byteLength, content: bytes }
  })
  return { digests: blobs.map(blob => blob.digest), blobs }
}
