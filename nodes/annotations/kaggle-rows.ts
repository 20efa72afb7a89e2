import type { TaskError } from '../../engine/base/diagnostic.ts'
import { badFile } from '../values/bad-file.ts'
import { numberCell, readCsvRecords } from '../values/csv-records.ts'
import { matchedParts } from '../values/matched-parts.ts'
import type { Problems } from './problems.ts'

/** Which columns of the CSV hold what; see the parameters of annotations/kaggle-rle. */
export interface RleColumns {
  readonly id_column: string
  readonly id_extension?: string
  readonly mask_column: string
  readonly class_column?: string
  readonly width_column?: string
  readonly height_column?: string
  readonly group_column?: string
  readonly group_pattern: string
}

/** The rows of one image. */
export interface ImageRows {
  /** Of its first row; 1-based, header included. */
  readonly rowNumber: number
  /** [height, width], if the file says it. */
  readonly sizeHw: readonly [number, number] | undefined
  readonly group: string
  readonly masks: { readonly rowNumber: number; readonly text: string; readonly label: number }[]
}

/**
 * All rows by image, in order of first appearance; mask texts stay texts. A byte order mark and CRLF are fine.
 * @throws TaskError naming row and column: an unknown class, a size that is none or changes within an image, an empty id.
 */
export async function readImageRows(
  path: string,
  columns: RleColumns,
  labels: ReadonlyMap<string, number>,
  problems: Problems,
): Promise<Map<string, ImageRows>> {
  const { id_column: idColumn, mask_column: maskColumn, class_column: classColumn, group_column: groupColumn } = columns
  const wanted = [
    idColumn,
    maskColumn,
    ...[classColumn, columns.width_column, columns.height_column, groupColumn].filter(name => name !== undefined),
  ]
  const pattern = new RegExp(columns.group_pattern)
  const byImage = new Map<string, ImageRows>()
  const raise = (error: TaskError) => problems.raise('bad-row', error)
  for await (const { rowNumber, cells } of readCsvRecords(path, wanted, raise)) {
    const id = problems.attempt('bad-row', () => itemId(path, rowNumber, cells[idColumn]!, columns))
    if (id === undefined) continue
    const own = problems.of(id)
    const row = own.attempt('bad-row', () => ({
      sizeHw: sizeOf(path, rowNumber, cells, columns),
      group: groupColumn === undefined ? undefined : groupOf(path, rowNumber, cells[groupColumn]!, pattern, columns),
    }))
    if (row === undefined) continue
    const { sizeHw, group = id } = row
    const image = byImage.get(id) ?? { rowNumber, sizeHw, group, masks: [] }
    byImage.set(id, image)
    if (image.sizeHw?.[0] !== sizeHw?.[0] || image.sizeHw?.[1] !== sizeHw?.[1]) {
      const message = `${id} has another size than in row ${image.rowNumber}`
      own.raise('mask-size', badFile(path, `row ${rowNumber}`, message))
      continue
    }
    if (image.group !== group) {
      const message = `${id} is of ${group}, in row ${image.rowNumber} it is of ${image.group}`
      own.raise('bad-row', badFile(path, `row ${rowNumber}`, message))
      continue
    }
    const text = cells[maskColumn]!.trim()
    if (text === '') continue
    const label = own.attempt('unknown-label', () => labelOf(path, rowNumber, cells, classColumn, labels))
    if (label !== undefined) image.masks.push({ rowNumber, text, label })
  }
  return byImage
}

type Cells = { readonly [column: string]: string }

function itemId(path: string, rowNumber: number, cell: string, { id_column: column, ...rest }: RleColumns): string {
  const extension = rest.id_extension ?? ''
  if (!cell.endsWith(extension))
    throw badFile(
      path,
      `row ${rowNumber}, column ${column}`,
      `is ${JSON.stringify(cell)}; expected an id with ${extension}`,
    )
  const id = cell.slice(0, cell.length - extension.length)
  if (id === '') throw badFile(path, `row ${rowNumber}, column ${column}`, 'has no id')
  return id
}

function sizeOf(path: string, rowNumber: number, cells: Cells, columns: RleColumns): ImageRows['sizeHw'] {
  const { width_column: widthColumn, height_column: heightColumn } = columns
  if (widthColumn === undefined || heightColumn === undefined) return undefined
  const [height, width] = [heightColumn, widthColumn].map(column => {
    const side = numberCell(path, rowNumber, column, cells[column]!)
    if (Number.isSafeInteger(side) && side >= 1) return side
    throw badFile(path, `row ${rowNumber}, column ${column}`, `is ${side}; expected a whole number of pixels from 1`)
  })
  return [height!, width!]
}

function groupOf(path: string, rowNumber: number, cell: string, pattern: RegExp, columns: RleColumns): string {
  const group = matchedParts(pattern, cell)
  if (group !== '') return group
  const where = `row ${rowNumber}, column ${columns.group_column}`
  throw badFile(path, where, `${JSON.stringify(cell)} gives no group by ${columns.group_pattern}`)
}

function labelOf(
  path: string,
  rowNumber: number,
  cells: Cells,
  column: string | undefined,
  labels: ReadonlyMap<string, number>,
): number {
  if (column === undefined) return 0
  const label = labels.get(cells[column]!.trim())
  if (label !== undefined) return label
  const known = [...labels.keys()].join(', ')
  throw badFile(path, `row ${rowNumber}, column ${column}`, `${JSON.stringify(cells[column])} is none of ${known}`)
}
