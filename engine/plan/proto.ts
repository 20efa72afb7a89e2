import type { Json } from '../base/canonical.ts'
import type { Span } from '../base/diagnostic.ts'
import type { NodeDefinition } from '../contract/node.ts'
import type { Condition, PipelineFile, StepDeclaration, Tolerance, TreePath } from '../contract/pipeline.ts'
import type { Registry } from '../contract/registry.ts'
import type { Scope } from './interpolate.ts'
import type { Place, Problems } from './problems.ts'
import type { Surroundings } from './surroundings.ts'

/** A step that uses a node, after inlining: where it is written, its axes, and a scope for each of its cells. */
export interface ProtoStep extends Spread {
  /** `propose`, or `leaf/propose`. */
  readonly id: string
  readonly declaration: StepDeclaration
  readonly instance: Instance
  /** With the inputs of its pipelines as ports. */
  readonly node: NodeDefinition
  /** Behind `x-pipeline` parameters. */
  readonly pipelines: ReadonlyMap<string, PipelineFile>
  readonly selections: readonly BoundSelection[]
  /** Its own, and for what it does not say that of the steps that use its pipeline. */
  readonly tolerance: Partial<Tolerance>
}

export interface Spread {
  /** Axes of the pipelines around it first. */
  readonly axes: readonly string[]
  /** In canonical order. */
  readonly cells: readonly ProtoCell[]
  /** False if something was wrong with a matrix on the way here (reported): what axes and cells would be is not known. */
  readonly known: boolean
}

export interface ProtoCell {
  readonly ids: { readonly [axis: string]: string }
  /** Values behind the ids of the step's own axes and those around it. */
  readonly values: { readonly [axis: string]: Json }
  readonly scope: Scope
}

/** One use of a pipeline file (the root is a use as well). */
export interface Instance extends Place, Spread {
  /** `leaf/`; empty for the root. */
  readonly prefix: string
  /** The step that uses it; undefined for the root. */
  readonly use: { readonly instance: Instance; readonly declaration: StepDeclaration } | undefined
  /** What feeds the file's `inputs:`; `undefined` where that is not known (at the root, or after a mistake). */
  readonly inputs: ReadonlyMap<string, readonly Source[] | undefined>
  /** Selections of the steps that use this pipeline; they hold for every step in it. */
  readonly selections: readonly BoundSelection[]
  readonly tolerance: Partial<Tolerance>
  readonly steps: Map<string, ProtoStep | Instance>
}

/** `items:` of a step, resolved where it was written; sources `undefined` after a mistake. */
export interface BoundSelection {
  readonly sources: readonly Source[] | undefined
  readonly equals: string | undefined
  readonly place: Place
  readonly path: TreePath
}

/** A port of a step together with the conditions met on the way to it. */
export interface Source {
  readonly step: ProtoStep
  readonly port: string
  readonly where: readonly PlacedCondition[]
}

export interface PlacedCondition {
  readonly condition: Condition
  readonly place: Place
  readonly path: TreePath
}

/** A check that can only happen while the pipeline runs, at the step that will make it. */
export interface Deferred {
  readonly step: string
  readonly what: string
  readonly at: Span
}

/** What every stage of compiling needs. */
export interface Workshop {
  readonly registry: Registry
  readonly surroundings: Surroundings
  readonly problems: Problems
  /** Checks that wait for what another step makes. */
  readonly deferred: Deferred[]
  /** What the command line asks for: outputs, or `step.port`. */
  readonly targets: readonly string[]
  /** Uses of pipelines that may still be inlined. */
  readonly uses: { left: number }
}

/** Is this cell among those that the conditions of the source leave? */
export function selects({ where }: Source, cell: ProtoCell): boolean {
  return where.every(({ condition }) =>
    Object.entries(condition).every(([axis, ids]) => ids.includes(cell.ids[axis] ?? '')),
  )
}
