import { type Digest, recordDigest } from '../base/digest.ts'
import type { RunEvent } from '../contract/event.ts'
import type { Graph } from '../contract/graph.ts'
import type { Lane } from '../contract/node.ts'
import type { RunRow, Store } from '../contract/store.ts'

/** What tasks cost so far, in sums; means follow. */
export interface Cost {
  readonly tasks: number
  readonly ms: number
  readonly bytes: number
}

/** Of a node: of all its tasks, and of those of single recipes (a large model costs more than a small one). */
interface NodeCosts {
  readonly all: Cost
  readonly recipes: { readonly [recipe: Digest]: Cost }
}

const nothing: NodeCosts = { all: { tasks: 0, ms: 0, bytes: 0 }, recipes: {} }
/** Of one node; the newest stay. */
const recipesKept = 500

export function readCosts(store: Store, node: string): NodeCosts {
  const json = store.memo.get(costsName(node))
  return json === undefined ? nothing : (JSON.parse(json) as NodeCosts)
}

function costsName(node: string): Digest {
  return recordDigest('maskloom.costs.1', node)
}

/** Sums up what the tasks of a run cost. Two runs that end at once may lose one of their sums: it is a statistic. */
export interface CostCollector {
  readonly hear: (event: RunEvent) => void
  /** How long the run should have taken, by what was known before it; then adds what it cost. */
  readonly finish: (
    store: Store,
    lanes: readonly { readonly lane: Lane; readonly width: number }[],
  ) => TimeForecast | undefined
}

export function createCostCollector(graph: Graph): CostCollector {
  const kinds = new Map(
    graph.steps.flatMap(({ node, lane, cells }) =>
      cells.map(({ address, recipe }) => [address, { node, lane, recipe }] as const),
    ),
  )
  const sums = new Map<string, { node: string; lane: Lane; recipe: Digest; cost: Cost }>()
  return {
    hear(event) {
      if (event.type !== 'task.done') return
      const kind = kinds.get(event.address)
      if (kind === undefined) return
      const cost = { tasks: 1, ms: event.durationMs, bytes: event.outputBytes }
      const sum = sums.get(kind.recipe)
      sums.set(kind.recipe, sum === undefined ? { ...kind, cost } : { ...sum, cost: plus(sum.cost, cost) })
    },
    finish(store, lanes) {
      const work = [...sums.values()].map(({ cost, ...kind }) => ({ ...kind, tasks: cost.tasks }))
      const forecast = forecastTime(store, graph.path, work, lanes)
      for (const node of new Set(work.map(one => one.node))) {
        addCosts(
          store,
          node,
          [...sums.values()].filter(one => one.node === node),
        )
      }
      return forecast
    },
  }
}

function addCosts(store: Store, node: string, sums: readonly { readonly recipe: Digest; readonly cost: Cost }[]): void {
  const before = readCosts(store, node)
  const recipes = new Map(Object.entries(before.recipes))
  let { all } = before
  for (const { recipe, cost } of sums) {
    const sum = plus(recipes.get(recipe) ?? nothing.all, cost)
    // To the end of the list: the newest stay.
    recipes.delete(recipe)
    recipes.set(recipe, sum)
    all = plus(all, cost)
  }
  store.memo.set(
    costsName(node),
    JSON.stringify({ all, recipes: Object.fromEntries([...recipes].slice(-recipesKept)) }),
  )
}

function plus(a: Cost, b: Cost): Cost {
  return { tasks: a.tasks + b.tasks, ms: a.ms + b.ms, bytes: a.bytes + b.bytes }
}

/** Tasks of one recipe that are to run. */
export interface Work {
  readonly node: string
  readonly lane: Lane
  readonly recipe: Digest
  readonly tasks: number
}

export interface TimeForecast {
  readonly ms: number
  /** Of the busiest lane by itself, before the correction by earlier runs: what the next forecasts are corrected by. */
  readonly laneMs: number
  /** Median of |forecast − wall time| / wall time over earlier runs of the pipeline; undefined without any. */
  readonly error: number | undefined
}

/**
 * Wall time of tasks: means of their recipe (or node) by lane, over the lane's width, the busiest lane; times the median
 * of wall time over that number in the five earlier runs that were nearest in size. Undefined while nothing is known of a node.
 */
export function forecastTime(
  store: Store,
  path: string,
  work: readonly Work[],
  lanes: readonly { readonly lane: Lane; readonly width: number }[],
): TimeForecast | undefined {
  const busy = new Map<Lane, number>()
  const costs = new Map<string, NodeCosts>()
  for (const { node, lane, recipe, tasks } of work) {
    if (tasks === 0) continue
    const known = costs.get(node) ?? readCosts(store, node)
    costs.set(node, known)
    const cost = known.recipes[recipe] ?? known.all
    if (cost.tasks === 0) return undefined
    busy.set(lane, (busy.get(lane) ?? 0) + (cost.ms / cost.tasks) * tasks)
  }
  const laneMs = Math.max(0, ...lanes.map(({ lane, width }) => (busy.get(lane) ?? 0) / width))
  const earlier = earlierForecasts(store.runs.list(200).filter(run => run.path === path))
  if (laneMs === 0) return { ms: 0, laneMs, error: undefined }
  const distance = (one: Earlier) => Math.abs(Math.log(one.laneMs / laneMs))
  const nearest = [...earlier].sort((a, b) => distance(a) - distance(b)).slice(0, 5)
  const ratio = nearest.length === 0 ? 1 : median(nearest.map(one => one.wallMs / one.laneMs))
  const errors = earlier.map(one => Math.abs(one.forecastMs - one.wallMs) / one.wallMs)
  return { ms: laneMs * ratio, laneMs, error: errors.length === 0 ? undefined : median(errors) }
}

interface Earlier {
  readonly laneMs: number
  readonly forecastMs: number
  readonly wallMs: number
}

/** Runs that were finished and had a forecast. */
function earlierForecasts(runs: readonly RunRow[]): readonly Earlier[] {
  return runs.flatMap(({ status, summaryJson }) => {
    if (status !== 'done' || summaryJson === undefined) return []
    const { laneMs, forecastMs, wallMs } = JSON.parse(summaryJson) as Partial<Earlier>
    if (laneMs === undefined || forecastMs === undefined || wallMs === undefined) return []
    return laneMs > 0 && wallMs > 0 ? [{ laneMs, forecastMs, wallMs }] : []
  })
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
