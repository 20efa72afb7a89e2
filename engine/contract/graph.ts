import type { Json } from '../base/canonical.ts'
import type { Span } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import type { Facets } from './kind.ts'
import type { Lane, Mode } from './node.ts'
import type { Tolerance } from './pipeline.ts'

/**
 * A pipeline after everything that can be known without running it: sub-pipelines inlined, references resolved, cells
 * spelled out, types checked. Plain data, so a group can be sent to a worker as it is.
 */
export interface Graph {
  readonly name: string
  /** Of the root pipeline file. */
  readonly path: string
  /** In topological order. */
  readonly steps: readonly Step[]
  /** In topological order. */
  readonly groups: readonly Group[]
  readonly outputs: readonly GraphOutput[]
}

export interface Step {
  readonly index: number
  /** `propose`, or `leaf/propose` inside a pipeline used as a node. */
  readonly id: string
  readonly node: string
  readonly mode: Mode
  readonly lane: Lane
  readonly at: Span
  readonly axes: readonly Axis[]
  readonly cells: readonly Cell[]
  readonly join: 'exact' | 'inner' | 'left' | 'outer'
  readonly outputs: readonly StepOutput[]
  /** Absent: no failure is tolerated, nothing is tried twice. */
  readonly tolerance?: Tolerance
}

export interface StepOutput {
  readonly port: string
  readonly kind: string
  readonly per: 'item' | 'collection'
  readonly persist: 'always' | 'auto' | 'never' | 'transient'
  readonly extension: string
}

export interface Axis {
  readonly name: string
  /** Sorted by id, by code unit: the canonical order of every fold. */
  readonly entries: readonly { readonly id: string; readonly value: Json }[]
}

export interface Cell {
  /** Position among all cells of the graph: the name of a cell inside keys' bookkeeping, never inside keys. */
  readonly index: number
  readonly step: number
  readonly coordinates: { readonly [axis: string]: string }
  /** `leaf/propose[flip=none,model=L1,scale=208]`; the step's id if it has no axes. */
  readonly address: string
  /** Defaults filled in, references resolved, paths as `PathRef`, weights as one number for each folded value. */
  readonly params: Json
  /** Digest of (node, version, params that count, runtimes): everything of a key but its inputs. */
  readonly recipe: Digest
  readonly inputs: readonly CellInput[]
  /** The step runs only on items that all of these choose. */
  readonly selects: readonly Selection[]
  /** Static types of the values at each input port. */
  readonly inputTypes: { readonly [port: string]: readonly Facets[] }
  /** Static types by output port. */
  readonly facets: { readonly [port: string]: Facets }
  readonly group: number
}

/** `equals` undefined: a value that lists ids. Otherwise: a value per item, chosen where its text is this. */
export interface Selection {
  readonly source: CellPort
  readonly equals: string | undefined
}

export interface CellInput {
  readonly port: string
  readonly per: 'item' | 'collection' | 'children'
  readonly many: boolean
  readonly sources: readonly CellPort[]
}

export interface CellPort {
  readonly cell: number
  readonly port: string
}

/**
 * What is dispatched together. `items`: tasks of one item that run in one worker, in one go: a segment (tasks that hang
 * together through transient values, and the per-item steps fed only by them) or a chain of per-item steps. Any
 * other form: one cell of a step with that mode.
 */
export interface Group {
  readonly index: number
  readonly form: 'items' | Exclude<Mode, 'item'>
  readonly lane: Lane
  /** Cells in topological order. */
  readonly cells: readonly number[]
  /** Of all its cells. */
  readonly selects: readonly Selection[]
  /** Ports of other groups that its tasks read, without repeats. */
  readonly externals: readonly CellPort[]
  /** Its ports that other groups read or that are delivered. */
  readonly exports: readonly CellPort[]
}

export interface GraphOutput {
  readonly name: string
  readonly source: CellPort
  /** Sub-folder by cell address when the output has several cells. */
  readonly cells: readonly CellPort[]
  readonly at: Span
}
