import { canonical, type Json } from '../base/canonical.ts'
import { compareText } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import type { Wiring } from '../contract/store.ts'

/**
 * The structured answer to `why`: what became of a cell, and which parts of its key differ from the newest earlier run
 * of the same pipeline. Made from two recipes and two lists of input digests; printed by `why-text.ts` or as JSON.
 */
export interface WhyReport {
  /** Of the cell: `leaf/propose[flip=none,model=L1]`. */
  readonly address: string
  readonly item: string | undefined
  /** `gone`: the item is not among those of the step any more. */
  readonly verdict: 'hit' | 'run' | 'maybe' | 'rebuild' | 'gone'
  /** The run it is compared with; undefined if this cell was never run before. */
  readonly before: { readonly runId: string; readonly startedMs: number | undefined } | undefined
  readonly changes: readonly Change[]
}

/** A place in a file, line and column from 1; or what it is outside of files (`--set iou`). */
export type Where = { readonly file: string; readonly line: number; readonly column: number } | string

/** A part that differs, where it is written now, and what would make the cell a hit again. */
export type Change = ChangedPart & { readonly at?: Where | undefined; readonly fix?: string | undefined }

export type ChangedPart =
  | { readonly what: 'node'; readonly before: string; readonly after: string }
  | { readonly what: 'version'; readonly before: number; readonly after: number }
  | {
      readonly what: 'param'
      readonly path: string
      readonly before: Json | undefined
      readonly after: Json | undefined
    }
  | {
      readonly what: 'runtime'
      readonly name: string
      readonly before: string | undefined
      readonly after: string | undefined
    }
  | {
      readonly what: 'input'
      readonly port: string
      /** Position in the port's list of values; undefined when the port holds one. */
      readonly index: number | undefined
      /** Address of the cell the value comes from, if known. */
      readonly source: string | undefined
      readonly before: Digest | undefined
      readonly after: Digest | undefined
    }
  /** The content of a file: of a parameter, of a folder of one (a model), or of an item. No digest: it was, or is, not there. */
  | {
      readonly what: 'file'
      readonly path: string
      readonly param: string | undefined
      readonly item: string | undefined
      readonly before: Digest | undefined
      readonly after: Digest | undefined
    }
  /** More of the items' files differ than are named. */
  | { readonly what: 'items'; readonly changed: number; readonly added: number; readonly removed: number }
  /** Static types (class lists) of the values of a port. */
  | { readonly what: 'types'; readonly port: string; readonly text: string }
  /** A port is fed by other cells, or by the same in another order. */
  | {
      readonly what: 'wiring'
      readonly port: string
      readonly added: readonly string[]
      readonly removed: readonly string[]
      /** The axis with an id that there was not, or is no longer. */
      readonly axis?: string
    }
  | { readonly what: 'join'; readonly before: string; readonly after: string }
  /** What chooses the items of the step. */
  | { readonly what: 'selection'; readonly before: string; readonly after: string }
  /** The step had other cells: this one has a new coordinate, or other axes. */
  | { readonly what: 'cell'; readonly coordinates: string; readonly before: readonly string[] }
  /** It failed in the newest run. */
  | { readonly what: 'failed'; readonly runId: string; readonly message: string }
  /** Nothing of its own changed, but this did, of a cell before it. */
  | { readonly what: 'upstream'; readonly address: string; readonly change: Change }
  /** Known, but the bytes of this output are gone. */
  | { readonly what: 'lost'; readonly port: string }
  /** Known, but a value that is never stored is needed by this cell. */
  | { readonly what: 'needed'; readonly by: string }

/** Everything of a key but its inputs. */
export interface RecipeParts {
  readonly node: string
  readonly version: number
  readonly params: Json
  /** By input port; a port whose types say nothing is left out. */
  readonly types?: { readonly [port: string]: readonly Json[] }
  readonly runtimes: { readonly [name: string]: string }
}

/** Digests of a cell's inputs by port, in the order of the port's values; `sources` are addresses, aligned with them. */
export interface PortDigests {
  readonly port: string
  readonly digests: readonly Digest[]
  readonly sources?: readonly string[]
}

export function compareRecipes(before: RecipeParts, after: RecipeParts): Change[] {
  const changes: Change[] = []
  if (before.node !== after.node) changes.push({ what: 'node', before: before.node, after: after.node })
  if (before.version !== after.version) {
    changes.push({ what: 'version', before: before.version, after: after.version })
  }
  compareParams('', before.params, after.params, changes)
  const [oldTypes, newTypes] = [before.types ?? {}, after.types ?? {}]
  for (const port of unionOfKeys(oldTypes, newTypes)) {
    const [old, now] = [own(oldTypes, port) ?? [], own(newTypes, port) ?? []]
    if (canonical(old) !== canonical(now)) changes.push({ what: 'types', port, text: typesText(old, now) })
  }
  for (const name of unionOfKeys(before.runtimes, after.runtimes)) {
    const [old, now] = [own(before.runtimes, name), own(after.runtimes, name)]
    if (old !== now) changes.push({ what: 'runtime', name, before: old, after: now })
  }
  return changes
}

/** The first difference inside two lists of types, in words. */
function typesText(before: readonly Json[], after: readonly Json[]): string {
  const changes: Change[] = []
  const longest = Math.max(before.length, after.length)
  for (let i = 0; i < longest; i++) compareParams('', before[i], after[i], changes)
  const [first] = changes
  if (first?.what !== 'param') return 'they differ'
  const { path, before: old, after: now } = first
  const order = Array.isArray(old) && Array.isArray(now) && sortedText(old) === sortedText(now) ? 'order of ' : ''
  return `${order}${path === '' ? 'type' : path}: ${shortJson(old)} → ${shortJson(now)}`
}

function sortedText(list: readonly Json[]): string {
  return list.map(canonical).sort().join()
}

function shortJson(value: Json | undefined): string {
  const text = value === undefined ? 'none' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** Ports fed otherwise than before; the order counts where it is written (`ordered`). */
export function compareWiring(before: Wiring, after: Wiring): Change[] {
  const changes: Change[] = []
  const [old, now] = [new Map(before.ports), new Map(after.ports)]
  for (const port of [...new Set([...old.keys(), ...now.keys()])].sort(compareText)) {
    const [a, b] = [old.get(port) ?? [], now.get(port) ?? []]
    if (a.join('\n') === b.join('\n')) continue
    const added = b.filter(source => !a.includes(source))
    const removed = a.filter(source => !b.includes(source))
    const reordered = added.length === 0 && removed.length === 0
    const axis = newAxis(added[0], a) ?? newAxis(removed[0], b)
    const sources = { added: reordered ? b : added, removed: reordered ? a : removed }
    changes.push({ what: 'wiring', port, ...sources, ...(axis === undefined ? {} : { axis }) })
  }
  if (before.join !== after.join) changes.push({ what: 'join', before: before.join, after: after.join })
  const [chosen, choice] = [selectText(before), selectText(after)]
  if (chosen !== choice) changes.push({ what: 'selection', before: chosen, after: choice })
  return changes
}

/** The axis on which no other cell of the step has the id of this one. */
function newAxis(source: string | undefined, others: readonly string[]): string | undefined {
  if (source === undefined) return undefined
  const step = source.slice(0, source.indexOf('['))
  const same = others.filter(other => other.startsWith(`${step}[`)).map(coordinatesOf)
  const ids = Object.entries(coordinatesOf(source))
  return same.length === 0 ? undefined : ids.find(([axis, id]) => same.every(other => other[axis] !== id))?.[0]
}

/** `{ flip: 'none' }` of `leaf/propose[flip=none]`. */
export function coordinatesOf(address: string): { readonly [axis: string]: string } {
  const bracket = address.indexOf('[')
  if (bracket < 0) return {}
  const pairs = address.slice(bracket + 1, address.lastIndexOf(']')).split(',')
  return Object.fromEntries(pairs.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

function selectText({ selects }: Wiring): string {
  const texts = selects.map(([source, equals]) => (equals === null ? source : `${source} = ${equals}`))
  return texts.length === 0 ? 'all items' : texts.join(', ')
}

/** Values are compared by position, as keys do. */
export function compareInputs(before: readonly PortDigests[], after: readonly PortDigests[]): Change[] {
  const old = new Map(before.map(port => [port.port, port]))
  const now = new Map(after.map(port => [port.port, port]))
  const changes: Change[] = []
  for (const port of [...new Set([...old.keys(), ...now.keys()])].sort(compareText)) {
    const [a, b] = [old.get(port), now.get(port)]
    const length = Math.max(a?.digests.length ?? 0, b?.digests.length ?? 0)
    for (let index = 0; index < length; index++) {
      const [oldDigest, newDigest] = [a?.digests[index], b?.digests[index]]
      if (oldDigest === newDigest) continue
      changes.push({
        what: 'input',
        port,
        index: length === 1 ? undefined : index,
        source: b?.sources?.[index] ?? a?.sources?.[index],
        before: oldDigest,
        after: newDigest,
      })
    }
  }
  return changes
}

/** Maps are compared entry by entry (`weights.model.L1`), everything else as a whole. */
function compareParams(path: string, before: Json | undefined, after: Json | undefined, changes: Change[]): void {
  if (isMap(before) && isMap(after)) {
    for (const key of unionOfKeys(before, after)) {
      compareParams(path === '' ? key : `${path}.${key}`, own(before, key), own(after, key), changes)
    }
    return
  }
  const same = before === undefined || after === undefined ? before === after : canonical(before) === canonical(after)
  if (!same) changes.push({ what: 'param', path, before, after })
}

function isMap(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Users name the entries: `toString` is a key like any other. */
function own<T>(map: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

function unionOfKeys(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort(compareText)
}
