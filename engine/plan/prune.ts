import type { Json } from '../base/canonical.ts'
import type { CellPort, GraphOutput, Step, StepOutput } from '../contract/graph.ts'
import type { Registry } from '../contract/registry.ts'
import { axesOf } from './axes.ts'
import type { Build } from './cells.ts'
import type { ProtoStep } from './proto.ts'
import { topological } from './resolve-source.ts'
import type { LooseCell, LooseStep } from './segments.ts'

export interface Pruned {
  readonly cells: readonly LooseCell[]
  readonly steps: readonly LooseStep[]
  readonly outputs: readonly GraphOutput[]
}

/** The cells that some output depends on, numbered anew, with their steps. */
export function prune(
  build: Build,
  protos: readonly ProtoStep[],
  outputs: readonly GraphOutput[],
  registry: Registry,
): Pruned {
  const kept = reachable(build, outputs)
  const keptCells = build.cells.filter(cell => kept.has(cell.index))
  const order = new Map(keptCells.map((cell, index) => [cell.index, index]))
  const renumber = (source: CellPort): CellPort => ({ cell: order.get(source.cell)!, port: source.port })
  const params = new Map<ProtoStep, Json>()
  for (const cell of keptCells) if (!params.has(cell.proto)) params.set(cell.proto, cell.params)
  const ordered = topological(protos).filter(step => params.has(step))
  const numberOf = new Map(ordered.map((step, index) => [step, index]))
  return {
    cells: keptCells.map(({ proto, ...cell }, index) => ({
      ...cell,
      index,
      step: numberOf.get(proto)!,
      inputs: cell.inputs.map(input => ({ ...input, sources: input.sources.map(renumber) })),
      selects: cell.selects.map(select => ({ ...select, source: renumber(select.source) })),
    })),
    steps: ordered.map((step, index) => ({
      index,
      id: step.id,
      node: step.node.name,
      mode: step.node.mode,
      lane: step.node.lane,
      at: step.instance.file.locate(['steps', step.declaration.id], 'key'),
      axes: axesOf(step.axes, step.cells),
      join: step.declaration.join,
      outputs: stepOutputs(step, registry, params.get(step)),
      ...toleranceOf(step),
    })),
    outputs: outputs.map(output => ({
      ...output,
      source: renumber(output.source),
      cells: output.cells.map(renumber),
    })),
  }
}

/** Cells some requested output depends on. */
function reachable(build: Build, outputs: readonly GraphOutput[]): ReadonlySet<number> {
  const kept = new Set<number>()
  function visit(index: number): void {
    if (kept.has(index)) return
    kept.add(index)
    for (const input of build.cells[index]!.inputs) for (const source of input.sources) visit(source.cell)
    for (const { source } of build.cells[index]!.selects) visit(source.cell)
  }
  for (const output of outputs) for (const { cell } of output.cells) visit(cell)
  return kept
}

function toleranceOf({ tolerance }: ProtoStep): Pick<Step, 'tolerance'> {
  if (Object.keys(tolerance).length === 0) return {}
  const { retries = 0, timeoutMs, maxFailures = 0 } = tolerance
  return { tolerance: { retries, timeoutMs, maxFailures } }
}

function stepOutputs(step: ProtoStep, registry: Registry, params: Json | undefined): readonly StepOutput[] {
  return Object.entries(step.node.outputs).map(([port, output]) => {
    const kind = registry.kinds.get(output.kind)
    if (kind === undefined) throw new Error(`internal: node ${step.node.name} makes the unknown kind ${output.kind}`)
    return {
      port,
      kind: output.kind,
      per: output.per,
      persist: kind.transient ? 'transient' : (step.declaration.store[port] ?? output.persist ?? 'always'),
      extension:
        typeof output.extension === 'function'
          ? output.extension(params as never)
          : (output.extension ?? kind.extension),
    }
  })
}
