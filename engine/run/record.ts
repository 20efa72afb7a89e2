import type { Json } from '../base/canonical.ts'
import { type Digest, recordDigest, sha256 } from '../base/digest.ts'
import { decodeManifest, encodeManifest } from '../base/manifest.ts'
import type { Cell, CellPort, Graph } from '../contract/graph.ts'
import type { Store, Wiring } from '../contract/store.ts'
import { columnDigest } from './columns.ts'
import { type GroupState, portAddress, portName, type RunState } from './state.ts'

/**
 * Notes how each cell of a finished group was keyed: its recipe, the digests its group read and made, what fed it and
 * where its files were. `why` and `plan` compare the next run with it; with the manifests behind the digests they get
 * down to single items.
 */
export function recordCells(state: RunState, group: GroupState, store: Store, runId: string): void {
  if (group.failed > 0) return
  const inputs = group.group.externals.map(source => [portAddress(state, source), [digestOf(state, source)]] as const)
  const outputs = new Map(group.group.exports.map(source => [portName(source), digestOf(state, source)]))
  const files = fileManifest(state, group, store)
  for (const task of group.wire.tasks) {
    const own: { [port: string]: Digest } = {}
    for (const { port } of task.outputs) {
      const digest = outputs.get(`${task.cell}.${port}`)
      if (digest !== undefined) own[port] = digest
    }
    const { cell, join } = cellsOf(state.graph).get(task.cell)!
    store.runs.cell(runId, {
      address: task.address,
      recipe: task.recipe,
      inputs: [...inputs, ...(files === undefined ? [] : [[filesPort, [files]] as const])],
      outputs: own,
      wiring: wiringOf(state, cell, join),
    })
  }
}

type Joins = ReadonlyMap<number, { readonly cell: Cell; readonly join: string }>

const known = new WeakMap<Graph, Joins>()

/** By index; a search for each cell would be quadratic. */
function cellsOf(graph: Graph): Joins {
  const cells =
    known.get(graph) ??
    new Map(graph.steps.flatMap(({ cells, join }) => cells.map(cell => [cell.index, { cell, join }] as const)))
  known.set(graph, cells)
  return cells
}

/** What feeds a cell now, in the form in which it is recorded. */
export function wiringOf(state: RunState, cell: Cell, join: string): Wiring {
  const address = (source: CellPort) => portAddress(state, source)
  return {
    ports: cell.inputs.map(({ port, sources }) => [port, sources.map(address)]),
    selects: cell.selects.map(({ source, equals }) => [address(source), equals ?? null]),
    join,
    paths: Object.fromEntries(pathRefs(cell.params, '')),
  }
}

/** Paths among resolved parameters: they stand there with the digest of their content. */
function pathRefs(value: Json, place: string): readonly (readonly [place: string, path: string])[] {
  if (value === null || typeof value !== 'object') return []
  const map = value as { readonly [key: string]: Json }
  const { path, sha256: digest } = map
  if (typeof path === 'string' && typeof digest === 'string' && Object.keys(map).length === 2) return [[place, path]]
  return Object.entries(map).flatMap(([key, inner]) => pathRefs(inner, place === '' ? key : `${place}.${key}`))
}

/** The input under which the files of a `files` cell are recorded. */
export const filesPort = 'files'

/** Digest of the stored list of a group's files, id → sha256 of the file; undefined if its items are not files. */
function fileManifest(state: RunState, group: GroupState, store: Store): Digest | undefined {
  const files = state.files.byGroup.get(group.group.index)
  if (files === undefined || group.key === undefined) return undefined
  const key = recordDigest('maskloom.file-manifest.1', [group.key])
  const stored = store.task(key)?.outputs[filesPort]
  if (stored !== undefined && store.has(stored)) return stored
  const bytes = encodeManifest({ ids: group.ids, digests: files.map(file => file.sha256) })
  const digest = sha256(bytes)
  const { recipe } = group.wire.tasks[0]!
  const blobs = [{ digest, sizeBytes: bytes.byteLength, content: bytes }]
  store.commit([{ key, recipe, outputs: { [filesPort]: digest }, durationMs: 0, blobs }])
  return digest
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
