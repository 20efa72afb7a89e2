import type { Json } from '../base/canonical.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import type { Digest, Key } from '../base/digest.ts'
import type { Cell, Graph, Group } from '../contract/graph.ts'
import type { ItemFile } from '../contract/node.ts'
import type { NewBlob } from '../contract/store.ts'
import type { AttemptRules } from './task-attempts.ts'

/**
 * What travels between the run and its workers. A group is sent once; a unit names it and adds the digests of one item.
 * Everything is plain data: it survives a process boundary as it is.
 */
export interface WireGroup {
  readonly index: number
  readonly form: Group['form']
  readonly tasks: readonly WireTask[]
  readonly externals: readonly WireExternal[]
  readonly exports: readonly { readonly task: number; readonly port: string }[]
}

export interface WireTask {
  readonly cell: number
  readonly address: string
  readonly node: string
  readonly params: Json
  readonly recipe: Digest
  readonly inputTypes: Cell['inputTypes']
  readonly inputs: readonly WireInput[]
  readonly outputs: readonly {
    readonly port: string
    readonly kind: string
    readonly persist: 'always' | 'auto' | 'never' | 'transient'
  }[]
  /** Absent: one try, without a limit. */
  readonly rules?: AttemptRules
}

export interface WireInput {
  readonly port: string
  readonly per: 'item' | 'collection' | 'children'
  readonly many: boolean
  readonly sources: readonly WireSource[]
}

export type WireSource = { readonly task: number; readonly port: string } | { readonly external: number }

export interface WireExternal {
  readonly kind: string
  readonly per: 'item' | 'collection'
  /** Feeds a gathering node: the unit gets the collection of its item's children. */
  readonly children: boolean
}

export interface Unit {
  readonly id: number
  readonly group: number
  readonly item: string | undefined
  /** Of the group's externals: a value's digest, or a collection's for per-item inputs of a collection node. */
  readonly externals: readonly Digest[]
  /** Exports whose value is wanted although their digest is known: their blob was lost. */
  readonly wantValues: readonly number[]
  /** Tasks that run although they are known (`--force`). */
  readonly forced: readonly number[]
  /** The file behind an item of a `files` node. */
  readonly file: ItemFile | undefined
  /** Manifests made for this unit alone: digest → bytes. */
  readonly manifests: readonly (readonly [digest: Digest, bytes: Uint8Array])[]
  /** Where this item's source files are: content digest → absolute path. */
  readonly sourcePaths: readonly (readonly [sha256: Digest, path: string])[]
}

/** What one executed task has to store and to tell. */
export interface TaskOutcome {
  readonly task: number
  /** One item of a scatter task that is still going: stored, not counted. */
  readonly partial: boolean
  readonly key: Key
  readonly outputs: { readonly [port: string]: Digest }
  readonly blobs: readonly NewBlob[]
  readonly rebuilt: boolean
  /** Ports whose digest differs from the one known for this key. */
  readonly unstable: readonly string[]
  readonly durationMs: number
  readonly inferences: number
}

export type ExportResult =
  | { readonly state: 'known'; readonly digest: Digest }
  | { readonly state: 'failed'; readonly task: number }

export interface UnitResult {
  readonly exports: readonly ExportResult[]
  /** Tasks found in the cache. */
  readonly hits: readonly number[]
  readonly failures: readonly { readonly task: number; readonly problem: Diagnostic }[]
  /** Tasks that did not run because one before them failed. */
  readonly skipped: readonly number[]
  /** An input whose blob is gone: it must be made again before this unit can run. */
  readonly lost: { readonly external: number; readonly item: string | undefined } | undefined
  readonly memory: MemoryUse
}

/** How a unit got along with the memory it had. */
export interface MemoryUse {
  /** Bytes of transient values in memory at the worst moment. */
  readonly peakTransientBytes: number
  /** Transient values that waited in files, and their bytes. */
  readonly spilled: number
  readonly spilledBytes: number
  /** Transient values that were dropped although somebody still had to read them. */
  readonly dropped: number
}

export function wireGroup(graph: Graph, group: Group): WireGroup {
  const cells = graph.steps.flatMap(step => step.cells.map(cell => ({ cell, step })))
  const byIndex = new Map(cells.map(entry => [entry.cell.index, entry]))
  const taskOf = new Map(group.cells.map((cell, task) => [cell, task]))
  const externalOf = new Map(group.externals.map((source, i) => [`${source.cell}.${source.port}`, i]))
  const tasks = group.cells.map(index => {
    const { cell, step } = byIndex.get(index)!
    return {
      cell: index,
      address: cell.address,
      node: step.node,
      params: cell.params,
      recipe: cell.recipe,
      inputTypes: cell.inputTypes,
      inputs: cell.inputs.map(input => ({
        ...input,
        sources: input.sources.map(source => {
          const task = taskOf.get(source.cell)
          return task === undefined
            ? { external: externalOf.get(`${source.cell}.${source.port}`)! }
            : { task, port: source.port }
        }),
      })),
      outputs: step.outputs.map(({ port, kind, persist }) => ({ port, kind, persist })),
      ...(step.tolerance === undefined ? {} : { rules: step.tolerance }),
    }
  })
  const gathered = new Set(
    group.cells.flatMap(index =>
      byIndex
        .get(index)!
        .cell.inputs.flatMap(input =>
          input.per === 'children' ? input.sources.map(source => `${source.cell}.${source.port}`) : [],
        ),
    ),
  )
  return {
    index: group.index,
    form: group.form,
    tasks,
    externals: group.externals.map(source => {
      const output = byIndex.get(source.cell)!.step.outputs.find(({ port }) => port === source.port)!
      return { kind: output.kind, per: output.per, children: gathered.has(`${source.cell}.${source.port}`) }
    }),
    exports: group.exports.map(source => ({ task: taskOf.get(source.cell)!, port: source.port })),
  }
}
