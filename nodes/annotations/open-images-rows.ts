import type { TaskError } from '../../engine/base/diagnostic.ts'
import { badFile } from '../values/bad-file.ts'
import { numberCell, readCsvRecords } from '../values/csv-records.ts'
import type { Problems } from './problems.ts'

/** The annotation files of Open Images, grouped by image; only the images asked for are kept in memory. */

export interface ObjectRow {
  readonly rowNumber: number
  readonly classId: string
  /** x1, y1, x2, y2 as shares of width and height. */
  readonly boxShares: readonly [number, number, number, number]
  /** Path below the folder of masks; undefined in rows of the boxes file. */
  readonly maskPath: string | undefined
  readonly groupOf: boolean
}

export interface LabelRow {
  readonly classId: string
  /** 1: in the picture; 0: checked, not in it. */
  readonly confidence: number
}

/** Rows of a masks file (`MaskPath, ImageID, LabelName, BoxXMin, BoxXMax, BoxYMin, BoxYMax`) by image. */
export async function readMaskRows(
  path: string,
  wanted: ReadonlySet<string>,
  problems: Problems,
): Promise<Map<string, ObjectRow[]>> {
  const columns = ['MaskPath', 'ImageID', 'LabelName', 'BoxXMin', 'BoxXMax', 'BoxYMin', 'BoxYMax'] as const
  const byImage = new Map<string, ObjectRow[]>()
  for await (const { rowNumber, cells } of readCsvRecords(path, columns, asProblem(problems))) {
    if (!wanted.has(cells.ImageID)) continue
    const own = problems.of(cells.ImageID)
    const maskPath = own.attempt('missing-mask', () => checkedPath(path, rowNumber, cells.MaskPath))
    if (maskPath === undefined) continue
    const shares = own.attempt('bad-box', () =>
      boxShares(path, rowNumber, cells, ['BoxXMin', 'BoxYMin', 'BoxXMax', 'BoxYMax']),
    )
    if (shares === undefined) continue
    push(byImage, cells.ImageID, { rowNumber, classId: cells.LabelName, boxShares: shares, maskPath, groupOf: false })
  }
  return byImage
}

/** Rows of a boxes file (`ImageID, LabelName, XMin, XMax, YMin, YMax, IsGroupOf`) by image. */
export async function readBoxRows(
  path: string,
  wanted: ReadonlySet<string>,
  problems: Problems,
): Promise<Map<string, ObjectRow[]>> {
  const columns = ['ImageID', 'LabelName', 'XMin', 'XMax', 'YMin', 'YMax', 'IsGroupOf'] as const
  const byImage = new Map<string, ObjectRow[]>()
  for await (const { rowNumber, cells } of readCsvRecords(path, columns, asProblem(problems))) {
    if (!wanted.has(cells.ImageID)) continue
    const row = problems.of(cells.ImageID).attempt('bad-box', () => ({
      boxShares: boxShares(path, rowNumber, cells, ['XMin', 'YMin', 'XMax', 'YMax']),
      groupOf: numberCell(path, rowNumber, 'IsGroupOf', cells.IsGroupOf) === 1,
    }))
    if (row) push(byImage, cells.ImageID, { rowNumber, classId: cells.LabelName, maskPath: undefined, ...row })
  }
  return byImage
}

/** Rows of an image labels file (`ImageID, LabelName, Confidence`) by image. */
export async function readLabelRows(
  path: string,
  wanted: ReadonlySet<string>,
  problems: Problems,
): Promise<Map<string, LabelRow[]>> {
  const byImage = new Map<string, LabelRow[]>()
  const columns = ['ImageID', 'LabelName', 'Confidence'] as const
  for await (const { rowNumber, cells } of readCsvRecords(path, columns, asProblem(problems))) {
    if (!wanted.has(cells.ImageID)) continue
    const confidence = problems
      .of(cells.ImageID)
      .attempt('bad-row', () => numberCell(path, rowNumber, 'Confidence', cells.Confidence))
    if (confidence !== undefined) push(byImage, cells.ImageID, { classId: cells.LabelName, confidence })
  }
  return byImage
}

function asProblem(problems: Problems): (error: TaskError) => void {
  return error => problems.raise('bad-row', error)
}

function checkedPath(path: string, rowNumber: number, cell: string): string {
  const maskPath = cell.replaceAll('\\', '/')
  if (maskPath !== '' && !maskPath.startsWith('/') && !maskPath.split('/').includes('..')) return maskPath
  const message = `is ${JSON.stringify(maskPath)}; expected a path below the masks folder`
  throw badFile(path, `row ${rowNumber}, column MaskPath`, message)
}

/** How far boxes may reach over the edge: some were drawn a little over it. */
const SLACK_SHARE = 0.01

/** Coordinates in the files have six decimals, so equal boxes may differ in the last of them. */
const SAME_SHARE = 1.5e-6

/**
 * Mask rows with the group-of flag of their box row (same class, same box), then the box rows that no mask belongs to.
 * The official evaluation joins both files by the same columns, but by equal numbers only.
 */
export function joinMasksAndBoxes(masks: readonly ObjectRow[], boxes: readonly ObjectRow[]): ObjectRow[] {
  const free = new Set(boxes)
  const joined = masks.map(mask => {
    for (const box of free) {
      const same = box.boxShares.every((share, side) => Math.abs(share - mask.boxShares[side]!) <= SAME_SHARE)
      if (box.classId !== mask.classId || !same) continue
      free.delete(box)
      return { ...mask, groupOf: box.groupOf }
    }
    return mask
  })
  return [...joined, ...free]
}

function boxShares<Column extends string>(
  path: string,
  rowNumber: number,
  cells: { readonly [column in Column]: string },
  columns: readonly [Column, Column, Column, Column],
): ObjectRow['boxShares'] {
  const shares = columns.map(column => numberCell(path, rowNumber, column, cells[column]))
  const [x1, y1, x2, y2] = shares as [number, number, number, number]
  if (x1 > x2 || y1 > y2 || Math.min(x1, y1) < -SLACK_SHARE || Math.max(x2, y2) > 1 + SLACK_SHARE) {
    const wanted = 'expected shares from 0 to 1, the smaller one first'
    throw badFile(path, `row ${rowNumber}`, `${columns.join(', ')} are ${shares.join(', ')}; ${wanted}`)
  }
  return [x1, y1, x2, y2]
}

function push<T>(byImage: Map<string, T[]>, imageId: string, row: T): void {
  const rows = byImage.get(imageId)
  if (rows) rows.push(row)
  else byImage.set(imageId, [row])
}
