import type { Condition, TreePath } from '../contract/pipeline.ts'
import type { Instance, PlacedCondition, ProtoStep, Source } from './proto.ts'

/** A reference as it is written: under `in:`, `items:` or `outputs:`, or as a target. */
export interface WrittenSource {
  readonly from: string
  readonly where: Condition
  readonly path: TreePath
}

/**
 * Follows `step.port` or the name of an input to the ports behind it. Undefined if it leads to something that is in
 * error itself (reported there) or that nothing is bound to yet.
 */
export function resolveSource(instance: Instance, written: WrittenSource): readonly Source[] | undefined {
  const { from, where, path } = written
  const conditions: readonly PlacedCondition[] =
    Object.keys(where).length === 0 ? [] : [{ condition: where, place: instance, path: [...path, 'where'] }]
  const also = (found: readonly Source[] | undefined) =>
    found?.map(source => ({ ...source, where: [...source.where, ...conditions] }))
  const dot = from.lastIndexOf('.')
  if (dot < 0) return also(instance.inputs.get(from))
  const step = instance.steps.get(from.slice(0, dot))
  const port = from.slice(dot + 1)
  if (step === undefined) return undefined
  if ('node' in step) return step.node.outputs[port] === undefined ? undefined : [{ step, port, where: conditions }]
  const output = step.file.outputs.get(port)
  return output === undefined ? undefined : also(resolveSource(step, { ...output, path: ['outputs', port] }))
}

/** Is a port of a step fed? Not if it is bound to optional inputs that are left out; a source in error counts as one. */
export function isFed({ declaration, instance }: ProtoStep, port: string): boolean {
  const sources = declaration.in.get(port)?.sources ?? []
  return sources.some(written => resolveSource(instance, written)?.length !== 0)
}

/** Node steps of an instance and of the pipelines in it. */
export function protoSteps(instance: Instance): readonly ProtoStep[] {
  return [...instance.steps.values()].flatMap(step => ('node' in step ? [step] : protoSteps(step)))
}

/** Every step after those it reads from. */
export function topological(protos: readonly ProtoStep[]): readonly ProtoStep[] {
  const ordered: ProtoStep[] = []
  const seen = new Set<ProtoStep>()
  function visit(step: ProtoStep): void {
    if (seen.has(step)) return
    seen.add(step)
    for (const source of sourcesOf(step)) visit(source.step)
    ordered.push(step)
  }
  for (const step of protos) visit(step)
  return ordered
}

function sourcesOf({ declaration, instance, selections }: ProtoStep): readonly Source[] {
  const written = [...declaration.in.values()].flatMap(binding => binding.sources)
  return [
    ...written.flatMap(source => resolveSource(instance, source) ?? []),
    ...selections.flatMap(selection => selection.sources ?? []),
  ]
}
