import { canonical, type Json } from '../base/canonical.ts'
import { compareText } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'

/**
 * The structured answer to `why`: what became of a cell, and which parts of its key differ from the newest earlier run
 * of the same pipeline. Made from two recipes and two lists of input digests; printed by `why-text.ts` or as JSON.
 */
export interface WhyReport {
  /** Of the cell: `leaf/propose[flip=none,model=L1]`. */
  readonly address: string
  readonly item: string | undefined
  readonly verdict: 'hit' | 'run' | 'maybe' | 'rebuild'
  /** The run it is compared with; undefined if this cell was never run before. */
  readonly before: { readonly runId: string; readonly startedMs: number | undefined } | undefined
  readonly changes: readonly Change[]
}

export type Change =
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
  for (const name of unionOfKeys(before.runtimes, after.runtimes)) {
    const [old, now] = [own(before.runtimes, name), own(after.runtimes, name)]
    if (old !== now) changes.push({ what: 'runtime', name, before: old, after: now })
  }
  return changes
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
