import type { Cell, CellPort, GraphOutput, Group, Step } from '../contract/graph.ts'
import type { LooseCell, LooseStep } from './segments.ts'
import type { UnionFind } from './union-find.ts'

/** Groups in topological order, with what goes in and out of each, and the steps with their cells. */
export function finishGroups(
  cells: readonly LooseCell[],
  steps: readonly LooseStep[],
  outputs: readonly GraphOutput[],
  find: UnionFind,
): { readonly groups: readonly Group[]; readonly steps: readonly Step[] } {
  const rootsInOrder = topologicalRoots(cells, find)
  const groupOf = new Map(rootsInOrder.map((root, index) => [root, index]))
  const finished: Cell[] = cells.map(cell => ({ ...cell, group: groupOf.get(find.root(cell.index))! }))
  const members = bucketed(finished, cell => cell.group, rootsInOrder.length)
  const read = portsReadElsewhere(finished, outputs)
  const exports = bucketed(read, source => finished[source.cell]!.group, rootsInOrder.length)
  const groups = members.map((group, index): Group => {
    const first = steps[group[0]!.step]!
    const gpu = group.some(cell => steps[cell.step]!.lane === 'gpu')
    return {
      index,
      form: first.mode === 'item' ? 'items' : first.mode,
      lane: gpu ? 'gpu' : first.lane,
      cells: group.map(cell => cell.index),
      selects: group[0]!.selects,
      externals: externalsOf(group, finished),
      exports: exports[index]!,
    }
  })
  const cellsOf = bucketed(finished, cell => cell.step, steps.length)
  return { groups, steps: steps.map((step, index) => ({ ...step, cells: cellsOf[index]! })) }
}

function topologicalRoots(cells: readonly LooseCell[], find: UnionFind): readonly number[] {
  const members = bucketed(cells, cell => find.root(cell.index), cells.length)
  const order: number[] = []
  const seen = new Set<number>()
  function visit(root: number): void {
    if (seen.has(root)) return
    seen.add(root)
    for (const cell of members[root]!) {
      for (const input of cell.inputs) for (const source of input.sources) visit(find.root(source.cell))
      for (const { source } of cell.selects) visit(find.root(source.cell))
    }
    order.push(root)
  }
  for (const cell of cells) visit(find.root(cell.index))
  return order
}

function externalsOf(group: readonly Cell[], finished: readonly Cell[]): readonly CellPort[] {
  const externals = new Map<string, CellPort>()
  for (const cell of group) {
    for (const input of cell.inputs) {
      for (const source of input.sources) {
        if (finished[source.cell]!.group !== cell.group) externals.set(`${source.cell}.${source.port}`, source)
      }
    }
  }
  return [...externals.values()]
}

/** Ports that another group reads or that are delivered, without repeats. */
function portsReadElsewhere(finished: readonly Cell[], outputs: readonly GraphOutput[]): readonly CellPort[] {
  const read = new Map<string, CellPort>()
  for (const cell of finished) {
    for (const input of cell.inputs) {
      for (const source of input.sources) {
        if (finished[source.cell]!.group !== cell.group) read.set(`${source.cell}.${source.port}`, source)
      }
    }
  }
  for (const { selects } of finished)
    for (const { source } of selects) read.set(`${source.cell}.${source.port}`, source)
  for (const output of outputs) for (const source of output.cells) read.set(`${source.cell}.${source.port}`, source)
  return [...read.values()]
}

function bucketed<T>(entries: readonly T[], numberOf: (entry: T) => number, count: number): readonly (readonly T[])[] {
  const buckets: T[][] = Array.from({ length: count }, () => [])
  for (const entry of entries) buckets[numberOf(entry)]!.push(entry)
  return buckets
}
