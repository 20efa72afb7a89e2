import type { Cell, Graph, Step } from '../contract/graph.ts'
import type { Store } from '../contract/store.ts'
import { readCosts } from './costs.ts'

/** What it takes to make the values of a cell from nothing, in seconds of work (of all workers together). */
export interface CellCost {
  readonly address: string
  readonly coordinates: { readonly [axis: string]: string }
  /** For one item: the sum over the cells before it, and itself, that work item by item. */
  readonly secondsPerItem: number
  /** For all items together: the cells that work on everything at once. */
  readonly secondsOnce: number
  /** Steps that never ran, so that nothing is known of them; they count as nothing. */
  readonly unknownSteps: readonly string[]
}

/**
 * By the mean duration of the tasks of each recipe that were recorded in this cache; of the node where the recipe is new.
 * A step that works on parts of items counts one part. What several cells share is counted in each of them.
 */
export function cellCosts(graph: Graph, step: Step, store: Store): readonly CellCost[] {
  const steps = new Map(graph.steps.flatMap(one => one.cells.map(cell => [cell.index, { step: one, cell }] as const)))
  const known = new Map<string, ReturnType<typeof readCosts>>()
  return step.cells.map(cell => {
    const unknown = new Set<string>()
    let [perItem, once] = [0, 0]
    for (const index of upstream(cell.index)) {
      const at = steps.get(index)!
      const seconds = meanSeconds(at.step.node, at.cell)
      if (seconds === undefined) unknown.add(at.step.id)
      else if (at.step.mode === 'collection' || at.step.mode === 'scatter') once += seconds
      else perItem += seconds
    }
    const { address, coordinates } = cell
    return { address, coordinates, secondsPerItem: perItem, secondsOnce: once, unknownSteps: [...unknown].sort() }
  })

  function meanSeconds(node: string, cell: Cell): number | undefined {
    const costs = known.get(node) ?? readCosts(store, node)
    known.set(node, costs)
    const { ms, tasks } = costs.recipes[cell.recipe] ?? costs.all
    return tasks === 0 ? undefined : ms / tasks / 1000
  }

  function upstream(from: number): readonly number[] {
    const found = new Set([from])
    // A Set is walked in the order of insertion, and what is added meanwhile too.
    for (const index of found) {
      const { cell } = steps.get(index)!
      const sources = [...cell.inputs.flatMap(input => input.sources), ...cell.selects.map(one => one.source)]
      for (const source of sources) found.add(source.cell)
    }
    return [...found].sort((a, b) => a - b)
  }
}
