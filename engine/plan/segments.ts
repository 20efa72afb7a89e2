import { canonical } from '../base/canonical.ts'
import type { Cell, GraphOutput, Group, Step } from '../contract/graph.ts'
import { finishGroups } from './finish-groups.ts'
import { strongComponents } from './strong-components.ts'
import { type UnionFind, unionFind } from './union-find.ts'

/**
 * Which tasks are dispatched together. Tasks that hang together through transient values must run in one worker: a
 * segment. Everything on a path between its members joins it (the value would have to come back), and so do per-item
 * steps fed only by it. Other per-item steps on worker threads are chained when nothing is waited for in between.
 */
export type Grouped =
  | { readonly ok: true; readonly groups: readonly Group[]; readonly steps: readonly Step[] }
  | { readonly ok: false; readonly problems: readonly SegmentProblem[] }

export interface SegmentProblem {
  readonly step: string
  readonly message: string
  readonly fix: string
}

export type LooseCell = Omit<Cell, 'group'>
export type LooseStep = Omit<Step, 'cells'>

/** Cells as numbers, and what the rules ask about them. */
interface Cells {
  readonly all: readonly LooseCell[]
  readonly stepOf: (cell: number) => LooseStep
  /** What it reads, and what chooses its items. */
  readonly inputsOf: (cell: number) => readonly number[]
  /** Tasks of a group run on the same items, so they must choose and join them alike. */
  readonly placeOf: (cell: number) => string
  readonly find: UnionFind
  readonly inSegment: Set<number>
}

/** Cells are in topological order, as made by the compiler. Linear in cells and edges. */
export function groupCells(
  all: readonly LooseCell[],
  steps: readonly LooseStep[],
  outputs: readonly GraphOutput[],
): Grouped {
  const inputs = all.map(cell => [
    ...new Set([
      ...cell.inputs.flatMap(input => input.sources.map(source => source.cell)),
      ...cell.selects.map(select => select.source.cell),
    ]),
  ])
  const places = all.map(cell =>
    canonical([
      steps[cell.step]!.join,
      cell.selects.map(({ source, equals }) => [source.cell, source.port, equals ?? null]),
    ]),
  )
  const cells: Cells = {
    all,
    stepOf: cell => steps[all[cell]!.step]!,
    inputsOf: cell => inputs[cell]!,
    placeOf: cell => places[cell]!,
    find: unionFind(all.length),
    inSegment: new Set(),
  }
  const problems = [...joinTransient(cells), ...joinPaths(cells), ...tornSegments(cells)]
  if (problems.length > 0) return { ok: false, problems }
  joinFedOnlyBySegment(cells)
  chainItemSteps(cells)
  return { ok: true, ...finishGroups(all, steps, outputs, cells.find) }
}

/** Both ends of every edge whose value is never stored. */
function joinTransient({ all, stepOf, find, inSegment }: Cells): readonly SegmentProblem[] {
  const problems: SegmentProblem[] = []
  for (const cell of all) {
    const step = stepOf(cell.index)
    if (step.outputs.some(output => output.persist === 'transient')) inSegment.add(cell.index)
    for (const { port, sources } of cell.inputs) {
      for (const source of sources) {
        const other = stepOf(source.cell)
        if (!isTransient(other, source.port)) continue
        find.join(source.cell, cell.index)
        inSegment.add(source.cell).add(cell.index)
        if (step.mode === 'item') continue
        problems.push({
          step: step.id,
          message: `\`${step.id}\` takes all items at once, but \`${other.id}.${source.port}\`, which feeds its input \`${port}\`, is never stored`,
          fix: 'feed it something that is stored',
        })
      }
    }
  }
  return problems
}

/**
 * A path that leaves a segment and comes back is a circle once segments are taken as one node; its cells join. A
 * collection step on it cannot be in a worker: one problem for each such step.
 */
function joinPaths(cells: Cells): readonly SegmentProblem[] {
  const { all, stepOf, inputsOf, find, inSegment } = cells
  const problems: SegmentProblem[] = []
  const members = new Map<number, number[]>()
  for (const { index } of all) {
    const root = find.root(index)
    const list = members.get(root)
    if (list === undefined) members.set(root, [index])
    else list.push(index)
  }
  const roots = [...members.keys()]
  const before = (root: number) =>
    new Set(members.get(root)!.flatMap(cell => inputsOf(cell).map(source => find.root(source))))
  for (const component of strongComponents(roots, before)) {
    const inside = component.flatMap(root => members.get(root)!).sort((a, b) => a - b)
    const reported = new Set<string>()
    for (const cell of inside) {
      const step = stepOf(cell)
      if (step.mode === 'item' || inSegment.has(cell) || reported.has(step.id)) continue
      reported.add(step.id)
      problems.push(betweenEnds(cell, inside, cells))
    }
    for (const cell of inside) {
      find.join(cell, inside[0]!)
      inSegment.add(cell)
    }
  }
  return problems
}

function betweenEnds(cell: number, inside: readonly number[], { stepOf, inputsOf, inSegment }: Cells): SegmentProblem {
  const members = new Set(inside)
  const readers = new Map<number, number[]>()
  for (const reader of inside) {
    for (const source of inputsOf(reader)) readers.set(source, [...(readers.get(source) ?? []), reader])
  }
  const nearest = (next: (at: number) => readonly number[]): string => {
    const queue = [cell]
    for (const at of queue) {
      if (inSegment.has(at)) return stepOf(at).id
      queue.push(...next(at).filter(other => members.has(other) && !queue.includes(other)))
    }
    return stepOf(cell).id
  }
  const first = nearest(inputsOf)
  const last = nearest(at => readers.get(at) ?? [])
  const { id } = stepOf(cell)
  return {
    step: id,
    message: `\`${id}\` needs all items, but stands between \`${first}\` and \`${last}\`, which work on one item at a time because values that are never stored pass between their steps`,
    fix: `feed \`${last}\` from a second pipeline that starts after \`${id}\`, or take \`${id}\` off the way between them`,
  }
}

/** Members of one segment that would run on different items. */
function tornSegments({ stepOf, placeOf, find, inSegment }: Cells): readonly SegmentProblem[] {
  const torn = [...inSegment].find(cell => placeOf(cell) !== placeOf(find.root(cell)))
  if (torn === undefined) return []
  const [one, other] = [stepOf(torn).id, stepOf(find.root(torn)).id]
  return [
    {
      step: one,
      message: `\`${one}\` and \`${other}\` pass values that are never stored, but do not run on the same items`,
      fix: 'give both the same `items` and `join`, or put them into one pipeline and `items` on its use',
    },
  ]
}

function joinFedOnlyBySegment({ all, stepOf, inputsOf, placeOf, find, inSegment }: Cells): void {
  const below = new Map<number, Set<number>>()
  for (const cell of all) {
    const step = stepOf(cell.index)
    if (inSegment.has(cell.index) || step.mode !== 'item' || step.lane !== 'cpu') continue
    const perItem = cell.inputs.filter(input => input.per === 'item').flatMap(input => input.sources)
    const shared = cell.inputs.filter(input => input.per === 'collection').flatMap(input => input.sources)
    const roots = new Set(perItem.map(source => find.root(source.cell)))
    const [root] = roots
    if (root === undefined || placeOf(root) !== placeOf(cell.index)) continue
    if (roots.size > 1 || !perItem.every(source => inSegment.has(source.cell))) continue
    if (shared.some(source => dependants(root).has(source.cell))) continue
    find.join(cell.index, root)
    inSegment.add(cell.index)
    // What it reads beside its segment, the whole segment waits for now; otherwise it was among the dependants before.
    if (shared.length > 0) below.clear()
  }

  /** Cells that wait for a segment, directly or not: a segment waits as a whole as soon as one of its cells does. */
  function dependants(root: number): ReadonlySet<number> {
    const known = below.get(root)
    if (known !== undefined) return known
    const found = new Set<number>()
    const waiting = new Set([root])
    for (let before = -1; before < found.size; ) {
      before = found.size
      for (const { index } of all) {
        if (found.has(index)) continue
        const segment = inSegment.has(index) ? find.root(index) : undefined
        const waits = segment !== undefined && waiting.has(segment)
        if (!waits && !inputsOf(index).some(source => found.has(source))) continue
        found.add(index)
        if (segment !== undefined) waiting.add(segment)
      }
    }
    below.set(root, found)
    return found
  }
}

/** A per-item step joins the group that finishes last among its inputs, if all others are done before that one starts. */
function chainItemSteps({ all, stepOf, inputsOf, placeOf, find, inSegment }: Cells): void {
  // Groups whose values a group outside segments reads. Roots do not change any more once a reader asks for them.
  const before = new Map<number, Set<number>>()
  for (const { index } of all) {
    const step = stepOf(index)
    if (inSegment.has(index)) continue
    const roots = new Map(inputsOf(index).map(source => [find.root(source), source]))
    const hosts = step.mode === 'item' ? [...roots] : []
    const host = hosts.find(([root, source]) => {
      const other = stepOf(source)
      if (inSegment.has(source) || other.mode !== 'item' || other.lane !== step.lane) return false
      if (placeOf(source) !== placeOf(index)) return false
      return [...roots.keys()].every(one => one === root || before.get(root)!.has(one))
    })
    if (host === undefined) {
      before.set(index, new Set(roots.keys()))
      continue
    }
    find.join(index, host[0])
    for (const root of roots.keys()) if (root !== host[0]) before.get(host[0])!.add(root)
  }
}

function isTransient(step: LooseStep, port: string): boolean {
  return step.outputs.find(output => output.port === port)?.persist === 'transient'
}
