import { canonical, type Json } from '../base/canonical.ts'
import type { CellRecord } from '../contract/store.ts'
import { noPaint, type Paint } from './paint.ts'
import { tableLines } from './table.ts'
import { type Change, compareRecipes, compareWiring, type RecipeParts } from './why.ts'
import { shortChange } from './why-text.ts'

/** One of two runs as `runs diff` sees it. */
export interface RunSide {
  readonly id: string
  readonly params: { readonly [name: string]: Json }
  /** In the order in which they were recorded first: the order of the pipeline. */
  readonly cells: readonly CellRecord[]
  readonly recipeOf: (cell: CellRecord) => RecipeParts | undefined
  /** Numbers of its tables, then of its metrics: `evaluate.metrics  all/AP` → value. */
  readonly numbers: ReadonlyMap<string, number | null>
}

export interface RunsDiff {
  readonly before: string
  readonly after: string
  readonly params: readonly {
    readonly name: string
    readonly before: Json | undefined
    readonly after: Json | undefined
  }[]
  /** Cells with a part of their own that differs, those before others first. */
  readonly cells: readonly { readonly address: string; readonly changes: readonly Change[] }[]
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Cells of which only the results differ. */
  readonly otherOutputs: readonly string[]
  readonly numbers: readonly {
    readonly name: string
    readonly before: number | null | undefined
    readonly after: number | null | undefined
  }[]
}

export function diffRuns(before: RunSide, after: RunSide): RunsDiff {
  const old = new Map(before.cells.map(cell => [cell.address, cell]))
  const now = new Map(after.cells.map(cell => [cell.address, cell]))
  const both = upstreamFirst(after.cells).filter(cell => old.has(cell.address))
  const cells = both.flatMap(cell => {
    const changes = cellChanges(old.get(cell.address)!, cell, before, after)
    return changes.length === 0 ? [] : [{ address: cell.address, changes }]
  })
  const changed = new Set(cells.map(({ address }) => address))
  const otherOutputs = both
    .filter(cell => !changed.has(cell.address))
    .filter(cell => canonical(old.get(cell.address)!.outputs) !== canonical(cell.outputs))
    .map(({ address }) => address)
  return {
    before: before.id,
    after: after.id,
    params: differing(Object.entries(before.params), Object.entries(after.params)),
    cells,
    added: after.cells.map(({ address }) => address).filter(address => !old.has(address)),
    removed: before.cells.map(({ address }) => address).filter(address => !now.has(address)),
    otherOutputs,
    numbers: differing([...before.numbers], [...after.numbers]),
  }
}

function cellChanges(old: CellRecord, now: CellRecord, before: RunSide, after: RunSide): readonly Change[] {
  const [from, to] = [before.recipeOf(old), after.recipeOf(now)]
  const recipes = old.recipe === now.recipe || from === undefined || to === undefined ? [] : compareRecipes(from, to)
  const wiring = old.wiring === undefined || now.wiring === undefined ? [] : compareWiring(old.wiring, now.wiring)
  return [...recipes.filter(({ what }) => what !== 'types'), ...wiring, ...sourceChanges(old, now)]
}

/** The files of a `files` cell. */
function sourceChanges(old: CellRecord, now: CellRecord): readonly Change[] {
  const [before, after] = [old, now].map(cell => cell.inputs.find(([port]) => port === 'files')?.[1][0])
  if (before === after) return []
  return [{ what: 'input', port: 'files', index: undefined, source: undefined, before, after }]
}

/** Cells in an order in which each comes after those it reads. */
function upstreamFirst(cells: readonly CellRecord[]): readonly CellRecord[] {
  const byAddress = new Map(cells.map(cell => [cell.address, cell]))
  const depths = new Map<string, number>()
  const pending = [...cells]
  // Steps may be thousands deep: no recursion.
  while (pending.length > 0) {
    const cell = pending.at(-1)!
    const sources = (cell.wiring?.ports ?? [])
      .flatMap(([, list]) => list.map(source => source.slice(0, source.lastIndexOf('.'))))
      .filter(address => byAddress.has(address) && address !== cell.address)
    const open = sources.filter(address => !depths.has(address))
    if (open.length > 0 && !depths.has(cell.address)) {
      pending.push(...open.map(address => byAddress.get(address)!))
      continue
    }
    pending.pop()
    const deepest = sources.reduce((depth, address) => Math.max(depth, depths.get(address)! + 1), 0)
    depths.set(cell.address, deepest)
  }
  return [...cells].sort((a, b) => depths.get(a.address)! - depths.get(b.address)!)
}

function differing<T extends Json>(
  before: readonly (readonly [string, T])[],
  after: readonly (readonly [string, T])[],
) {
  const [old, now] = [new Map(before), new Map(after)]
  return [...new Set([...old.keys(), ...now.keys()])].flatMap(name => {
    const [a, b] = [old.get(name), now.get(name)]
    const same = a === undefined || b === undefined ? a === b : canonical(a) === canonical(b)
    return same ? [] : [{ name, before: a, after: b }]
  })
}

/** What `runs diff` prints: what differed, where it began, and what it did to the numbers. */
export function runsDiffLines(diff: RunsDiff, paint: Paint = noPaint): string[] {
  const { params, cells, added, removed, otherOutputs, numbers } = diff
  if ([params, cells, added, removed, otherOutputs, numbers].every(list => list.length === 0)) {
    return [`${diff.before} and ${diff.after} made the same.`]
  }
  const plain = (count: number) => Array.from({ length: count }, () => ({ title: '' }))
  const look = { indent: 2, bare: true }
  const lines = [paint.bold(`${diff.before} → ${diff.after}`)]
  if (params.length > 0) {
    const rows = params.map(({ name, before, after }) => [name, text(before), `→ ${text(after)}`])
    lines.push('parameters', ...tableLines(plain(3), rows, look))
  }
  const [first] = cells
  if (first !== undefined) {
    lines.push(`differs first: ${first.address}`)
    const rows = cells
      .slice(0, shownAtMost)
      .flatMap(({ address, changes }) => changes.map(change => [address, shortChange(change)]))
    lines.push(...tableLines(plain(2), rows, look), ...more(cells.length))
  }
  if (added.length > 0)
    lines.push(`only in the second: ${added.slice(0, shownAtMost).join(', ')}`, ...more(added.length))
  if (removed.length > 0)
    lines.push(`only in the first: ${removed.slice(0, shownAtMost).join(', ')}`, ...more(removed.length))
  if (otherOutputs.length > 0) {
    lines.push(
      `other results from there: ${otherOutputs.slice(0, shownAtMost).join(', ')}`,
      ...more(otherOutputs.length),
    )
  }
  if (numbers.length > 0) {
    const columns = [{ title: '' }, ...['before', 'after', 'change'].map(title => ({ title, align: 'right' as const }))]
    const once = withoutRepeats(numbers)
    const rows = once
      .slice(0, shownAtMost)
      .map(({ name, before, after }) => [name, numberText(before), numberText(after), delta(before, after)])
    lines.push(...tableLines(columns, rows, { indent: 2 }), ...more(once.length))
    if (numbers.length > Math.min(once.length, shownAtMost)) lines.push(`  --json lists all ${numbers.length}`)
  } else {
    lines.push('no number of a metric or table differs')
  }
  return lines
}

const shownAtMost = 20

const lastWord = /[^ .]+$/

/** A number that a table took over from metrics (`box.AP` from `box / AP`) is said once, where it comes first. */
function withoutRepeats(numbers: RunsDiff['numbers']): RunsDiff['numbers'] {
  const seen = new Set<string>()
  return numbers.filter(({ name, before, after }) => {
    const same = `${lastWord.exec(name)?.[0]} ${before} ${after}`
    if (seen.has(same)) return false
    seen.add(same)
    return true
  })
}

function more(count: number): readonly string[] {
  return count > shownAtMost ? [`  … and ${count - shownAtMost} more`] : []
}

function text(value: Json | undefined): string {
  return value === undefined ? 'not given' : JSON.stringify(value)
}

function numberText(value: number | null | undefined): string {
  if (value === undefined) return 'missing'
  if (value === null) return '–'
  return Number.isInteger(value) ? String(value) : value.toFixed(4)
}

function delta(before: number | null | undefined, after: number | null | undefined): string {
  if (typeof before !== 'number' || typeof after !== 'number') return ''
  const change = after - before
  const digits = Number.isInteger(before) && Number.isInteger(after) ? 0 : 4
  return `${change > 0 ? '+' : ''}${change.toFixed(digits)}`
}
