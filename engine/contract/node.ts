import type { Json } from '../base/canonical.ts'
import type { Digest } from '../base/digest.ts'
import type { Facets } from './kind.ts'
import type { CheckedFunction, PipelineFunction } from './pipeline-function.ts'

/**
 * What a node is to the engine. A node is one object in one file under `nodes/`, made with `defineNode`, listed in the
 * registry; nothing else is needed to add one.
 */

/** A bounded queue. `gpu` tasks run in inference worker processes, `cpu` and `io` tasks in worker threads. */
export type Lane = 'gpu' | 'cpu' | 'io'

/**
 * How a node relates to the item dimension.
 * - `item`: once per item.
 * - `collection`: once per cell; its `per: 'item'` inputs arrive as a `Collection`.
 * - `files`: makes items, one for each file of its `x-path: 'folder'` parameter; runs once per file.
 * - `scatter`: makes items from an index; runs once per cell and yields them.
 * - `split`: once per item; yields its children (tiles of an image), whose ids are `<item>/<child>`.
 * - `gather`: once per item; its `per: 'children'` inputs arrive as the `Collection` of the item's children.
 */
export type Mode = 'item' | 'collection' | 'files' | 'scatter' | 'split' | 'gather'

export interface InputPort {
  readonly description: string
  /** Accepted kinds. */
  readonly kind: string | readonly string[]
  readonly per: 'item' | 'collection' | 'children'
  /**
   * Absent: exactly one value. `folded`: the cells named by `over:`, in canonical coordinate order. `ordered`: the list
   * written under `in:`, in its order. Many values arrive as an array.
   */
  readonly many?: 'folded' | 'ordered'
  readonly optional?: true
  /** The values arrive as `StoredFile`, unread, instead of decoded. Only for ports per collection. */
  readonly as?: 'file'
  /** Many values of one port must have equal facets unless this is set (nodes that unite class lists set it). */
  readonly mixedFacets?: true
}

export interface OutputPort {
  readonly description: string
  readonly kind: string
  readonly per: 'item' | 'collection'
  /** `always`: row and blob. `auto`: row always, blob within the budget's share. `never`: row only. Default always. */
  readonly persist?: 'always' | 'auto' | 'never'
  /** Extension of the delivered file, for all cells of a step the same; default: the kind's. */
  readonly extension?: string | ((params: never) => string)
}

/**
 * JSON Schema of a node's `with:`: an object, closed, every property described. Beside the standard keywords:
 * - `x-path: 'file' | 'folder'`: a path, a list of paths or a map from names to paths; the node receives a `PathRef` for
 *   each, the key the digest of its content (and the names). `x-files: [globs]` narrows the files of a folder that count.
 * - `x-key: false`: not part of the key (the output does not depend on it).
 * - `x-weights-of: PORT`: written as a map axis → coordinate id → weight; the node receives one number above 0 for each
 *   value of that folded port, the product over its axes, missing = 1. Cells of weight 0 are not there: no folded input of
 *   the step has them, and nothing runs for them. With `x-key: false` only 0 means something, and the node receives ones.
 * - `x-port: PORT`: the value may come through this optional input instead. A step gives exactly one of the two, or none
 *   where the parameter is not required; the node finds the parameter missing when the port is fed. One with
 *   `x-weights-of` is then a list with the coordinates of each folded value, axis → id.
 * - `x-pipeline: true`: the path of a pipeline file that the node evaluates in memory (`pipeline-function.ts`). Its
 *   inputs are ports of the step beside the node's own; the key has what its steps do in the place of the path.
 * - `x-params-of: PARAM`: a map with values for parameters of that pipeline.
 * - `x-coordinates-of: PORT`: never written; the node receives a list with the coordinates of each value of that folded
 *   port, axis → id, for outputs that name them. They are part of the key.
 */
export interface ParamsSchema {
  readonly type: 'object'
  readonly additionalProperties: false
  readonly required?: readonly string[]
  readonly properties: { readonly [name: string]: ParamSchema }
}

export interface ParamSchema {
  readonly description: string
  readonly 'x-path'?: 'file' | 'folder'
  readonly 'x-files'?: readonly string[]
  readonly 'x-key'?: false
  readonly 'x-weights-of'?: string
  readonly 'x-port'?: string
  readonly 'x-pipeline'?: true
  readonly 'x-params-of'?: string
  readonly 'x-coordinates-of'?: string
  readonly [keyword: string]: unknown
}

/** A path parameter as a node receives it. */
export interface PathRef {
  /** Absolute. */
  readonly path: string
  /** sha256 of the file, or of the sorted list of (relative path, sha256) of a folder. */
  readonly sha256: Digest
}

/** All items of a per-item output, in item order; `items` can be walked more than once and decodes one at a time. */
export interface Collection<T = unknown> {
  readonly digest: Digest
  /** Every id, failed ones too, sorted by code unit. */
  readonly ids: readonly string[]
  /** Ids of items that failed upstream; empty unless the node accepts partial collections. */
  readonly failed: ReadonlySet<string>
  readonly items: AsyncIterable<{ readonly id: string; readonly value: T }>
}

/** A stored value that is not read into memory: what a node gets at a port with `as: 'file'`. */
export interface StoredFile {
  readonly kind: string
  readonly sha256: Digest
  /** A file with its bytes, verified, only to be read; it is there while the worker lives. */
  readonly path: () => string
}

/** The file behind an item of a `files` node; arrives as `inputs.file`. */
export interface ItemFile {
  /** Absolute. */
  readonly path: string
  readonly sha256: Digest
  readonly sizeBytes: number
}

export interface RunContext {
  /** The item's id; set only if the node declares `usesItemId` (it is then part of the key). */
  readonly itemId: string | undefined
  /** Output ports somebody needs now; a node may skip the work of the others and leave them out of its result. */
  readonly wanted: ReadonlySet<string>
  /** `cpu`, `cuda:0`, … */
  readonly device: string
  /** Static types of the input values by port, as a check sees them; a list for `many` ports. They are part of the key. */
  readonly inputTypes: { readonly [port: string]: readonly Facets[] }
  readonly signal: AbortSignal
  /** Where the file with this content is on this machine (source files of the item travel beside its values). */
  readonly sourcePath: (sha256: Digest) => string
  /** A fresh path in the store's scratch folder; give it back as a `file` value or it is removed. */
  readonly scratchFile: (extension: string) => string
  /** What the worker should hold at most; absent: no limit. Sessions are kept open and given room accordingly. */
  readonly memoryBytes?: number
  /** One thing per worker and name (a session pool), opened on first use, closed when the worker drains. */
  readonly resource: <T extends Closable>(name: string, open: () => Promise<T>) => Promise<T>
  /** Counts views inferred: one backbone or one single-graph run on one image each. */
  readonly inferred: (views: number) => void
  /** A remark for the run's event stream (a box was dropped, a class has no ground truth). */
  readonly note: (message: string) => void
  /** The pipeline behind an `x-pipeline` parameter, fed with the values at the ports of this task. */
  readonly pipeline: (param: string) => Promise<PipelineFunction>
}

export interface Closable {
  close: () => Promise<void>
}

/** What a node may ask while a pipeline is checked; nothing is run. */
export interface CheckContext {
  /** Static types of the input values; a list for `many` ports. Absent optional ports are missing. */
  readonly inputs: { readonly [port: string]: readonly Facets[] }
  readonly device: string
  /** What the user allowed for this pipeline, beside what every pipeline may do. */
  readonly permits: Permits
  /** Output ports that steps or outputs of the same file, or targets, refer to. */
  readonly used: ReadonlySet<string>
  readonly readFile: (path: string) => Uint8Array
  /** Runs `compute` once for this content and remembers the JSON in the store (ONNX signatures, big indexes). */
  readonly memo: <T extends Json>(name: string, sha256: Digest, compute: () => T | Promise<T>) => Promise<T>
  /** Says what cannot be checked before another step has run; the node checks it then. */
  readonly deferred: (what: string) => void
  /** Reports a problem at a parameter or an input of the step. */
  readonly problem: (problem: CheckProblem) => void
  /** The pipelines behind `x-pipeline` parameters. */
  readonly pipelines: { readonly [param: string]: CheckedFunction }
  /** Static types of all selections that items went through on their way to a port (`items: folds.valid`). */
  readonly selectedBy: (port: string) => readonly Facets[]
}

export interface Permits {
  /** May run programs. */
  readonly commands: boolean
}

export interface CheckProblem {
  /** One of `codes.ts`; default `bad-content`. */
  readonly code?: string
  readonly message: string
  readonly fix?: string
  readonly param?: string
  /** Leads into the value of `param`. */
  readonly path?: readonly (string | number)[]
  readonly input?: string
}

export type Values = { readonly [port: string]: unknown }

export interface NodeDefinition {
  /** `family/name`, as written in `uses:`. */
  readonly name: string
  /** Bumped by hand whenever outputs change for the same inputs. */
  readonly version: number
  readonly description: string
  readonly mode: Mode
  readonly lane: Lane
  readonly params: ParamsSchema
  readonly inputs: { readonly [port: string]: InputPort }
  readonly outputs: { readonly [port: string]: OutputPort }
  /** Names of runtimes (in the registry) whose version is part of the key: `onnxruntime`, `sharp`. */
  readonly runtimes?: readonly string[]
  readonly usesItemId?: true
  /**
   * Item nodes: up to `max` items can be run at once with `runBatch`, and the results are, bit for bit, those of `run`
   * (`bitStable`), so that the size of a batch is not part of the key. `batchProblems` tests the declaration.
   */
  readonly batch?: { readonly max: number; readonly bitStable: true }
  /** Views inferred by one run of the node, for the forecast of `plan`; what happened is counted by `inferred`. */
  readonly inferencesPerTask?: number
  /** Collection nodes: may the collection have failed items? Default `refuse`. */
  readonly partial?: 'refuse' | 'accept'
  /** A complete step, as YAML, that the documentation shows and a test checks. */
  readonly example: string
  /** Facets of each output; an output left out takes the empty facets. */
  readonly types?: (
    params: never,
    context: CheckContext,
  ) => { readonly [port: string]: Facets } | Promise<{ readonly [port: string]: Facets }>
  readonly run: (
    inputs: never,
    params: never,
    context: RunContext,
  ) => Values | Promise<Values> | AsyncIterable<{ readonly id: string; readonly outputs: Values }>
  /**
   * Collection nodes that work item by item: `of` makes a part of the values of one item (values for all items beside
   * them), `reduce` the outputs of all parts. `run` gives the same; a function of a pipeline keeps the parts of items
   * that did not change, and may count an item several times.
   */
  readonly parts?: NodeParts
  /** One result for each of the inputs, in their order; together with `batch`. If it fails, `run` is used instead. */
  readonly runBatch?: (inputs: never, params: never, contexts: readonly RunContext[]) => Promise<readonly Values[]>
}

export interface NodeParts {
  readonly of: (item: { readonly id: string; readonly values: Values }, params: never, context: RunContext) => unknown
  readonly reduce: (parts: readonly unknown[], params: never, context: RunContext) => Values | Promise<Values>
}

/** Keeps a node's own parameter and input types inside its file and hands the engine the plain object. */
export function defineNode<Params, Inputs>(
  definition: Omit<NodeDefinition, 'run' | 'runBatch' | 'types'> & {
    types?: (
      params: Params,
      context: CheckContext,
    ) => { readonly [port: string]: Facets } | Promise<{ readonly [port: string]: Facets }>
    run: (
      inputs: Inputs,
      params: Params,
      context: RunContext,
    ) => Values | Promise<Values> | AsyncIterable<{ readonly id: string; readonly outputs: Values }>
    runBatch?: (
      inputs: readonly Inputs[],
      params: Params,
      contexts: readonly RunContext[],
    ) => Promise<readonly Values[]>
  },
): NodeDefinition {
  return definition as unknown as NodeDefinition
}
