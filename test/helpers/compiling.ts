import type { Json } from '../../engine/base/canonical.ts'
import type { Diagnostic } from '../../engine/base/diagnostic.ts'
import type { Cell, Graph, Step } from '../../engine/contract/graph.ts'
import { compile } from '../../engine/plan/compile.ts'
import type { Surroundings } from '../../engine/plan/surroundings.ts'
import { given, project, smallWorld, type WorldFiles } from '../../engine/testing/small-world.ts'
import { smallFiles, smallRegistry } from './small-registry.ts'

export interface CompileOptions {
  /** More files, by path below the project. */
  readonly files?: WorldFiles
  readonly params?: { readonly [name: string]: Json }
  readonly targets?: readonly string[]
  readonly surroundings?: Partial<Surroundings>
}

export const rootPath = `${project}/pipelines/main.yaml`

/** Compiles `pipelines/main.yaml` of a small world with the small registry. */
export async function compiled(
  text: string,
  options: CompileOptions = {},
): Promise<{ readonly graph: Graph | undefined; readonly problems: readonly Diagnostic[] }> {
  const world = smallWorld({ ...smallFiles, ...options.files, 'pipelines/main.yaml': text }, options.surroundings)
  const root = world.loadPipeline(rootPath)
  if (!root.ok) return { graph: undefined, problems: root.problems }
  const result = await compile({
    root: root.value,
    given: given(options.params ?? {}),
    targets: options.targets ?? [],
    registry: smallRegistry,
    surroundings: world,
  })
  return result.ok ? { graph: result.graph, problems: [] } : { graph: undefined, problems: result.problems }
}

/** The graph of a pipeline that must be right. */
export async function graphOf(text: string, options: CompileOptions = {}): Promise<Graph> {
  const { graph, problems } = await compiled(text, options)
  if (graph === undefined) throw new Error(problems.map(({ message, fix }) => `${message} (${fix})`).join('\n'))
  return graph
}

export function stepNamed(graph: Graph, id: string): Step {
  const step = graph.steps.find(one => one.id === id)
  if (step === undefined) throw new Error(`no step ${id}; there are ${graph.steps.map(one => one.id).join(', ')}`)
  return step
}

/** In the order of their indices. */
export function cellsOf(graph: Graph): readonly Cell[] {
  return graph.steps.flatMap(step => step.cells).sort((a, b) => a.index - b.index)
}

export function cellAt(graph: Graph, address: string): Cell {
  const cells = cellsOf(graph)
  const cell = cells.find(one => one.address === address)
  if (cell === undefined) throw new Error(`no cell ${address}; there are ${cells.map(one => one.address).join(', ')}`)
  return cell
}

/** Addresses of the cells that feed a port of a cell, in order. */
export function sourcesOf(graph: Graph, address: string, port: string): readonly string[] {
  const cells = cellsOf(graph)
  const input = cellAt(graph, address).inputs.find(one => one.port === port)
  return (input?.sources ?? []).map(source => `${cells[source.cell]?.address}.${source.port}`)
}

/** Cells of each group, as addresses, in order. */
export function groupsOf(graph: Graph): readonly (readonly string[])[] {
  const cells = cellsOf(graph)
  return graph.groups.map(group => group.cells.map(cell => cells[cell]?.address ?? ''))
}
