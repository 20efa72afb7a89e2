/**
 * Maskloom as a library: `load` a pipeline, `check`, `plan` and `run` it; `defineNode` for nodes of your own. What is
 * not exported here is not public. docs/library.md and docs/own-nodes.md show how to use it.
 */
export { type CheckReport, check, type DeferredCheck } from './api/check.ts'
export { type LoadOptions, load, type Pipeline } from './api/load.ts'
export { PipelineError } from './api/pipeline-error.ts'
export { type PlanOptions, plan } from './api/plan.ts'
export type { RunOptions } from './api/prepare-run.ts'
export { type Running, run } from './api/run.ts'
export type { Json } from './base/canonical.ts'
export { type Diagnostic, type Note, type Span, TaskError } from './base/diagnostic.ts'
export type { Digest } from './base/digest.ts'
export type { RunEvent, RunFinished, RunStatus, TaskCounts } from './contract/event.ts'
export type { Facets, Kind } from './contract/kind.ts'
export {
  type CheckContext,
  type Closable,
  type Collection,
  defineNode,
  type InputPort,
  type ItemFile,
  type Lane,
  type Mode,
  type NodeDefinition,
  type OutputPort,
  type ParamSchema,
  type ParamsSchema,
  type PathRef,
  type Permits,
  type RunContext,
  type StoredFile,
  type Values,
} from './contract/node.ts'
export type { PlanCounts, PlanReport, StepPlan } from './contract/plan.ts'
export type { Registry } from './contract/registry.ts'
