import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import { decodeJson, encodeJson } from './json-document.ts'

/** A small table for people and scripts: named columns, rows of as many cells. */
export type Table = {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

export const tableKind: Kind<Table> = {
  name: 'table',
  description: 'Named columns and rows of text, numbers or nothing.',
  extension: 'json',
  encode: value => {
    for (const [index, row] of value.rows.entries()) {
      if (row.length !== value.columns.length) {
        throw badTable(`row ${index} has ${row.length} cells, the table has ${value.columns.length} columns`)
      }
      const wrong = row.findIndex(cell => typeof cell === 'number' && !Number.isFinite(cell))
      if (wrong >= 0) throw badTable(`row ${index}, column ${value.columns[wrong]} is ${row[wrong]}; use null instead`)
    }
    return encodeJson({ columns: value.columns, rows: value.rows })
  },
  decode: bytes => decodeJson(bytes) as Table,
  print: printTable,
}

/** Aligned columns: text to the left, numbers with four decimals to the right, `–` for nothing. */
function printTable({ columns, rows }: Table): string {
  const texts = [columns, ...rows].map(row => row.map(cellText))
  const widths = columns.map((_, i) => Math.max(...texts.map(row => row[i]!.length)))
  const isText = columns.map((_, i) => rows.some(row => typeof row[i] === 'string'))
  return texts
    .map(row => row.map((text, i) => (isText[i] ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join('  ').trimEnd())
    .join('\n')
}

function cellText(cell: string | number | null): string {
  if (cell === null) return '–'
  return typeof cell === 'string' || Number.isInteger(cell) ? String(cell) : cell.toFixed(4)
}

function badTable(message: string): TaskError {
  return new TaskError({ code: 'bad-value', message: `table: ${message}` })
}
