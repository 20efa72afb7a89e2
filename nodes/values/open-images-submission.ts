import { badFile } from './bad-file.ts'
import { readLines } from './text-lines.ts'

/** The submission file of Open Images 2019 and its successors, read row by row. */

export const submissionColumns = ['ImageID', 'ImageWidth', 'ImageHeight', 'PredictionString'] as const

export interface SubmissionRow {
  /** The line it begins in, 1-based. */
  readonly rowNumber: number
  readonly imageId: string
  /** −1 × −1 is how some programs mark a row without predictions. */
  readonly widthPx: number
  readonly heightPx: number
  readonly predictions: readonly SubmissionPrediction[]
}

export interface SubmissionPrediction {
  readonly classId: string
  readonly score: number
  /** Open Images mask text of a frame of the row's size. */
  readonly maskText: string
}

/**
 * Rows in file order, one in memory at a time. A byte order mark, CRLF line ends and numbers like 1e-05 are fine; an
 * empty PredictionString is no predictions. Lines with quotes are read by csv-parse, the others are cut at their commas.
 * @throws TaskError naming row and column.
 */
export async function* readSubmission(path: string): AsyncGenerator<SubmissionRow> {
  let isFirst = true
  for await (const { rowNumber, cells } of readCells(path)) {
    if (isFirst) requireHeader(path, cells)
    else yield readRow(path, rowNumber, cells)
    isFirst = false
  }
  if (isFirst) throw badFile(path, undefined, `is empty; expected the header ${submissionColumns.join()}`)
}

/** Quoted cells may hold line ends: lines are gathered until their quotes are even. */
async function* readCells(path: string): AsyncGenerator<{ rowNumber: number; cells: readonly string[] }> {
  let open: { rowNumber: number; text: string } | undefined
  for await (const { number, text } of readLines(path)) {
    if (!open && !text.includes('"')) {
      if (text !== '') yield { rowNumber: number, cells: text.split(',') }
      continue
    }
    open = open ? { ...open, text: `${open.text}\n${text}` } : { rowNumber: number, text }
    if ((open.text.match(/"/g) ?? []).length % 2 === 1) continue
    yield { rowNumber: open.rowNumber, cells: await quotedCells(path, open.rowNumber, open.text) }
    open = undefined
  }
  if (open) yield { rowNumber: open.rowNumber, cells: await quotedCells(path, open.rowNumber, open.text) }
}

async function quotedCells(path: string, rowNumber: number, text: string): Promise<readonly string[]> {
  const { parse, CsvError } = await import('csv-parse/sync')
  try {
    return (parse(text, { relax_column_count: true }) as string[][])[0] ?? []
  } catch (error) {
    if (error instanceof CsvError) throw badFile(path, `row ${rowNumber}`, error.message)
    throw error
  }
}

function requireHeader(path: string, cells: readonly string[]): void {
  if (cells.map(cell => cell.trim()).join() === submissionColumns.join()) return
  throw badFile(path, 'row 1', `the header is ${cells.join()}; expected ${submissionColumns.join()}`)
}

function readRow(path: string, rowNumber: number, cells: readonly string[]): SubmissionRow {
  const [imageId, width, height, predictions] = cells
  if (cells.length !== submissionColumns.length || !imageId) {
    throw badFile(path, `row ${rowNumber}`, `has ${cells.length} cells; expected ${submissionColumns.join()}`)
  }
  return {
    rowNumber,
    imageId: ofItsOwn(imageId),
    widthPx: readSide(path, rowNumber, 'ImageWidth', width!),
    heightPx: readSide(path, rowNumber, 'ImageHeight', height!),
    predictions: readPredictions(path, `row ${rowNumber} (${imageId}), column PredictionString`, predictions!),
  }
}

/**
 * The same text, not as a part of the line: ids are remembered, and each would keep its line of some 10 kB in memory.
 */
function ofItsOwn(text: string): string {
  return Buffer.from(text).toString()
}

function readSide(path: string, rowNumber: number, column: string, text: string): number {
  const side = Number(text.trim() === '' ? Number.NaN : text)
  if (Number.isSafeInteger(side) && (side === -1 || side > 0)) return side
  throw badFile(
    path,
    `row ${rowNumber}, column ${column}`,
    `is ${JSON.stringify(text)}; expected a whole number of pixels`,
  )
}

function readPredictions(path: string, where: string, text: string): SubmissionPrediction[] {
  const words = text.includes('\t') || text.includes('  ') ? text.split(/\s+/) : text.split(' ')
  if (words[0] === '') words.shift()
  if (words.at(-1) === '') words.pop()
  if (words.length % 3 !== 0) {
    throw badFile(path, where, `has ${words.length} words; expected class, score and mask for each prediction`)
  }
  const predictions: SubmissionPrediction[] = []
  for (let at = 0; at < words.length; at += 3) {
    const score = /^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(words[at + 1]!) ? Number(words[at + 1]) : Number.NaN
    if (!(score >= 0 && score <= 1)) {
      throw badFile(
        path,
        where,
        `prediction ${at / 3 + 1}: the score is ${words[at + 1]}; expected a number from 0 to 1`,
      )
    }
    predictions.push({ classId: words[at]!, score, maskText: words[at + 2]! })
  }
  return predictions
}
