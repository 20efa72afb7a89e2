import type { Json } from '../base/canonical.ts'
import type { Digest } from '../base/digest.ts'
import { decodeManifest } from '../base/manifest.ts'
import type { Cell } from '../contract/graph.ts'
import type { Store } from '../contract/store.ts'
import { type Change, compareInputs, compareRecipes, type RecipeParts, type WhyReport } from '../report/why.ts'
import type { Fate } from '../run/fate.ts'
import type { Forecast } from '../run/forecast.ts'
import { columnOf, type GroupState, portAddress } from '../run/state.ts'

/** Compares cells with the last run that recorded them. */
export interface Explainer {
  readonly why: (cell: number, item: string | undefined) => WhyReport
  /** One line for the table of `plan`. */
  readonly reason: (cell: number) => string
}

export function createExplainer(result: Forecast, recipes: ReadonlyMap<Digest, string>, store: Store): Explainer {
  const { state } = result
  const cells = new Map(state.graph.steps.flatMap(step => step.cells.map(cell => [cell.index, cell] as const)))
  const startedMs = new Map(store.runs.list(1000).map(run => [run.id, run.startedMs]))
  return { why, reason }

  function why(index: number, item: string | undefined): WhyReport {
    const cell = cells.get(index)!
    const group = state.groups[cell.group]!
    const record = store.runs.lastCell(state.graph.path, cell.address)
    const verdict = verdictOf(cell, group, item)
    const own = record === undefined ? [] : ownChanges(cell, group, item, record)
    const changes = own.length > 0 || verdict === 'hit' ? own : inherited(cell, item)
    const before = record === undefined ? undefined : { runId: record.runId, startedMs: startedMs.get(record.runId) }
    return { address: cell.address, item, verdict: verdict === 'rebuild?' ? 'rebuild' : verdict, before, changes }
  }

  /** The strongest fate of the cell's tasks, or that of one item. */
  function verdictOf(cell: Cell, group: GroupState, item: string | undefined): Fate {
    const task = group.wire.tasks.findIndex(one => one.cell === cell.index)
    const rows = result.fates[group.group.index]!
    const position = item === undefined ? -1 : group.ids.indexOf(item)
    const fates = (position < 0 ? rows : [rows[position]!]).map(fates => fates[task]!)
    const order: readonly Fate[] = ['run', 'maybe', 'rebuild', 'rebuild?']
    return order.find(fate => fates.includes(fate)) ?? (fates.length === 0 ? 'run' : 'hit')
  }

  function ownChanges(
    cell: Cell,
    group: GroupState,
    item: string | undefined,
    record: NonNullable<ReturnType<Store['runs']['lastCell']>>,
  ): readonly Change[] {
    const earlier = store.recipes.get(record.recipe)
    const recipe =
      earlier === undefined ? [] : compareRecipes(recipeParts(earlier), recipeParts(recipes.get(cell.recipe)!))
    return [...recipe, ...inputChanges(cell, group, item, new Map(record.inputs))]
  }

  /** Inputs that come from outside the group; those inside it have no digest of their own before it runs. */
  function inputChanges(
    cell: Cell,
    group: GroupState,
    item: string | undefined,
    recorded: ReadonlyMap<string, readonly Digest[]>,
  ): Change[] {
    const changes: Change[] = []
    for (const input of cell.inputs) {
      for (const source of input.sources) {
        const external = group.group.externals.findIndex(one => one.cell === source.cell && one.port === source.port)
        const [before] = recorded.get(portAddress(state, source)) ?? []
        if (external < 0 || before === undefined) continue
        const after = digestNow(group, external, item)
        const old =
          group.wire.externals[external]!.per === 'item' && item !== undefined ? digestOfItem(before, item) : before
        if (after === undefined || after === old) continue
        const sources = [portAddress(state, source)]
        changes.push(
          ...compareInputs(
            [{ port: input.port, digests: old === undefined ? [] : [old], sources }],
            [{ port: input.port, digests: [after], sources }],
          ),
        )
      }
    }
    return changes
  }

  function digestNow(group: GroupState, external: number, item: string | undefined): Digest | undefined {
    const source = group.group.externals[external]!
    if (group.wire.externals[external]!.per === 'collection') return state.singles.get(`${source.cell}.${source.port}`)
    if (item === undefined) return undefined
    const column = columnOf(state, source)
    return column.digests[column.ids.indexOf(item)]
  }

  function digestOfItem(collection: Digest, item: string): Digest | undefined {
    const bytes = store.read(collection)
    if (bytes === undefined) return undefined
    const manifest = decodeManifest(bytes)
    return manifest.digests[manifest.ids.indexOf(item)]
  }

  /** Nothing of its own changed: the nearest cells before it that did. */
  function inherited(cell: Cell, item: string | undefined): readonly Change[] {
    const seen = new Set<number>()
    let level = [cell]
    while (level.length > 0) {
      const above = level.flatMap(one =>
        one.inputs.flatMap(input => input.sources.map(source => cells.get(source.cell)!)),
      )
      level = [...new Set(above)].filter(one => !seen.has(one.index))
      const found: Change[] = []
      for (const one of level) {
        seen.add(one.index)
        const record = store.runs.lastCell(state.graph.path, one.address)
        if (record === undefined) continue
        for (const change of ownChanges(one, state.groups[one.group]!, item, record))
          found.push({ what: 'upstream', address: one.address, change })
      }
      if (found.length > 0) return found
    }
    return []
  }

  function reason(index: number): string {
    const { before, changes } = why(index, undefined)
    if (before === undefined) return 'never run'
    const [first] = changes
    if (first === undefined) return 'an input changed, or its result is gone'
    const { change, from } =
      first.what === 'upstream' ? { change: first.change, from: `${first.address}: ` } : { change: first, from: '' }
    if (change.what === 'param')
      return `${from}${change.path} ${JSON.stringify(change.before) ?? 'unset'} → ${JSON.stringify(change.after) ?? 'unset'}`
    if (change.what === 'version') return `${from}node version ${change.before} → ${change.after}`
    if (change.what === 'runtime') return `${from}${change.name} ${change.before} → ${change.after}`
    return `${from}${change.what} changed`
  }
}

function recipeParts(json: string): RecipeParts {
  const [, node, version, params, , runtimes] = JSON.parse(json) as [
    string,
    string,
    number,
    Json,
    Json,
    [string, string][],
  ]
  return { node, version, params, runtimes: Object.fromEntries(runtimes) }
}
