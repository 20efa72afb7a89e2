import { assignMaximum } from './assignment.ts'

/**
 * One-to-one matching of ground truth and predictions of an image by IoU ≥ threshold: as many pairs as possible, among
 * those with the largest total IoU. Source: `stardist.matching` 0.9 (maximum assignment of (IoU ≥ t) + IoU / 2n, with n
 * the smaller of both counts). When instances do not overlap each other and t ≥ 0.5, any matching gives the same.
 *
 * Instances that share no IoU > 0 are matched apart from each other, so the cost grows with clusters, not images.
 * @param ious [G · P] row-major, ground truth first.
 * @returns [G] prediction of each ground truth, −1 if none.
 */
export function matchInstances(ious: Float64Array, truths: number, found: number, threshold: number): Int32Array {
  const partner = new Int32Array(truths).fill(-1)
  const smaller = Math.min(truths, found)
  for (const { rows, columns } of overlappingParts(ious, truths, found)) {
    const gains = new Float64Array(rows.length * columns.length)
    for (let i = 0; i < rows.length; i++) {
      for (let j = 0; j < columns.length; j++) {
        const iou = ious[rows[i]! * found + columns[j]!]!
        gains[i * columns.length + j] = (iou >= threshold ? 1 : 0) + iou / (2 * smaller)
      }
    }
    const assigned = assignMaximum(gains, rows.length, columns.length)
    for (let i = 0; i < rows.length; i++) {
      const column = columns[assigned[i]!]
      if (column !== undefined && ious[rows[i]! * found + column]! >= threshold) partner[rows[i]!] = column
    }
  }
  return partner
}

interface Part {
  readonly rows: readonly number[]
  readonly columns: readonly number[]
}

function overlappingParts(ious: Float64Array, truths: number, found: number): Part[] {
  const parts: Part[] = []
  const seenRows = new Uint8Array(truths)
  const seenColumns = new Uint8Array(found)
  for (let start = 0; start < truths; start++) {
    if (seenRows[start] === 1) continue
    seenRows[start] = 1
    const rows = [start]
    const columns: number[] = []
    for (let at = 0; at < rows.length; at++) {
      for (let j = 0; j < found; j++) {
        if (seenColumns[j] === 1 || ious[rows[at]! * found + j]! <= 0) continue
        seenColumns[j] = 1
        columns.push(j)
        for (let i = 0; i < truths; i++) {
          if (seenRows[i] === 1 || ious[i * found + j]! <= 0) continue
          seenRows[i] = 1
          rows.push(i)
        }
      }
    }
    if (columns.length > 0) parts.push({ rows, columns })
  }
  return parts
}
