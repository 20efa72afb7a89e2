import { frameArea, maskCount } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'
import { countsToMaskSet, maskCounts } from './rle.ts'
import { decodeCounts, encodeCounts } from './rle-string.ts'

/**
 * COCO's compressed counts from and to mask sets without arrays of counts in between: the same texts and errors as
 * `rle-string.ts`, for files with many masks.
 */

/** The text of every mask. */
export function maskTexts(masks: MaskSet): string[] {
  const { starts, ends, offsets, sizeHw } = masks
  const area = sizeHw[0] * sizeHw[1]
  const texts: string[] = []
  for (let i = 0; i < maskCount(masks); i++) {
    const first = offsets[i]!
    const last = offsets[i + 1]!
    if (area > MAX_INT || first === last) {
      texts.push(encodeCounts(maskCounts(masks, i)))
      continue
    }
    if (scratch.length < 14 * (last - first + 1)) scratch = Buffer.alloc(28 * (last - first + 1))
    const bytes = scratch
    let length = 0
    let position = 0
    let gapBefore = 0
    let runBefore = 0
    for (let run = first; run < last; run++) {
      const start = starts[run]! | 0
      const gap = (start - position) | 0
      position = ends[run]! | 0
      const size = (position - start) | 0
      // The second gap is the count of index 2, which is still written as it is.
      const gapValue = run > first + 1 ? (gap - gapBefore) | 0 : gap
      const sizeValue = (size - runBefore) | 0
      gapBefore = gap
      runBefore = size
      if (gapValue >= -16 && gapValue < 16 && sizeValue >= -16 && sizeValue < 16) {
        bytes[length] = 48 + (gapValue & 31)
        bytes[length + 1] = 48 + (sizeValue & 31)
        length += 2
        continue
      }
      length = putNumber(bytes, length, gapValue)
      length = putNumber(bytes, length, sizeValue)
    }
    if (position < area) length = putNumber(bytes, length, area - position - (last > first + 1 ? gapBefore : 0))
    texts.push(bytes.toString('latin1', 0, length))
  }
  return texts
}

/** Appends a number of 32 bits; returns the new length. */
function putNumber(bytes: Buffer, length: number, value: number): number {
  if (value >= -16 && value < 16) {
    bytes[length] = 48 + (value & 31)
    return length + 1
  }
  if (value >= -512 && value < 512) {
    bytes[length] = 80 + (value & 31)
    bytes[length + 1] = 48 + ((value >> 5) & 31)
    return length + 2
  }
  let at = length
  for (let rest = value; ; ) {
    const group = rest & 31
    rest >>= 5
    if (group & 16 ? rest === -1 : rest === 0) {
      bytes[at++] = 48 + group
      return at
    }
    bytes[at++] = 80 + group
  }
}

/**
 * One mask per text.
 * @throws RangeError as `decodeCounts`, with "mask i: " before the sentence.
 */
export function textsToMaskSet(texts: readonly (string | Uint8Array)[], sizeHw: readonly [number, number]): MaskSet {
  const area = frameArea(sizeHw)
  const offsets = new Uint32Array(texts.length + 1)
  let count = 0
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i]!
    // A run is two numbers, a number a character at least.
    if (count + text.length + 1 > runStarts.length) growRuns(count, text.length + 1)
    const bytes = typeof text === 'string' ? bytesOf(text) : text
    const after = area > MAX_INT ? -1 : readRuns(runStarts, runEnds, count, bytes, area)
    count = after >= 0 ? after : readCarefully(count, text, sizeHw, i)
    offsets[i + 1] = count
  }
  return { sizeHw: [sizeHw[0], sizeHw[1]], starts: runStarts.slice(0, count), ends: runEnds.slice(0, count), offsets }
}

/** Writes the runs of a text from index `count` on; returns the new count, or −1 if there is anything wrong with it. */
function readRuns(starts: Uint32Array, ends: Uint32Array, count: number, bytes: Uint8Array, area: number): number {
  const first = count
  const total = bytes.length
  let position = 0
  let isRun = false
  let before = 0
  let twoBefore = 0
  let index = 0
  for (let at = 0; at < total; index++) {
    const group = bytes[at++]! - 48
    let value = (group << 27) >> 27
    if (group >>> 0 > 31) {
      if (group >>> 0 > 63) return -1
      value = group & 31
      for (let shift = 5; ; shift += 5) {
        // Seven groups would be 35 bits.
        if (at === total || shift > 25) return -1
        const next = bytes[at++]! - 48
        if (next >>> 0 > 63) return -1
        if (next > 31) {
          value |= (next & 31) << shift
          continue
        }
        value |= ((next << 27) >> 27) << shift
        break
      }
    }
    if (index > 2) value = (value + twoBefore) | 0
    if (value < 0 || value > area - position) return -1
    twoBefore = before
    before = value
    if (isRun && value > 0) {
      if (count > first && ends[count - 1] === position) ends[count - 1] = position + value
      else {
        starts[count] = position
        ends[count++] = position + value
      }
    }
    position += value
    isRun = !isRun
  }
  return position === area ? count : -1
}

/** The slow way, for very large frames and for the sentence of the error. */
function readCarefully(
  count: number,
  text: string | Uint8Array,
  sizeHw: readonly [number, number],
  index: number,
): number {
  try {
    const one = countsToMaskSet([decodeCounts(text, sizeHw)], sizeHw)
    runStarts.set(one.starts, count)
    runEnds.set(one.ends, count)
    return count + one.starts.length
  } catch (error) {
    throw new RangeError(`mask ${index}: ${(error as Error).message}`, { cause: error })
  }
}

/** Characters that are no ASCII become several bytes, none of them valid. */
function bytesOf(text: string): Uint8Array {
  if (scratch.length < 3 * text.length) scratch = Buffer.alloc(6 * text.length)
  return scratch.subarray(0, scratch.write(text, 'utf8'))
}

/** Reused from call to call, since fresh memory costs more than the decoding; nothing in them outlives a call. */
let scratch = Buffer.alloc(8192)
let runStarts = new Uint32Array(4096)
let runEnds = new Uint32Array(4096)

function growRuns(count: number, extra: number): void {
  const capacity = Math.max(runStarts.length * 2, count + extra)
  const starts = new Uint32Array(capacity)
  const ends = new Uint32Array(capacity)
  starts.set(runStarts.subarray(0, count))
  ends.set(runEnds.subarray(0, count))
  runStarts = starts
  runEnds = ends
}

const MAX_INT = 0x7fffffff
