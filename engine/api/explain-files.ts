import { join } from 'node:path'
import type { Digest } from '../base/digest.ts'
import { decodeManifest } from '../base/manifest.ts'
import type { Store } from '../contract/store.ts'
import { listingName } from '../plan/path-param.ts'
import type { ChangedPart } from '../report/why.ts'

/**
 * What differs behind a path parameter whose content changed: the file itself, or files of its folder, with both
 * digests. A folder whose earlier files are not remembered is named as a whole.
 */
export function pathChanges(
  store: Store,
  param: string,
  path: string,
  before: Digest | undefined,
  after: Digest | undefined,
): readonly ChangedPart[] {
  const [old, now] = [listingOf(store, before), listingOf(store, after)]
  if (old === undefined || now === undefined) return [{ what: 'file', path, param, item: undefined, before, after }]
  const names = [...new Set([...old.keys(), ...now.keys()])].sort()
  return names
    .filter(name => old.get(name) !== now.get(name))
    .map(name => ({
      what: 'file',
      path: join(path, name),
      param,
      item: undefined,
      before: old.get(name),
      after: now.get(name),
    }))
}

function listingOf(store: Store, folder: Digest | undefined): ReadonlyMap<string, Digest> | undefined {
  const json = folder === undefined ? undefined : store.memo.get(listingName(folder))
  return json === undefined ? undefined : new Map(JSON.parse(json) as [string, Digest][])
}

const filesNamed = 20

/** Items of a `files` cell: those whose file was replaced, came or went; of one item if it is named. */
export function itemChanges(
  before: ReadonlyMap<string, Digest>,
  now: ReadonlyMap<string, { readonly path: string; readonly sha256: Digest }>,
  item: string | undefined,
  folder: string,
): readonly ChangedPart[] {
  const ids = item === undefined ? [...new Set([...before.keys(), ...now.keys()])].sort() : [item]
  const differing = ids.filter(id => before.get(id) !== now.get(id)?.sha256)
  const named = differing.slice(0, filesNamed).map(
    (id): ChangedPart => ({
      what: 'file',
      path: now.get(id)?.path ?? join(folder, id),
      param: undefined,
      item: id,
      before: before.get(id),
      after: now.get(id)?.sha256,
    }),
  )
  const rest = differing.slice(filesNamed)
  if (rest.length === 0) return named
  const added = rest.filter(id => !before.has(id)).length
  const removed = rest.filter(id => !now.has(id)).length
  return [...named, { what: 'items', changed: rest.length, added, removed }]
}

/** A stored list of items: id → digest; undefined if it is gone. */
export function manifestOf(store: Store, digest: Digest | undefined): ReadonlyMap<string, Digest> | undefined {
  const bytes = digest === undefined ? undefined : store.read(digest)
  if (bytes === undefined) return undefined
  const { ids, digests } = decodeManifest(bytes)
  return new Map(ids.flatMap((id, i) => (digests[i] === undefined ? [] : [[id, digests[i]] as const])))
}
