import { canonical, type Json } from '../base/canonical.ts'
import { compareText } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import { recipeDigest, recipeJson } from '../base/keys.ts'
import type { Cell, CellInput, CellPort, Selection } from '../contract/graph.ts'
import type { Facets } from '../contract/kind.ts'
import type { Hole } from '../contract/pipeline-function.ts'
import type { Feed } from './align.ts'
import type { NodeParams } from './node-params.ts'
import type { ProtoStep, Workshop } from './proto.ts'
import type { SelectionFeed } from './selections.ts'
import { cellAddress } from './types.ts'

/** A cell under construction; `step` is the proto step it was first made for. */
export interface BuiltCell extends Omit<Cell, 'step' | 'group'> {
  readonly proto: ProtoStep
}

export interface Build {
  readonly cells: BuiltCell[]
  /** Cell index by proto step and cell position; equal cells share one. */
  readonly indexOf: Map<ProtoStep, readonly number[]>
  readonly byContent: Map<string, number>
  readonly recipes: Map<Digest, string>
  /** By cell; only inside functions. */
  readonly holes: Map<number, readonly Hole[]>
}

export function createBuild(): Build {
  return { cells: [], indexOf: new Map(), byContent: new Map(), recipes: new Map(), holes: new Map() }
}

/** Adds a cell, or finds the equal one that is there: equal steps are one task. */
export function addCell(
  step: ProtoStep,
  position: number,
  params: NodeParams,
  feeds: ReadonlyMap<string, readonly Feed[]>,
  selections: readonly SelectionFeed[],
  facets: { readonly [port: string]: Facets },
  facetsOf: (feed: Feed) => Facets,
  build: Build,
  { registry, surroundings }: Workshop,
): number {
  const { node } = step
  const runtimes = [...(node.runtimes ?? [])].sort().map(name => {
    const runtimeClass = registry.runtimes.get(name)
    if (runtimeClass === undefined) throw new Error(`internal: node ${node.name} names the unknown runtime ${name}`)
    return [name, runtimeClass(surroundings.device)] as const
  })
  const inputTypes = Object.fromEntries(
    [...feeds].sort(([a], [b]) => compareText(a, b)).map(([port, list]) => [port, list.map(facetsOf)]),
  )
  const json = recipeJson({
    node: node.name,
    version: node.version,
    params: params.keyed,
    inputTypes: keyedTypes(inputTypes),
    runtimes,
  })
  const recipe = recipeDigest(json)
  build.recipes.set(recipe, json)
  const inputs: CellInput[] = [...feeds]
    .sort(([a], [b]) => compareText(a, b))
    .map(([port, list]) => ({
      port,
      per: node.inputs[port]!.per,
      many: node.inputs[port]!.many !== undefined,
      sources: list.map(feed => cellPort(build, feed)),
    }))
  const selects: Selection[] = selections.map(({ feed, equals }) => ({ source: cellPort(build, feed), equals }))
  const content = canonical([
    recipe,
    step.declaration.join,
    inputs as unknown as Json,
    selects.map(({ source, equals }) => [source.cell, source.port, equals ?? null]),
    step.declaration.store,
    params.params,
    // Equal only until one of their parameters changes.
    ...params.holes.map(({ path, param }) => [...path, param]),
  ])
  const same = build.byContent.get(content)
  if (same !== undefined) return same
  const index = build.cells.length
  build.byContent.set(content, index)
  if (params.holes.length > 0) build.holes.set(index, params.holes)
  build.cells.push({
    index,
    proto: step,
    coordinates: step.cells[position]!.ids,
    address: cellAddress(step, position),
    params: params.params,
    recipe,
    inputs,
    selects,
    inputTypes,
    facets,
  })
  return index
}

/** Types that say something; one for all where the values of a port agree. */
function keyedTypes(types: {
  readonly [port: string]: readonly Facets[]
}): readonly (readonly [port: string, types: readonly Json[]])[] {
  return Object.entries(types).flatMap(([port, list]) => {
    const texts = new Set(list.map(canonical))
    if (texts.size === 0 || (texts.size === 1 && texts.has('{}'))) return []
    return [[port, texts.size === 1 ? list.slice(0, 1) : list] as const]
  })
}

function cellPort(build: Build, feed: Feed): CellPort {
  return { cell: build.indexOf.get(feed.step)![feed.cell]!, port: feed.port }
}
