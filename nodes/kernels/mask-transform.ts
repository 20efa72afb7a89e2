import { addRun, endMask, finishMasks, type MaskBuilder, newMaskBuilder } from './mask-builder.ts'
import { maskCount } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'

/**
 * Moves of whole masks, done on runs: time goes with the outlines, never with the area of the frame. All masks of the
 * set move alike; positions are pixels, rotations in quarter turns.
 */

/**
 * Each mask with x and y exchanged; the frame becomes [w, h]. A row's runs begin and end where a column differs from
 * the column to its left, so those differences are collected column by column and put in row order.
 */
export function transposeMasks(masks: MaskSet): MaskSet {
  const [height, width] = masks.sizeHw
  const builder = newMaskBuilder([width, height], masks.starts.length)
  const changes: RowChanges = { rows: new Uint32Array(1024), columns: new Uint32Array(1024), count: 0 }
  for (let i = 0; i < maskCount(masks); i++) {
    changes.count = 0
    collectRowChanges(changes, masks, masks.offsets[i]!, masks.offsets[i + 1]!, height)
    writeRows(builder, changes, height, width)
    endMask(builder)
  }
  return finishMasks(builder)
}

/** Mirrored left to right: pixel (x, y) comes from (w − 1 − x, y). */
export function flipMasksHorizontal(masks: MaskSet): MaskSet {
  const [height, width] = masks.sizeHw
  const builder = newMaskBuilder(masks.sizeHw, masks.starts.length)
  for (let i = 0; i < maskCount(masks); i++) {
    const first = masks.offsets[i]!
    let high = masks.offsets[i + 1]! - 1
    while (high >= first) {
      // The runs that reach into the rightmost column not yet written, in rising order.
      let end = masks.ends[high]!
      let x = Math.floor((end - 1) / height)
      for (;;) {
        const top = x * height
        let low = high
        while (low > first && masks.ends[low - 1]! > top) low--
        const shift = (width - 1 - x) * height - top
        for (let run = low; run <= high; run++) {
          addRun(
            builder,
            Math.max(masks.starts[run]!, top) + shift,
            Math.min(masks.ends[run]!, end, top + height) + shift,
          )
        }
        high = low
        end = top
        if (masks.starts[low]! >= top) {
          high--
          break
        }
        x--
      }
    }
    endMask(builder)
  }
  return finishMasks(builder)
}

/** Mirrored top to bottom: pixel (x, y) comes from (x, h − 1 − y). */
export function flipMasksVertical(masks: MaskSet): MaskSet {
  // Reading the sequence backwards turns by 180°; a mirror left to right leaves the mirror top to bottom.
  return flipMasksHorizontal(rotateMasks(masks, 2))
}

/** Turned clockwise by `quarterTurns` · 90° (negative: counter-clockwise); odd turns exchange h and w. */
export function rotateMasks(masks: MaskSet, quarterTurns: number): MaskSet {
  const turns = ((quarterTurns % 4) + 4) % 4
  if (turns === 1) return flipMasksHorizontal(transposeMasks(masks))
  if (turns === 3) return transposeMasks(flipMasksHorizontal(masks))
  if (turns === 0) return masks
  const area = masks.sizeHw[0] * masks.sizeHw[1]
  const builder = newMaskBuilder(masks.sizeHw, masks.starts.length)
  for (let i = 0; i < maskCount(masks); i++) {
    for (let run = masks.offsets[i + 1]! - 1; run >= masks.offsets[i]!; run--) {
      addRun(builder, area - masks.ends[run]!, area - masks.starts[run]!)
    }
    endMask(builder)
  }
  return finishMasks(builder)
}

/**
 * Moved by `dx`, `dy` whole pixels into a frame of `sizeHw`; what falls outside is cut off. Crops
 * (`dx = −left`, `dy = −top`), pads, and places tiles in a larger picture.
 */
export function moveMasks(masks: MaskSet, dx: number, dy: number, sizeHw: readonly [number, number]): MaskSet {
  const [height] = masks.sizeHw
  const [newHeight, newWidth] = sizeHw
  const builder = newMaskBuilder(sizeHw, masks.starts.length)
  const firstColumn = Math.max(0, -dx)
  const lastColumn = Math.min(masks.sizeHw[1], newWidth - dx)
  const topRow = Math.max(0, -dy)
  const bottomRow = Math.min(height, newHeight - dy)
  for (let i = 0; i < maskCount(masks); i++) {
    for (let run = masks.offsets[i]!; run < masks.offsets[i + 1]!; run++) {
      const end = masks.ends[run]!
      let x = Math.floor(masks.starts[run]! / height)
      let y = masks.starts[run]! - x * height
      for (let position = masks.starts[run]!; position < end && x < lastColumn; x++, y = 0) {
        const stop = Math.min(height, y + end - position)
        position += stop - y
        if (x < firstColumn) continue
        const top = (x + dx) * newHeight + dy
        addRun(builder, top + Math.max(y, topRow), top + Math.min(stop, bottomRow))
      }
    }
    endMask(builder)
  }
  return finishMasks(builder)
}

/** Rows in which a column differs from the column to its left, with that column; columns never fall. */
interface RowChanges {
  rows: Uint32Array
  columns: Uint32Array
  count: number
}

function collectRowChanges(
  changes: RowChanges,
  masks: MaskSet,
  firstRun: number,
  lastRun: number,
  height: number,
): void {
  let run = firstRun
  let left: number[] = []
  let here: number[] = []
  for (let x = 0; run < lastRun || left.length > 0; x++) {
    if (left.length === 0) x = Math.max(x, Math.floor(masks.starts[run]! / height))
    const top = x * height
    here.length = 0
    while (run < lastRun && masks.starts[run]! < top + height) {
      const end = masks.ends[run]!
      here.push(Math.max(0, masks.starts[run]! - top), Math.min(height, end - top))
      if (end > top + height) break
      run++
    }
    markDifferences(changes, left, here, x)
    ;[left, here] = [here, left]
  }
}

/** Both lists are bounds of intervals (start, end, start, …): taken together, an odd bound begins or ends a difference. */
function markDifferences(changes: RowChanges, a: readonly number[], b: readonly number[], x: number): void {
  let i = 0
  let j = 0
  let from = -1
  while (i < a.length || j < b.length) {
    const next = j === b.length || (i < a.length && a[i]! <= b[j]!) ? a[i]! : b[j]!
    let odd = false
    for (; i < a.length && a[i] === next; i++) odd = !odd
    for (; j < b.length && b[j] === next; j++) odd = !odd
    if (!odd) continue
    if (from < 0) from = next
    else {
      if (changes.count + next - from > changes.rows.length) growChanges(changes, next - from)
      for (let y = from; y < next; y++) {
        changes.rows[changes.count] = y
        changes.columns[changes.count++] = x
      }
      from = -1
    }
  }
}

function writeRows(builder: MaskBuilder, changes: RowChanges, height: number, width: number): void {
  const { rows, columns, count } = changes
  if (count === 0) return
  const next = new Uint32Array(height + 1)
  for (let k = 0; k < count; k++) next[rows[k]! + 1]!++
  for (let y = 0; y < height; y++) next[y + 1]! += next[y]!
  const sorted = new Uint32Array(count)
  for (let k = 0; k < count; k++) sorted[next[rows[k]!]!++] = columns[k]!
  let at = 0
  for (let y = 0; y < height; y++) {
    // `next` has moved on to the end of each row's changes; a frame's right edge always closes a run.
    for (const last = next[y]!; at < last; at += 2)
      addRun(builder, y * width + sorted[at]!, y * width + sorted[at + 1]!)
  }
}

function growChanges(changes: RowChanges, extra: number): void {
  const capacity = Math.max(changes.rows.length * 2, changes.count + extra)
  for (const name of ['rows', 'columns'] as const) {
    const larger = new Uint32Array(capacity)
    larger.set(changes[name])
    changes[name] = larger
  }
}
