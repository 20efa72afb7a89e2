import type { GraphOutput, StepOutput } from '../../engine/contract/graph.ts'
import type { Lane, Mode } from '../../engine/contract/node.ts'
import type { LooseCell, LooseStep } from '../../engine/plan/segments.ts'

/** One step with one cell: what it reads, as indices of earlier steps. */
export interface StepSketch {
  readonly mode?: Mode
  readonly lane?: Lane
  readonly reads?: readonly number[]
  /** Reads the value that is never stored. */
  readonly readsMap?: readonly number[]
  /** Takes one value for all items. */
  readonly readsAll?: readonly number[]
}

export interface LooseGraph {
  readonly cells: readonly LooseCell[]
  readonly steps: readonly LooseStep[]
  readonly outputs: readonly GraphOutput[]
}

const nowhere = { file: '', start: 0, end: 0 }

/** Steps `s0`, `s1`, … of one cell each, with the output `out`, and `map` where somebody reads it. The last is delivered. */
export function looseGraph(sketches: readonly StepSketch[]): LooseGraph {
  const mapReaders = new Set(sketches.flatMap(sketch => sketch.readsMap ?? []))
  const steps = sketches.map(({ mode = 'item', lane = 'cpu' }, index): LooseStep => {
    const per = mode === 'collection' ? 'collection' : 'item'
    const out: StepOutput = { port: 'out', kind: 'text', per, persist: 'always', extension: '' }
    const map: StepOutput = { port: 'map', kind: 'map', per: 'item', persist: 'transient', extension: '' }
    const outputs = mapReaders.has(index) ? [out, map] : [out]
    return { index, id: `s${index}`, node: `test/${mode}`, mode, lane, at: nowhere, axes: [], join: 'exact', outputs }
  })
  const cells = sketches.map(({ reads = [], readsMap = [], readsAll = [] }, index): LooseCell => {
    const ports = (list: readonly number[], port: string) => list.map(cell => ({ cell, port }))
    const inputs = [
      { port: 'texts', per: 'item', many: true, sources: ports(reads, 'out') } as const,
      { port: 'maps', per: 'item', many: true, sources: ports(readsMap, 'map') } as const,
      { port: 'all', per: 'collection', many: true, sources: ports(readsAll, 'out') } as const,
    ].filter(input => input.sources.length > 0)
    const empty = { coordinates: {}, params: {}, recipe: '', selects: [], inputTypes: {}, facets: {} }
    return { ...empty, index, step: index, address: `s${index}`, inputs }
  })
  const last = { cell: cells.length - 1, port: 'out' }
  return { cells, steps, outputs: [{ name: 'out', source: last, cells: [last], at: nowhere }] }
}
