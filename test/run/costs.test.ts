import { afterEach, beforeEach, expect, it } from 'vitest'
import { openMemoryStore } from '../../cache/memory.ts'
import { sha256 } from '../../engine/base/digest.ts'
import type { TaskDone } from '../../engine/contract/event.ts'
import type { Graph } from '../../engine/contract/graph.ts'
import type { Store } from '../../engine/contract/store.ts'
import { createCostCollector, forecastTime, readCosts } from '../../engine/run/costs.ts'

const lanes = [
  { lane: 'gpu', width: 1 },
  { lane: 'cpu', width: 2 },
  { lane: 'io', width: 2 },
] as const
const [large, small] = [sha256('large'), sha256('small')]
const path = '/p.yaml'

function step(node: string, lane: string, cells: readonly { readonly address: string; readonly recipe: string }[]) {
  return { id: node, node, lane, cells }
}
const graph = {
  path,
  steps: [
    step('infer', 'gpu', [
      { address: 'infer[model=l]', recipe: large },
      { address: 'infer[model=s]', recipe: small },
    ]),
    step('fold', 'cpu', [{ address: 'fold', recipe: sha256('fold') }]),
  ],
} as unknown as Graph

let store: Store
beforeEach(() => {
  store = openMemoryStore()
})
afterEach(() => store.close())

function done(address: string, durationMs: number, outputBytes: number): TaskDone {
  return {
    type: 'task.done',
    atMs: 0,
    step: '',
    address,
    item: 'a',
    rebuilt: false,
    durationMs,
    outputBytes,
    inferences: 0,
  }
}

function ran(id: string, wallMs: number) {
  const costs = createCostCollector(graph)
  for (const event of [done('infer[model=l]', 300, 50), done('infer[model=s]', 100, 10), done('fold', 80, 5)])
    costs.hear(event)
  const time = costs.finish(store, lanes)
  store.runs.start({ id, pipeline: 'p', path, startedMs: Number(id), paramsJson: '{}' })
  const forecast = time === undefined ? {} : { forecastMs: time.ms, laneMs: time.laneMs }
  store.runs.finish(id, { finishedMs: 1, status: 'done', summaryJson: JSON.stringify({ wallMs, ...forecast }) })
  return time
}

it('knows nothing before a first run, and says so', () => {
  expect(forecastTime(store, path, [{ node: 'infer', lane: 'gpu', recipe: large, tasks: 1 }], lanes)).toBeUndefined()
  expect(ran('1', 800)).toBeUndefined()
})

it('means are of the recipe, or of the node where the recipe is new', () => {
  ran('1', 800)
  const of = (recipe: string) =>
    forecastTime(store, path, [{ node: 'infer', lane: 'gpu', recipe, tasks: 10 }], lanes)?.laneMs
  expect([of(large), of(small), of(sha256('new'))]).toEqual([3000, 1000, 2000])
  expect(readCosts(store, 'infer').all).toEqual({ tasks: 2, ms: 400, bytes: 60 })
})

it('the busiest lane decides, over its width', () => {
  ran('1', 800)
  const fold = { node: 'fold', lane: 'cpu', recipe: sha256('fold'), tasks: 20 } as const
  const infer = { node: 'infer', lane: 'gpu', recipe: large, tasks: 2 } as const
  expect(forecastTime(store, path, [fold, infer], lanes)).toEqual({ laneMs: 800, ms: 800, error: undefined })
})

it('is corrected by what earlier runs took, and tells how far those forecasts were off', () => {
  ran('1', 800)
  // 400 ms in one lane, and no correction yet; the run takes twice as long.
  expect(ran('2', 800)).toEqual({ laneMs: 400, ms: 400, error: undefined })
  expect(ran('3', 800)).toEqual({ laneMs: 400, ms: 800, error: 0.5 })
  expect(forecastTime(store, path, [{ node: 'infer', lane: 'gpu', recipe: small, tasks: 10 }], lanes)).toEqual({
    laneMs: 1000,
    ms: 2000,
    error: 0.25,
  })
})
