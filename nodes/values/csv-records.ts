import { createReadStream } from 'node:fs'
import { badFile } from './bad-file.ts'

export interface CsvRecord<Column extends string> {
  /** 1-based, header included. */
  readonly rowNumber: number
  readonly cells: { readonly [column in Column]: string }
}

/**
 * Records of a CSV file with a header, one in memory at a time, reduced to the columns asked for; others may be there.
 * @throws TaskError naming the row or the columns that are missing.
 */
export async function* readCsvRecords<Column extends string>(
  path: string,
  columns: readonly Column[],
): AsyncGenerator<CsvRecord<Column>> {
  const { parse, CsvError } = await import('csv-parse')
  const parser = parse({ bom: true, skip_empty_lines: true, relax_column_count: true })
  const source = createReadStream(path).on('error', error => parser.destroy(error))
  let positions: readonly (readonly [Column, number])[] | undefined
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
        continue
      }
      const cells = positions.map(([column, position]) => {
        const cell = row[position]
        if (cell === undefined) throw badFile(path, `row ${rowNumber}`, `is cut before column ${column}`)
        return [column, cell]
      })
      yield { rowNumber, cells: Object.fromEntries(cells) as { [column in Column]: string } }
    }
  } catch (error) {
    if (error instanceof CsvError) throw badFile(path, `row ${rowNumber + 1}`, error.message)
    throw error
  } finally {
    source.destroy()
  }
  if (!positions) throw badFile(path, undefined, `is empty; expected the columns ${columns.join(', ')}`)
}

/** @throws TaskError unless the cell is a finite number. */
export function numberCell(path: string, rowNumber: number, column: string, cell: string): number {
  const value = cell.trim() === '' ? Number.NaN : Number(cell)
  if (Number.isFinite(value)) return value
  throw badFile(path, `row ${rowNumber}, column ${column}`, `is ${JSON.stringify(cell)}; expected a number`)
}
