import type { Cell, CellPort, GraphOutput, Group, Step } from '../contract/graph.ts'

/**
 * Which tasks are dispatched together. Tasks that hang together through transient values must run in one worker: a
 * segment. Everything on a path between its members joins it (the value would have to come back), and so do per-item
 * steps fed only by it. Other per-item steps on worker threads are chained when nothing is waited for in between.
 */
export type Grouped =
  | { readonly ok: true; readonly groups: readonly Group[]; readonly steps: readonly Step[] }
  | { readonly ok: false; readonly problems: readonly { readonly step: string; readonly message: string }[] }

type LooseCell = Omit<Cell, 'group'>
type LooseStep = Omit<Step, 'cells'>

/** Cells are in topological order, as made by the compiler. */
export function groupCells(
  cells: readonly LooseCell[],
  steps: readonly LooseStep[],
  outputs: readonly GraphOutput[],
): Grouped {
  const stepOf = (cell: number) => steps[cells[cell]!.step]!
  const inputsOf = (cell: number) => cells[cell]!.inputs.flatMap(input => input.sources.map(source => source.cell))
  const find = unionFind(cells.length)
  const ancestors = ancestorSets(cells.length, inputsOf)
  const inSegment = new Set<number>()

  for (const cell of cells) {
    for (const input of cell.inputs) {
      for (const source of input.sources) {
        if (!isTransient(stepOf(source.cell), source.port)) continue
        find.join(source.cell, cell.index)
        inSegment.add(source.cell).add(cell.index)
      }
    }
    if (stepOf(cell.index).outputs.some(output => output.persist === 'transient')) inSegment.add(cell.index)
  }
  const problems = joinPaths(cells, inSegment, ancestors, find, stepOf)
  if (problems.length > 0) return { ok: false, problems }
  joinFedOnlyBySegment(cells, inSegment, ancestors, find, stepOf)
  chainItemSteps(cells, inSegment, inputsOf, find, stepOf)

  return { ok: true, ...finish(cells, steps, outputs, find) }
}

/** Repeats until no path leaves a segment and comes back; a collection step on such a path cannot be in a worker. */
function joinPaths(
  cells: readonly LooseCell[],
  inSegment: Set<number>,
  ancestors: readonly Set<number>[],
  find: UnionFind,
  stepOf: (cell: number) => LooseStep,
) {
  for (;;) {
    const members = new Map<number, number[]>()
    for (const cell of inSegment) members.set(find.root(cell), [...(members.get(find.root(cell)) ?? []), cell])
    let changed = false
    for (const [root, list] of members) {
      for (const { index } of cells) {
        if (find.root(index) === root) continue
        const first = list.find(member => ancestors[index]!.has(member))
        const last = list.find(member => ancestors[member]!.has(index))
        if (first === undefined || last === undefined) continue
        const step = stepOf(index)
        if (step.mode !== 'item') {
          const message = `\`${step.id}\` needs all items, but stands between \`${stepOf(first).id}\` and \`${stepOf(last).id}\`, which share values that are never stored`
          return [{ step: step.id, message }]
        }
        find.join(index, root)
        inSegment.add(index)
        changed = true
      }
    }
    if (!changed) return []
  }
}

function joinFedOnlyBySegment(
  cells: readonly LooseCell[],
  inSegment: Set<number>,
  ancestors: readonly Set<number>[],
  find: UnionFind,
  stepOf: (cell: number) => LooseStep,
): void {
  for (const cell of cells) {
    if (inSegment.has(cell.index) || stepOf(cell.index).mode !== 'item' || stepOf(cell.index).lane !== 'cpu') continue
    const perItem = cell.inputs.filter(input => input.per === 'item').flatMap(input => input.sources)
    const shared = cell.inputs.filter(input => input.per === 'collection').flatMap(input => input.sources)
    const roots = new Set(perItem.map(source => find.root(source.cell)))
    const [root] = roots
    if (root === undefined || roots.size > 1 || !perItem.every(source => inSegment.has(source.cell))) continue
    const waits = shared.some(source => [...ancestors[source.cell]!].some(one => find.root(one) === root))
    if (waits) continue
    find.join(cell.index, root)
    inSegment.add(cell.index)
  }
}

/** A per-item step joins the group that finishes last among its inputs, if all others are done before that one starts. */
function chainItemSteps(
  cells: readonly LooseCell[],
  inSegment: ReadonlySet<number>,
  inputsOf: (cell: number) => readonly number[],
  find: UnionFind,
  stepOf: (cell: number) => LooseStep,
): void {
  for (const cell of cells) {
    const step = stepOf(cell.index)
    if (inSegment.has(cell.index) || step.mode !== 'item') continue
    const sources = inputsOf(cell.index)
    const host = sources.find(source => {
      const other = stepOf(source)
      if (inSegment.has(source) || other.mode !== 'item' || other.lane !== step.lane) return false
      const before = groupsBefore(find.root(source), cells, inputsOf, find)
      return sources.every(one => find.root(one) === find.root(source) || before.has(find.root(one)))
    })
    if (host !== undefined) find.join(cell.index, host)
  }
}

/** Groups that are finished for an item (or altogether) before this group can start. */
function groupsBefore(
  root: number,
  cells: readonly LooseCell[],
  inputsOf: (cell: number) => readonly number[],
  find: UnionFind,
): ReadonlySet<number> {
  const before = new Set<number>()
  for (const { index } of cells) {
    if (find.root(index) !== root) continue
    for (const source of inputsOf(index)) if (find.root(source) !== root) before.add(find.root(source))
  }
  return before
}

function finish(
  cells: readonly LooseCell[],
  steps: readonly LooseStep[],
  outputs: readonly GraphOutput[],
  find: UnionFind,
) {
  const stepOf = (cell: number) => steps[cells[cell]!.step]!
  const rootsInOrder = topologicalGroups(cells, find)
  const groupOf = new Map(rootsInOrder.map((root, index) => [root, index]))
  const finished: Cell[] = cells.map(cell => ({ ...cell, group: groupOf.get(find.root(cell.index))! }))
  const read = new Map<string, CellPort>()
  for (const cell of finished) {
    for (const input of cell.inputs) {
      for (const source of input.sources) {
        if (finished[source.cell]!.group !== cell.group) read.set(`${source.cell}.${source.port}`, source)
      }
    }
  }
  for (const output of outputs) for (const source of output.cells) read.set(`${source.cell}.${source.port}`, source)
  const groups: Group[] = rootsInOrder.map((_, index) => {
    const members = finished.filter(cell => cell.group === index)
    const externals = new Map<string, CellPort>()
    for (const cell of members) {
      for (const input of cell.inputs) {
        for (const source of input.sources) {
          if (finished[source.cell]!.group !== index) externals.set(`${source.cell}.${source.port}`, source)
        }
      }
    }
    const mode = stepOf(members[0]!.index).mode
    const gpu = members.some(cell => stepOf(cell.index).lane === 'gpu')
    return {
      index,
      form: mode === 'item' ? 'items' : mode,
      lane: gpu ? 'gpu' : stepOf(members[0]!.index).lane,
      cells: members.map(cell => cell.index),
      externals: [...externals.values()],
      exports: [...read.values()].filter(source => finished[source.cell]!.group === index),
    }
  })
  return { groups, steps: steps.map(step => ({ ...step, cells: finished.filter(cell => cell.step === step.index) })) }
}

function topologicalGroups(cells: readonly LooseCell[], find: UnionFind): readonly number[] {
  const order: number[] = []
  const seen = new Set<number>()
  function visit(root: number): void {
    if (seen.has(root)) return
    seen.add(root)
    for (const cell of cells) {
      if (find.root(cell.index) !== root) continue
      for (const input of cell.inputs) for (const source of input.sources) visit(find.root(source.cell))
    }
    order.push(root)
  }
  for (const cell of cells) visit(find.root(cell.index))
  return order
}

function isTransient(step: LooseStep, port: string): boolean {
  return step.outputs.find(output => output.port === port)?.persist === 'transient'
}

function ancestorSets(count: number, inputsOf: (cell: number) => readonly number[]): readonly Set<number>[] {
  const sets: Set<number>[] = []
  for (let cell = 0; cell < count; cell++) {
    const set = new Set<number>()
    for (const source of inputsOf(cell)) {
      set.add(source)
      for (const above of sets[source]!) set.add(above)
    }
    sets.push(set)
  }
  return sets
}

interface UnionFind {
  readonly root: (cell: number) => number
  readonly join: (a: number, b: number) => void
}

function unionFind(count: number): UnionFind {
  const parents = Array.from({ length: count }, (_, i) => i)
  function root(cell: number): number {
    let at = cell
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!
      at = parents[at]!
    }
    return at
  }
  // The smaller root wins, so a root does not depend on the order of joining.
  function join(a: number, b: number): void {
    parents[Math.max(root(a), root(b))] = Math.min(root(a), root(b))
  }
  return { root, join }
}
