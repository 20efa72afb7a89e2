import type { CellPort } from '../contract/graph.ts'
import type { Registry } from '../contract/registry.ts'
import type { CellRecord, RunRow, Store } from '../contract/store.ts'
import type { Compiled } from '../plan/compile.ts'
import { stepIdOf } from '../plan/places.ts'
import type { Change, ChangedPart, WhyReport } from '../report/why.ts'
import { shortChange } from '../report/why-text.ts'
import type { Fate } from '../run/fate.ts'
import type { Forecast } from '../run/forecast.ts'
import { isWhole } from '../run/state.ts'
import { type CellNow, type Ground, inputChanges, isSameInput, ownChanges } from './explain-own.ts'
import { changePlacer } from './explain-places.ts'

/** Compares cells with the last run that recorded them. */
export interface Explainer {
  readonly why: (cell: number, item: string | undefined) => WhyReport
  /** A few words for the table of `plan`. */
  readonly reason: (cell: number) => string
  /** Was the item there when the cell was last recorded? */
  readonly knewItem: (cell: number, item: string) => boolean
}

type Earlier = CellRecord & { readonly runId: string }

interface Root {
  readonly address: string
  readonly change: Change
}

/** Causes from before a cell are named up to this many. */
const rootsNamed = 40

export function createExplainer(
  result: Forecast,
  compiled: Pick<Extract<Compiled, { ok: true }>, 'recipes' | 'originOf' | 'places'>,
  store: Store,
  registry: Registry,
): Explainer {
  const { state } = result
  const { graph } = state
  const ground: Ground = { state, recipes: compiled.recipes, store, registry }
  const cells = new Map(
    graph.steps.flatMap(({ cells, node, join }) =>
      cells.map((cell): [number, CellNow] => [cell.index, { cell, group: state.groups[cell.group]!, node, join }]),
    ),
  )
  const addresses = new Set([...cells.values()].map(({ cell }) => cell.address))
  const wasThere = (address: string) => store.runs.lastCell(graph.path, address) !== undefined
  const place = changePlacer(compiled, address => addresses.has(address), wasThere)
  const runs = store.runs.list(1000).filter(run => run.path === graph.path)
  const startedMs = new Map(runs.map(run => [run.id, run.startedMs]))
  const records = new Map<number, Earlier | undefined>()
  const rootsOf = new Map<string, readonly Root[]>()
  let earlierCells: ReadonlyMap<string, readonly string[]> | undefined
  return { why, reason, knewItem }

  function why(index: number, item: string | undefined): WhyReport {
    const { cell } = cells.get(index)!
    const record = recordOf(index)
    const { group } = cells.get(index)!
    const fate = verdictOf(index, item)
    const gone = item !== undefined && !isWhole(group) && !group.ids.includes(item)
    const verdict = gone ? 'gone' : fate === 'rebuild?' ? 'rebuild' : fate
    const before = record === undefined ? undefined : { runId: record.runId, startedMs: startedMs.get(record.runId) }
    return { address: cell.address, item, verdict, before, changes: changesOf(index, item, verdict) }
  }

  function changesOf(index: number, item: string | undefined, verdict: WhyReport['verdict']): readonly Change[] {
    const { cell } = cells.get(index)!
    const primary = primaryOf(index, item)
    if (verdict === 'hit') return primary
    if (verdict === 'rebuild') return rebuildReasons(index, item).map(change => place(cell, change))
    const roots = rootsBefore(index, item)
    const found = [...primary, ...roots.map(({ address, change }): Change => ({ what: 'upstream', address, change }))]
    if (found.length > 0) return found
    const record = recordOf(index)
    const derived = record === undefined ? [] : derivedOf(index, record, item)
    const failed = failedLast(index, item)
    return [...failed, ...derived].map(change => place(cell, change))
  }

  /** What changed of the cell itself; types and digests only follow from something before it. */
  function primaryOf(index: number, item: string | undefined): readonly Change[] {
    const now = cells.get(index)!
    const record = recordOf(index)
    const parts = record === undefined ? newCell(now) : ownChanges(ground, now, record, item)
    return parts.filter(({ what }) => what !== 'types').map(part => place(now.cell, part))
  }

  function derivedOf(index: number, record: Earlier, item: string | undefined): readonly ChangedPart[] {
    const now = cells.get(index)!
    const types = ownChanges(ground, now, record, item).filter(({ what }) => what === 'types')
    return [...types, ...inputChanges(ground, now, record, item)]
  }

  /** Causes in the cells before one, nearest first; those of a cell with causes of its own hide what is before it. */
  function rootsBefore(index: number, item: string | undefined): readonly Root[] {
    // By hand, not by recursion: pipelines may be thousands of steps deep.
    const stack = [index]
    while (stack.length > 0) {
      const top = stack.at(-1)!
      const open = sourcesToFollow(top, item).filter(source => !rootsOf.has(rootKey(source, item)))
      if (open.length > 0) {
        stack.push(...open)
        continue
      }
      stack.pop()
      if (!rootsOf.has(rootKey(top, item))) rootsOf.set(rootKey(top, item), joinedRoots(top, item))
    }
    return joinedFrom(index, item)
  }

  /** Of the cell itself, or else of the cells before it. */
  function joinedRoots(index: number, item: string | undefined): readonly Root[] {
    const { address } = cells.get(index)!.cell
    const own = primaryOf(index, item)
    return own.length > 0 ? own.map(change => ({ address, change })) : joinedFrom(index, item)
  }

  function joinedFrom(index: number, item: string | undefined): readonly Root[] {
    const roots = new Map<string, Root>()
    for (const source of sourcesToFollow(index, item)) {
      for (const root of rootsOf.get(rootKey(source, item)) ?? []) {
        if (roots.size < rootsNamed) roots.set(JSON.stringify(root), root)
      }
    }
    return [...roots.values()]
  }

  function rootKey(index: number, item: string | undefined): string {
    return `${index} ${item ?? ''}`
  }

  /** Cells whose values this one reads and that may not be what they were. A value it did not read before is its own change. */
  function sourcesToFollow(index: number, item: string | undefined): readonly number[] {
    const now = cells.get(index)!
    const record = recordOf(index)
    const read = new Set(record?.wiring?.ports.flatMap(([, sources]) => sources))
    const sources = now.cell.inputs.flatMap(input => input.sources)
    const following = sources.filter(
      source =>
        (read.size === 0 || read.has(`${cells.get(source.cell)!.cell.address}.${source.port}`)) &&
        !(record !== undefined && isSameInput(ground, now, record, source, item)),
    )
    const choosing: readonly CellPort[] = now.cell.selects.map(({ source }) => source)
    return [...new Set([...following, ...choosing].map(source => source.cell))]
  }

  function recordOf(index: number): Earlier | undefined {
    if (!records.has(index)) records.set(index, store.runs.lastCell(graph.path, cells.get(index)!.cell.address))
    return records.get(index)
  }

  /** A cell that was never recorded, of a step that was: its coordinates are new. */
  function newCell({ cell }: CellNow): readonly ChangedPart[] {
    earlierCells ??= cellsOfNewestRun(runs, store)
    const before = earlierCells.get(stepIdOf(cell.address)) ?? []
    if (before.length === 0) return []
    const bracket = cell.address.indexOf('[')
    const coordinates = bracket < 0 ? 'without axes' : cell.address.slice(bracket + 1, -1)
    return [{ what: 'cell', coordinates, before }]
  }

  /** The strongest fate of the cell's tasks, or that of one item. */
  function verdictOf(index: number, item: string | undefined): Fate {
    const { group } = cells.get(index)!
    const task = group.wire.tasks.findIndex(one => one.cell === index)
    const rows = result.fates[group.group.index]!
    const position = item === undefined ? -1 : group.ids.indexOf(item)
    const found = new Set((position < 0 ? rows : [rows[position]!]).map(fates => fates[task]!))
    const order: readonly Fate[] = ['run', 'maybe', 'rebuild', 'rebuild?']
    return order.find(fate => found.has(fate)) ?? (found.size === 0 ? 'run' : 'hit')
  }

  /** Known, but its bytes are gone, or a value of it that is never stored is asked for. */
  function rebuildReasons(index: number, item: string | undefined): readonly ChangedPart[] {
    const { group } = cells.get(index)!
    const rows = result.fates[group.group.index]!
    const task = group.wire.tasks.findIndex(one => one.cell === index)
    const wanted = rows.findIndex((fates, i) => (item === undefined || group.ids[i] === item) && fates[task] !== 'hit')
    const readers = group.wire.tasks.flatMap((reader, i) => {
      const fate = rows[wanted]?.[i]
      if (fate === undefined || fate === 'hit') return []
      const ports = reader.inputs.flatMap(({ sources }) =>
        sources.flatMap(source => ('task' in source && source.task === task ? [source.port] : [])),
      )
      return ports.map(port => ({ address: reader.address, port }))
    })
    const isTransient = (port: string) =>
      group.wire.tasks[task]!.outputs.find(output => output.port === port)?.persist === 'transient'
    const lost = new Set(readers.map(({ port }) => port).filter(port => !isTransient(port)))
    const asking = new Set(readers.filter(({ port }) => isTransient(port)).map(({ address }) => address))
    return [
      ...[...lost].map((port): ChangedPart => ({ what: 'lost', port })),
      ...[...asking].map((by): ChangedPart => ({ what: 'needed', by })),
    ]
  }

  /** The newest run that knew of failures said so of this cell. */
  function failedLast(index: number, item: string | undefined): readonly ChangedPart[] {
    const [newest] = runs
    if (newest === undefined) return []
    const { address } = cells.get(index)!.cell
    const failures = failuresOf(newest)
    const mine = failures.find(([cell, id]) => cell === address && (item === undefined || id === null || id === item))
    return mine === undefined ? [] : [{ what: 'failed', runId: newest.id, message: mine[2] }]
  }

  function knewItem(index: number, item: string): boolean {
    const record = recordOf(index)
    if (record === undefined) return false
    return record.inputs.some(([, digests]) =>
      digests.some(digest => {
        const bytes = store.read(digest)
        return bytes !== undefined && new TextDecoder().decode(bytes).includes(`\n${item}\t`)
      }),
    )
  }

  function reason(index: number): string {
    const { before, changes } = why(index, undefined)
    const [first] = changes
    if (first !== undefined) return shortChange(first)
    return before === undefined ? 'never run' : 'an input changed, or its result is gone'
  }
}

function cellsOfNewestRun(runs: readonly RunRow[], store: Store): ReadonlyMap<string, readonly string[]> {
  const steps = new Map<string, string[]>()
  for (const { id } of runs) {
    for (const { address } of store.runs.cells(id)) {
      const list = steps.get(stepIdOf(address)) ?? []
      steps.set(stepIdOf(address), list)
      list.push(address)
    }
    if (steps.size > 0) return steps
  }
  return steps
}

type Failure = readonly [address: string, item: string | null, message: string]

function failuresOf({ summaryJson }: RunRow): readonly Failure[] {
  const summary =
    summaryJson === undefined ? {} : (JSON.parse(summaryJson) as { readonly failures?: readonly Failure[] })
  return summary.failures ?? []
}
