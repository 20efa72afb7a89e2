import type { Lane } from '../contract/node.ts'
import type { CellPlan, PlanCounts, PlanReport, StepPlan } from '../contract/plan.ts'
import type { Registry } from '../contract/registry.ts'
import type { Store } from '../contract/store.ts'
import { forecastTime, readCosts } from './costs.ts'
import type { Fate } from './fate.ts'
import type { Forecast } from './forecast.ts'

export interface PlanView {
  readonly store: Store
  readonly lanes: readonly { readonly lane: Lane; readonly width: number }[]
  /** Counts by cell, too. */
  readonly cells: boolean
}

/** Sums a forecast by step. `reasonOf` explains the first cell of a step that is not all hits. */
export function planReport(
  result: Forecast,
  registry: Registry,
  reasonOf: (cell: number) => string | undefined,
  { store, lanes, cells: byCell }: PlanView,
): PlanReport {
  const { graph, groups } = result.state
  const fatesOfCell = new Map<number, readonly Fate[]>()
  for (const [index, items] of result.fates.entries()) {
    for (const [task, { cell }] of groups[index]!.wire.tasks.entries()) {
      fatesOfCell.set(
        cell,
        items.map(fates => fates[task]!),
      )
    }
  }
  let certain = 0
  let atMost = 0
  const steps = graph.steps.map((step): StepPlan => {
    const fates = step.cells.flatMap(cell => fatesOfCell.get(cell.index) ?? [])
    const count = (...which: Fate[]) => fates.filter(fate => which.includes(fate)).length
    const perTask = registry.nodes.get(step.node)!.inferencesPerTask ?? 0
    certain += perTask * count('run', 'rebuild')
    atMost += perTask * count('run', 'rebuild', 'maybe', 'rebuild?')
    const miss = step.cells.find(cell => fatesOfCell.get(cell.index)?.some(fate => fate === 'run' || fate === 'maybe'))
    const { all } = readCosts(store, step.node)
    return {
      step: step.id,
      node: step.node,
      cells: step.cells.length,
      tasks: fates.length,
      ...countsOf(fates),
      bytesPerTask: all.tasks === 0 ? undefined : all.bytes / all.tasks,
      reason: miss === undefined ? undefined : reasonOf(miss.index),
      ...(byCell ? { byCell: step.cells.map(cell => cellPlan(cell.index, cell.address)) } : {}),
    }
  })
  const work = (...which: Fate[]) =>
    graph.steps.flatMap(({ node, lane, cells }) =>
      cells.map(({ index, recipe }) => {
        const tasks = (fatesOfCell.get(index) ?? []).filter(fate => which.includes(fate)).length
        return { node, lane, recipe, tasks }
      }),
    )
  // What may run nearly always does: an input that is made again seldom comes out as before.
  const time = forecastTime(store, graph.path, work('run', 'rebuild', 'maybe', 'rebuild?'), lanes)
  const least = forecastTime(store, graph.path, work('run', 'rebuild'), lanes)

  const sum = (what: 'hit' | 'run' | 'maybe' | 'rebuild') => steps.reduce((total, step) => total + step[what], 0)
  const sources = groups.filter(({ group }) => group.form === 'files' || group.form === 'scatter')
  return {
    pipeline: graph.name,
    items: sources.map(group => ({ step: group.wire.tasks[0]!.address, items: group.ids.length })),
    steps,
    totals: {
      hit: sum('hit'),
      run: sum('run'),
      maybe: sum('maybe'),
      rebuild: sum('rebuild'),
      inferences: certain,
      inferencesAtMost: atMost,
    },
    time: time && least && { ms: time.ms, atLeastMs: Math.min(time.ms, least.ms), error: time.error ?? least.error },
    deferred: result.deferred.map(index => {
      const { tasks } = groups[index]!.wire
      return `the items of ${tasks[0]!.address} are known once it has run`
    }),
  }

  function cellPlan(cell: number, address: string): CellPlan {
    const fates = fatesOfCell.get(cell) ?? []
    const missed = fates.some(fate => fate === 'run' || fate === 'maybe')
    return { address, tasks: fates.length, ...countsOf(fates), reason: missed ? reasonOf(cell) : undefined }
  }
}

function countsOf(fates: readonly Fate[]): PlanCounts {
  const count = (...which: Fate[]) => fates.filter(fate => which.includes(fate)).length
  return { hit: count('hit'), run: count('run'), maybe: count('maybe'), rebuild: count('rebuild', 'rebuild?') }
}
