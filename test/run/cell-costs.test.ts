import { afterEach, beforeEach, expect, it } from 'vitest'
import { openMemoryStore } from '../../cache/memory.ts'
import { sha256 } from '../../engine/base/digest.ts'
import type { Graph } from '../../engine/contract/graph.ts'
import type { Store } from '../../engine/contract/store.ts'
import { cellCosts } from '../../engine/run/cell-costs.ts'
import { createCostCollector } from '../../engine/run/costs.ts'

let store: Store
beforeEach(() => {
  store = openMemoryStore()
})
afterEach(() => store.close())

function cell(index: number, address: string, recipe: string, before: readonly number[], coordinates = {}) {
  const inputs = [{ port: 'in', sources: before.map(one => ({ cell: one, port: 'out' })) }]
  return { index, address, recipe: sha256(recipe), inputs, selects: [], coordinates }
}

/** Classes for all; two views of one source; a fold of both, and one of the first view only. */
const steps = [
  { id: 'classes', node: 'classes', mode: 'collection', lane: 'io', cells: [cell(0, 'classes', 'c', [])] },
  { id: 'source', node: 'source', mode: 'files', lane: 'io', cells: [cell(1, 'source', 's', [])] },
  {
    id: 'view',
    node: 'infer',
    mode: 'item',
    lane: 'gpu',
    cells: [cell(2, 'view[model=l]', 'large', [0, 1]), cell(3, 'view[model=s]', 'small', [0, 1])],
  },
  {
    id: 'fold',
    node: 'fold',
    mode: 'item',
    lane: 'cpu',
    cells: [cell(4, 'fold[of=both]', 'f', [2, 3], { of: 'both' }), cell(5, 'fold[of=l]', 'g', [2], { of: 'l' })],
  },
]
const graph = { path: '/p.yaml', steps } as unknown as Graph

function record(durations: readonly (readonly [address: string, ms: number])[]) {
  const collector = createCostCollector(graph)
  for (const [address, durationMs] of durations) {
    const rest = { atMs: 0, step: '', item: 'a', rebuilt: false, outputBytes: 0, inferences: 0 }
    collector.hear({ type: 'task.done', address, durationMs, ...rest })
  }
  collector.finish(store, [])
}

it('sums the means of all that lies before a cell, each once, by item and for all', () => {
  record([
    ['classes', 500],
    ['source', 10],
    ['source', 30],
    ['view[model=l]', 1000],
    ['view[model=l]', 2000],
    ['view[model=s]', 100],
    ['fold[of=both]', 4],
    ['fold[of=l]', 2],
  ])
  const [both, one] = cellCosts(graph, graph.steps[3]!, store)
  expect(both).toEqual({
    address: 'fold[of=both]',
    coordinates: { of: 'both' },
    secondsPerItem: expect.closeTo(0.02 + 1.5 + 0.1 + 0.004, 9),
    secondsOnce: 0.5,
    unknownSteps: [],
  })
  expect(one!.secondsPerItem).toBeCloseTo(0.02 + 1.5 + 0.002, 9)
})

it('takes the mean of the node for a recipe that never ran, and names the steps of which nothing is known', () => {
  record([
    ['source', 10],
    ['view[model=l]', 1000],
    ['fold[of=l]', 2],
  ])
  const [both, one] = cellCosts(graph, graph.steps[3]!, store)
  expect(both!.secondsPerItem).toBeCloseTo(0.01 + 1 + 1 + 0.002, 9)
  expect([both!.unknownSteps, one!.unknownSteps]).toEqual([['classes'], ['classes']])
})
