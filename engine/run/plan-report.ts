import type { PlanReport, StepPlan } from '../contract/plan.ts'
import type { Registry } from '../contract/registry.ts'
import type { Fate } from './fate.ts'
import type { Forecast } from './forecast.ts'

/** Sums a forecast by step. `reasonOf` explains the first cell of a step that is not all hits. */
export function planReport(
  result: Forecast,
  registry: Registry,
  reasonOf: (cell: number) => string | undefined,
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
    return {
      step: step.id,
      node: step.node,
      cells: step.cells.length,
      tasks: fates.length,
      hit: count('hit'),
      run: count('run'),
      maybe: count('maybe'),
      rebuild: count('rebuild', 'rebuild?'),
      bytesPerTask: undefined,
      reason: miss === undefined ? undefined : reasonOf(miss.index),
    }
  })
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
    deferred: result.deferred.map(index => {
      const { tasks } = groups[index]!.wire
      return `the items of ${tasks[0]!.address} are known once it has run`
    }),
  }
}
