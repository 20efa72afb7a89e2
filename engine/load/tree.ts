import type { Json } from '../base/canonical.ts'

/** Offsets in the text, `end` exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

/**
 * A YAML value with its places. Aliases share the tree of their anchor, so trees form a graph without cycles; what
 * merge keys bring in keeps the places of its definition.
 */
export interface Tree {
  readonly json: Json
  /** By key of a map or index of a list; empty for scalars. */
  readonly children: ReadonlyMap<string | number, Child>
  /** Values in it, itself included, aliases counted as often as they are used. */
  readonly size: number
  /** Levels of lists and maps in it. */
  readonly height: number
  /** Stands for something that could not be read and was reported: nothing more is said about its value. */
  readonly unreadable: boolean
}

export interface Child {
  readonly tree: Tree
  /** Absent for entries of lists. */
  readonly key: Range | undefined
  /** Where the value is used: for an alias the alias, not the anchor. */
  readonly value: Range
}

export function scalarTree(json: Json): Tree {
  return { json, children: new Map(), size: 1, height: 0, unreadable: false }
}

export function unreadableTree(): Tree {
  return { json: null, children: new Map(), size: 1, height: 0, unreadable: true }
}

export function listTree(children: readonly Child[]): Tree {
  return {
    json: children.map(child => child.tree.json),
    children: new Map(children.entries()),
    size: sizeOf(children),
    height: heightOf(children),
    unreadable: false,
  }
}

export function mapTree(children: ReadonlyMap<string, Child>): Tree {
  return {
    json: Object.fromEntries([...children].map(([key, child]) => [key, child.tree.json])),
    children,
    size: sizeOf([...children.values()]),
    height: heightOf([...children.values()]),
    unreadable: false,
  }
}

function sizeOf(children: readonly Child[]): number {
  return children.reduce((sum, child) => sum + child.tree.size, 1)
}

function heightOf(children: readonly Child[]): number {
  return children.reduce((highest, child) => Math.max(highest, child.tree.height), 0) + 1
}
