import type { Kind } from '../../engine/contract/kind.ts'
import { documentCodec } from './json-document.ts'

/** A small table for people and scripts: named columns, rows of as many cells. */
export type Table = {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

export const tableKind: Kind<Table> = {
  name: 'table',
  description: 'Named columns and rows of text, numbers or nothing.',
  extension: 'json',
  ...documentCodec('table', problem, ({ columns, rows }: Table) => ({ columns, rows })),
  print: printTable,
}

/** What fits a screen; the delivered file has all rows. */
const PRINTED_ROWS = 20
/** A table that is wider and has few rows is turned: one line for each column. */
const PRINTED_COLUMNS = 8
const TURNED_ROWS = 6

/** Aligned columns: text to the left, numbers with four decimals to the right, `–` for nothing; no more than 20 rows. */
function printTable({ columns, rows: all }: Table): string {
  if (columns.length > PRINTED_COLUMNS && all.length <= TURNED_ROWS) return printTurned(columns, all)
  const rows = all.slice(0, PRINTED_ROWS)
  const more = all.length - rows.length
  const text = printRows(columns, rows)
  return more === 0 ? text : `${text}\n… and ${more} more rows, in the file`
}

function printTurned(columns: Table['columns'], rows: Table['rows']): string {
  const [names, ...lines] = columns.map((column, i) => [column, ...rows.map(row => cellText(row[i]!))])
  return printRows(names!, lines)
}

function printRows(columns: Table['columns'], rows: Table['rows']): string {
  const texts = [columns, ...rows].map(row => row.map(cellText))
  const widths = columns.map((_, i) => Math.max(...texts.map(row => row[i]!.length)))
  const isText = columns.map((_, i) => rows.some(row => typeof row[i] === 'string'))
  return texts
    .map(row =>
      row
        .map((text, i) => (isText[i] ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cellText(cell: string | number | null): string {
  if (cell === null) return '–'
  return typeof cell === 'string' || Number.isInteger(cell) ? String(cell) : cell.toFixed(4)
}

function problem(value: unknown): string | undefined {
  const { columns, rows } = (value ?? {}) as { readonly columns?: unknown; readonly rows?: unknown }
  if (!Array.isArray(columns) || columns.some(column => typeof column !== 'string')) return 'there are no named columns'
  if (!Array.isArray(rows)) return 'there is no list of rows'
  for (const [index, row] of rows.entries()) {
    if (!Array.isArray(row)) return `row ${index} is not a list of cells`
    if (row.length !== columns.length)
      return `row ${index} has ${row.length} cells, the table has ${columns.length} columns`
    const wrong = row.findIndex(cell => cell !== null && typeof cell !== 'string' && !Number.isFinite(cell))
    if (wrong >= 0) return `row ${index}, column ${columns[wrong]} is ${row[wrong]}; expected text, a number or null`
  }
  return undefined
}
