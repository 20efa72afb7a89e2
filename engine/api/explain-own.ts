import type { Json } from '../base/canonical.ts'
import type { Digest } from '../base/digest.ts'
import type { Cell, CellPort } from '../contract/graph.ts'
import type { Registry } from '../contract/registry.ts'
import type { CellRecord, Store, Wiring } from '../contract/store.ts'
import { type ChangedPart, compareRecipes, compareWiring, coordinatesOf, type RecipeParts } from '../report/why.ts'
import { filesPort, wiringOf } from '../run/record.ts'
import { columnOf, type GroupState, portAddress, type RunState } from '../run/state.ts'
import { itemChanges, manifestOf, pathChanges } from './explain-files.ts'

export interface Ground {
  readonly state: RunState
  readonly recipes: ReadonlyMap<Digest, string>
  readonly store: Store
  readonly registry: Registry
}

/** A cell as it is now, and what it belongs to. */
export interface CellNow {
  readonly cell: Cell
  readonly group: GroupState
  readonly node: string
  readonly join: string
}

/** The parts of a cell's key that differ from a record of it, whatever may have changed before it. */
export function ownChanges(
  ground: Ground,
  now: CellNow,
  record: CellRecord,
  item: string | undefined,
): readonly ChangedPart[] {
  const { store, state, recipes } = ground
  const { cell, join } = now
  const wiring = wiringOf(state, cell, join)
  const rewired = record.wiring === undefined ? [] : compareWiring(record.wiring, wiring)
  const earlier = store.recipes.get(record.recipe)
  const changes =
    earlier === undefined ? [] : compareRecipes(recipeParts(earlier), recipeParts(recipes.get(cell.recipe)!))
  return [
    ...changes.flatMap(change => refined(ground, now, record.wiring, wiring, change)),
    ...rewired.filter(change => change.what !== 'wiring' || !feedsEqual(ground, now, record, change.port)),
    ...fileItemChanges(ground, now, record, item),
  ]
}

/** Weights become those of the values that a port still has, digests the files behind them. */
function refined(
  ground: Ground,
  { node }: CellNow,
  before: Wiring | undefined,
  after: Wiring,
  change: ChangedPart,
): readonly ChangedPart[] {
  if (change.what !== 'param') return [change]
  const [name = '', ...rest] = change.path.split('.')
  const schema = ground.registry.nodes.get(node)?.params.properties[name]
  const port = schema?.['x-weights-of']
  if (port !== undefined && before !== undefined) return weightChanges(name, port, before, after, change)
  if (schema?.['x-path'] === undefined) return [change]
  return namedPaths(ground.store, name, rest, before, after, change)
}

function weightChanges(
  name: string,
  port: string,
  before: Wiring,
  after: Wiring,
  change: Extract<ChangedPart, { what: 'param' }>,
): readonly ChangedPart[] {
  const old = weightsBySource(before, port, change.before)
  const now = weightsBySource(after, port, change.after)
  const differing = [...now].filter(([source, weight]) => old.has(source) && old.get(source) !== weight)
  if (differing.length === 0) {
    // Only values that came or went: the wiring says so.
    return [...now.keys()].join() === [...old.keys()].join() ? [change] : []
  }
  const entry = sharedCoordinate(
    differing.map(([source]) => coordinatesOf(source)),
    [...now.keys()].map(coordinatesOf),
  )
  const [[source, weight] = ['', 1]] = differing
  if (entry === undefined) return [change]
  return [{ what: 'param', path: `${name}.${entry.join('.')}`, before: old.get(source), after: weight }]
}

function weightsBySource({ ports }: Wiring, port: string, weights: Json | undefined): ReadonlyMap<string, number> {
  const sources = ports.find(([name]) => name === port)?.[1] ?? []
  // Weights through a port are no numbers here: the value of that port has them.
  if (!Array.isArray(weights) || !weights.every(weight => typeof weight === 'number')) return new Map()
  return new Map(sources.map((source, i) => [source, weights[i] as number]))
}

/** The one axis=id that these, and no others of all, have. */
function sharedCoordinate(
  some: readonly { readonly [axis: string]: string }[],
  all: readonly { readonly [axis: string]: string }[],
): readonly [axis: string, id: string] | undefined {
  return Object.entries(some[0] ?? {}).find(
    ([axis, id]) => some.every(one => one[axis] === id) && all.filter(one => one[axis] === id).length === some.length,
  )
}

/** Another path is a changed parameter; the same path with another content a changed file. */
function namedPaths(
  store: Store,
  name: string,
  rest: readonly string[],
  before: Wiring | undefined,
  after: Wiring,
  change: Extract<ChangedPart, { what: 'param' }>,
): readonly ChangedPart[] {
  const start = [name, ...rest].join('.')
  const old = leaves(change.before, start)
  const now = leaves(change.after, start)
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((place): readonly ChangedPart[] => {
    const [from, to] = [before?.paths[place], after.paths[place]]
    const [oldDigest, digest] = [old.get(place), now.get(place)]
    if (oldDigest === digest) return []
    if (before !== undefined && from !== to) return [{ what: 'param', path: place, before: from, after: to }]
    return pathChanges(store, place, to ?? from ?? place, oldDigest, digest)
  })
}

function leaves(value: Json | undefined, place: string): ReadonlyMap<string, string> {
  if (value === undefined || value === null) return new Map()
  if (typeof value !== 'object') return new Map([[place, String(value)]])
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leaves(inner as Json, `${place}.${key}`)]))
}

/** A port fed by other cells with the very values it had: their names are not part of a key. */
function feedsEqual({ state }: Ground, { cell, group }: CellNow, record: CellRecord, port: string): boolean {
  const before = record.wiring?.ports.find(([name]) => name === port)?.[1] ?? []
  const sources = cell.inputs.find(input => input.port === port)?.sources ?? []
  const recorded = new Map(record.inputs)
  return (
    sources.length === before.length &&
    sources.every((source, i) => {
      const digest = wholeDigest(state, group, source)
      return digest !== undefined && digest === recorded.get(before[i]!)?.[0]
    })
  )
}

/** Digest of a value that is one for all items, if it is known. */
function wholeDigest(state: RunState, group: GroupState, source: CellPort): Digest | undefined {
  const external = group.group.externals.findIndex(one => one.cell === source.cell && one.port === source.port)
  const isWhole = external >= 0 && group.wire.externals[external]!.per === 'collection'
  return isWhole ? state.singles.get(`${source.cell}.${source.port}`) : undefined
}

function fileItemChanges(
  { state, store }: Ground,
  { cell, group }: CellNow,
  record: CellRecord,
  item: string | undefined,
): readonly ChangedPart[] {
  const files = state.files.byGroup.get(group.group.index)
  const before = manifestOf(store, new Map(record.inputs).get(filesPort)?.[0])
  if (files === undefined || before === undefined) return []
  const now = new Map(group.ids.map((id, i) => [id, files[i]!]))
  const [folder = ''] = Object.values(wiringOf(state, cell, '').paths)
  const changes = itemChanges(before, now, item, folder)
  const [place, was] = Object.entries(record.wiring?.paths ?? {})[0] ?? []
  if (changes.length === 0 || place === undefined || was === folder) return changes
  return [{ what: 'param', path: place, before: was, after: folder }, ...changes]
}

/** Digests of inputs that differ: they follow from something that changed before the cell. */
export function inputChanges(
  { state, store }: Ground,
  { cell, group }: CellNow,
  record: CellRecord,
  item: string | undefined,
): readonly (ChangedPart & { readonly what: 'input' })[] {
  const recorded = new Map(record.inputs)
  return cell.inputs.flatMap(({ port, sources }) =>
    sources.flatMap((source, i) => {
      const address = portAddress(state, source)
      const before = recorded.get(address)?.[0]
      const external = group.group.externals.findIndex(one => one.cell === source.cell && one.port === source.port)
      if (external < 0 || before === undefined) return []
      const perItem = group.wire.externals[external]!.per === 'item'
      if (perItem && item === undefined) return []
      const after = perItem ? itemDigest(state, source, item!) : wholeDigest(state, group, source)
      const old = perItem ? manifestOf(store, before)?.get(item!) : before
      if (after === undefined || after === old) return []
      const index = sources.length === 1 ? undefined : i
      return [{ what: 'input' as const, port, index, source: address, before: old, after }]
    }),
  )
}

/** Is the value that a cell reads the one it read when it was recorded? Undefined: not known before it is made. */
export function isSameInput(
  { state, store }: Ground,
  { group }: CellNow,
  record: CellRecord,
  source: CellPort,
  item: string | undefined,
): boolean {
  const before = new Map(record.inputs).get(portAddress(state, source))?.[0]
  if (before === undefined) return false
  const whole = wholeDigest(state, group, source)
  if (whole !== undefined) return whole === before
  if (item === undefined) return false
  const now = itemDigest(state, source, item)
  return now !== undefined && manifestOf(store, before)?.get(item) === now
}

function itemDigest(state: RunState, source: CellPort, item: string): Digest | undefined {
  if (!state.columns.has(`${source.cell}.${source.port}`)) return undefined
  const column = columnOf(state, source)
  return column.digests[column.ids.indexOf(item)]
}

/** Everything of a recipe, as it is stored. */
export function recipeParts(json: string): RecipeParts {
  const [, node, version, params, types, runtimes] = JSON.parse(json) as [
    string,
    string,
    number,
    Json,
    [string, Json[]][],
    [string, string][],
  ]
  return { node, version, params, types: Object.fromEntries(types), runtimes: Object.fromEntries(runtimes) }
}
