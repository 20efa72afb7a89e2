import { cutEnd, displayWidth, printable, toWidth } from './printable.ts'

export interface TableColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
}

export interface TableLook {
  /** Spaces before each line. */
  readonly indent?: number
  /** Lines are cut at this many cells. */
  readonly maxWidth?: number
  /** Leave the line with the titles out. */
  readonly bare?: boolean
}

/** Aligned lines without trailing spaces; two spaces between columns. A missing cell is empty. */
export function tableLines(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  look: TableLook = {},
): string[] {
  const titles = columns.map(column => column.title)
  const shown = (look.bare === true ? [] : [titles])
    .concat(rows.map(row => [...row]))
    .map(row => columns.map((_, index) => printable(row[index] ?? '')))
  const widths = columns.map((_, index) => Math.max(0, ...shown.map(row => displayWidth(row[index] ?? ''))))
  const indent = ' '.repeat(look.indent ?? 0)
  return shown.map(row => {
    const cells = columns.map((column, index) => toWidth(row[index] ?? '', widths[index] ?? 0, column.align ?? 'left'))
    const line = (indent + cells.join('  ')).trimEnd()
    return look.maxWidth === undefined ? line : cutEnd(line, look.maxWidth)
  })
}
