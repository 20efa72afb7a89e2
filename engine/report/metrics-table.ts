import { tableLines } from './table.ts'

/** Rows × columns of text and numbers; `null` is "not defined" (a class without ground truth), which is not 0. */
export interface MetricsTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

/** Groups (a category, an area range) become rows, names of numbers columns, both in order of first appearance. */
export function tableOfMetrics(metrics: {
  readonly [group: string]: { readonly [name: string]: number | null }
}): MetricsTable {
  const names = [...new Set(Object.values(metrics).flatMap(numbers => Object.keys(numbers)))]
  return {
    columns: ['', ...names],
    rows: Object.entries(metrics).map(([group, numbers]) => [group, ...names.map(name => numbers[name] ?? null)]),
  }
}

export type TableFormat = 'text' | 'markdown' | 'csv'

/**
 * Text and Markdown round to `digits` after the point (a column of whole numbers stays whole) and show `–` for null;
 * CSV keeps every digit and leaves null empty (RFC 4180, `\n` line ends).
 */
export function formatMetrics(table: MetricsTable, format: TableFormat, digits: number = 4): string {
  switch (format) {
    case 'text':
      return `${textLines(table, digits).join('\n')}\n`
    case 'markdown':
      return markdown(table, digits)
    case 'csv':
      return [table.columns, ...table.rows].map(row => `${row.map(csvCell).join(',')}\n`).join('')
  }
}

function textLines(table: MetricsTable, digits: number): string[] {
  const columns = table.columns.map((title, index) => ({ title, align: alignOf(table, index) }))
  return tableLines(columns, textRows(table, digits))
}

function markdown(table: MetricsTable, digits: number): string {
  const cellOf = (text: string) => text.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ')
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  const rule = table.columns.map((_, index) => (alignOf(table, index) === 'right' ? '---:' : '---'))
  return [
    line(table.columns.map(cellOf)),
    line(rule),
    ...textRows(table, digits).map(row => line(row.map(cellOf))),
  ].join('')
}

function alignOf(table: MetricsTable, column: number): 'left' | 'right' {
  return table.rows.some(row => typeof row[column] === 'string') ? 'left' : 'right'
}

function textRows(table: MetricsTable, digits: number): string[][] {
  const digitsOf = table.columns.map((_, index) =>
    table.rows.every(row => typeof row[index] !== 'number' || Number.isInteger(row[index])) ? 0 : digits,
  )
  return table.rows.map(row => table.columns.map((_, index) => cellText(row[index] ?? null, digitsOf[index] ?? digits)))
}

function cellText(cell: string | number | null, digits: number): string {
  if (cell === null || (typeof cell === 'number' && Number.isNaN(cell))) return '–'
  return typeof cell === 'string' ? cell : cell.toFixed(digits)
}

function csvCell(cell: string | number | null): string {
  const text = cell === null || (typeof cell === 'number' && Number.isNaN(cell)) ? '' : String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text
}
