import { createReadStream } from 'node:fs'
import type { TaskError } from '../../engine/base/diagnostic.ts'
import { badFile } from './bad-file.ts'

export interface CsvRecord<Column extends string> {
  /** 1-based, header included. */
  readonly rowNumber: number
  readonly cells: { readonly [column in Column]: string }
}

/**
 * Records of a CSV file with a header, one in memory at a time, reduced to the columns asked for; others may be there.
 * @param raise gets a row that has another number of cells than the header, and the row is left out; default: thrown.
 * Empty cells at the end do not count.
 * @throws TaskError naming the row or the columns that are missing.
 */
export async function* readCsvRecords<Column extends string>(
  path: string,
  columns: readonly Column[],
  raise: (error: TaskError) => void = throwIt,
): AsyncGenerator<CsvRecord<Column>> {
  const { parse, CsvError } = await import('csv-parse')
  const parser = parse({ bom: true, skip_empty_lines: true, relax_column_count: true })
  const source = createReadStream(path).on('error', error => parser.destroy(error))
  let positions: readonly (readonly [Column, number])[] | undefined
  let width = 0
  let rowNumber = 0
  try {
    for await (const row of source.pipe(parser) as AsyncIterable<string[]>) {
      rowNumber++
      if (!positions) {
        const missing = columns.filter(column => !row.includes(column))
        if (missing.length > 0) {
          throw badFile(path, 'row 1', `has no column ${missing.join(', ')}; its columns are ${row.join(', ')}`)
        }
        positions = columns.map(column => [column, row.indexOf(column)])
        width = row.length
        continue
      }
      const cut = positions.find(([, position]) => row[position] === undefined)
      if (cut !== undefined) raise(badFile(path, `row ${rowNumber}`, `is cut before column ${cut[0]}`))
      else if (row.slice(width).some(cell => cell !== '')) {
        raise(
          badFile(path, `row ${rowNumber}`, `has ${row.length} cells, the header ${width}`, 'quote cells with commas'),
        )
      } else {
        const cells = Object.fromEntries(positions.map(([column, position]) => [column, row[position]!]))
        yield { rowNumber, cells: cells as { [column in Column]: string } }
      }
    }
  } catch (error) {
    if (error instanceof CsvError) throw badFile(path, `row ${rowNumber + 1}`, error.message)
    throw error
  } finally {
    source.destroy()
  }
  if (!positions) throw badFile(path, undefined, `is empty; expected the columns ${columns.join(', ')}`)
}

function throwIt(error: TaskError): never {
  throw error
}

/** A text as a cell to write: in quotes where it needs them (RFC 4180). */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** @throws TaskError unless the cell is a finite number. */
export function numberCell(path: string, rowNumber: number, column: string, cell: string): number {
  const value = cell.trim() === '' ? Number.NaN : Number(cell)
  if (Number.isFinite(value)) return value
  throw badFile(path, `row ${rowNumber}, column ${column}`, `is ${JSON.stringify(cell)}; expected a number`)
}
