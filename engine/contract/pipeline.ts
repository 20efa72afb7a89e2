import type { Json } from '../base/canonical.ts'
import type { Diagnostic, Span } from '../base/diagnostic.ts'

/**
 * A pipeline file as read: shape checked against the schema, nothing resolved. Made by `engine/load`, used by
 * `engine/plan`; the two meet only here.
 */
export interface PipelineFile {
  /** Absolute path. */
  readonly path: string
  readonly name: string
  readonly description: string
  readonly params: ReadonlyMap<string, ParamDeclaration>
  readonly inputs: ReadonlyMap<string, InputDeclaration>
  /** Environment variables the file may read through `${env.NAME}`. */
  readonly env: readonly string[]
  readonly steps: ReadonlyMap<string, StepDeclaration>
  readonly outputs: ReadonlyMap<string, OutputDeclaration>
  /** Range of the value (or key) at a path of the parsed tree, for problems found later. */
  readonly locate: Locate
}

export type TreePath = readonly (string | number)[]

/** `at: 'key'` points at the key of a map entry; the nearest existing ancestor stands in for a missing node. */
export type Locate = (path: TreePath, at?: 'key' | 'value') => Span

export type ParamType = 'string' | 'number' | 'integer' | 'boolean' | 'path' | 'list' | 'map'

export interface ParamDeclaration {
  readonly name: string
  readonly type: ParamType
  /** Of the entries of a list or the values of a map. */
  readonly items: Exclude<ParamType, 'list' | 'map'> | undefined
  /** Undefined: must be given. A path literal in a file is relative to that file. */
  readonly default: Json | undefined
  readonly description: string
  readonly minimum: number | undefined
  readonly maximum: number | undefined
  readonly enum: readonly Json[] | undefined
}

export interface InputDeclaration {
  readonly name: string
  readonly kind: string
  readonly per: 'item' | 'collection'
  /** Feeds nothing when it is left out. */
  readonly optional?: true
}

export interface StepDeclaration {
  readonly id: string
  /** A node's name, or a path (starts with `.` or `/`, or ends in .yaml) of a pipeline used as a node. */
  readonly uses: string
  /** Raw tree with `${…}` references, not resolved. */
  readonly with: { readonly [param: string]: Json }
  readonly matrix: MatrixDeclaration | undefined
  readonly over: readonly string[]
  readonly in: ReadonlyMap<string, InputBinding>
  /** Runs the step on a part of the items. */
  readonly items: ItemSelection | undefined
  readonly join: 'exact' | 'inner' | 'left' | 'outer'
  /** Persist policy by output port, overriding the node's. */
  readonly store: { readonly [port: string]: 'always' | 'auto' | 'never' }
  /** As far as written; a step that uses a pipeline hands it to the steps inside. */
  readonly tolerance?: Partial<Tolerance>
}

/** What a step puts up with. Nothing of it changes a result, so nothing of it is in a key. */
export interface Tolerance {
  /** Further tries of a task that failed. Default 0. */
  readonly retries: number
  /** Longest time for one try of a task. Default: none. */
  readonly timeoutMs: number | undefined
  /** Failed items that do not stop the run. Default 0. */
  readonly maxFailures: number
}

export type MatrixDeclaration =
  | {
      readonly form: 'product'
      readonly axes: ReadonlyMap<string, Json>
      readonly where: readonly Condition[]
      readonly add: readonly Coordinates[]
    }
  | { readonly form: 'rows'; readonly rows: Json }
  | { readonly form: 'of'; readonly step: string }

/** Axis → the entry (scalar, or map with an id), raw. */
export type Coordinates = { readonly [axis: string]: Json }

/** Keeps the cells whose coordinate id on each named axis is one of the listed ids. */
export type Condition = { readonly [axis: string]: readonly string[] }

export interface InputBinding {
  /** Written as a list: the order matters. */
  readonly list: boolean
  readonly sources: readonly InputSource[]
}

export interface InputSource {
  /** `step.port`, or the bare name of one of the file's inputs. */
  readonly from: string
  readonly where: Condition
  readonly path: TreePath
}

/** `items: folds.valid` (a selection), or `items: { from: type.label, equals: astro }`. */
export interface ItemSelection {
  /** `step.port`, or the bare name of one of the file's inputs. */
  readonly from: string
  readonly equals: string | number | boolean | undefined
}

export interface OutputDeclaration {
  readonly name: string
  readonly from: string
  readonly where: Condition
}

/** Inputs that have to be fed: a pipeline that has some is made to be used by another one. */
export function requiredInputs({ inputs }: PipelineFile): readonly string[] {
  return [...inputs.values()].flatMap(({ name, optional }) => (optional ? [] : [name]))
}

/** What a loader returns: the file, or everything that is wrong with it. */
export type Loaded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Diagnostic[] }
