import type { Json } from '../base/canonical.ts'
import type { CellRecord, Store } from '../contract/store.ts'
import { diffRuns, type RunSide, type RunsDiff } from '../report/runs-diff.ts'
import { recipeParts } from './explain-own.ts'

/** Compares two recorded runs; undefined if one of them is not recorded. */
export function runsDiff(store: Store, before: string, after: string): RunsDiff | undefined {
  const [old, now] = [sideOf(store, before), sideOf(store, after)]
  return old === undefined || now === undefined ? undefined : diffRuns(old, now)
}

function sideOf(store: Store, id: string): RunSide | undefined {
  const run = store.runs.list(runsSearched).find(one => one.id === id)
  if (run === undefined) return undefined
  const cells = store.runs.cells(id)
  return {
    id,
    params: JSON.parse(run.paramsJson) as { readonly [name: string]: Json },
    cells,
    recipeOf: ({ recipe }) => {
      const json = store.recipes.get(recipe)
      return json === undefined ? undefined : recipeParts(json)
    },
    numbers: numbersOf(store, cells),
  }
}

/** Tables first: they hold what the author of the pipeline wants to see. */
function numbersOf(store: Store, cells: readonly CellRecord[]): RunSide['numbers'] {
  const sources = cells.flatMap(({ address, outputs }) =>
    Object.entries(outputs).map(([port, digest]) => ({
      name: `${address}.${port}`,
      value: documentIn(store.read(digest)),
    })),
  )
  const tables = sources.flatMap(({ name, value }) => (isTable(value) ? tableNumbers(value, name) : []))
  const metrics = sources.flatMap(({ name, value }) => (isTable(value) ? [] : metricNumbers(value, name)))
  return new Map([...tables, ...metrics])
}

const runsSearched = 1000
/** What is larger is no metric and no small table. */
const largestDocumentBytes = 256 * 1024

/** What may be metrics (groups of numbers) or a table; the store keeps no kinds, but their form is plain. */
function documentIn(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined || bytes.byteLength > largestDocumentBytes || bytes[0] !== 0x7b) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

function isTable(value: unknown): value is Table {
  const { columns, rows } = (value ?? {}) as { readonly columns?: unknown; readonly rows?: unknown }
  return Array.isArray(columns) && Array.isArray(rows) && rows.every(Array.isArray)
}

/** A row is named by its texts, or its position. */
function tableNumbers({ columns, rows }: Table, source: string): readonly (readonly [string, number | null])[] {
  return rows.flatMap((row, i) => {
    const name = row.filter(cell => typeof cell === 'string').join(' ') || String(i + 1)
    return row.flatMap((cell, column) =>
      typeof cell === 'number' ? [[`${source}  ${name} / ${columns[column]}`, cell] as const] : [],
    )
  })
}

function metricNumbers(value: unknown, source: string): readonly (readonly [string, number | null])[] {
  return Object.entries(value ?? {}).flatMap(([group, numbers]) => {
    if (typeof numbers !== 'object' || numbers === null || Array.isArray(numbers)) return []
    return Object.entries(numbers as object).flatMap(([name, number]) =>
      typeof number === 'number' || number === null ? [[`${source}  ${group} / ${name}`, number] as const] : [],
    )
  })
}
