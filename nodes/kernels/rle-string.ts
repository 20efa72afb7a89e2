import { frameArea, sizeText } from './mask-sets.ts'

/**
 * COCO's compressed counts: each count as 6-bit characters 48 … 111, five bits of value, low group first, bit 5 set on
 * all but the last group; the last group's bit 4 is the sign. Counts from the fourth on (index > 2) are written as the
 * difference to the count two before. Source: rleToString and rleFrString of pycocotools 2.0.
 */

/** @throws RangeError when a count is not a whole number in [0, 2^32). */
export function encodeCounts(counts: ArrayLike<number>): string {
  if (scratch.length < counts.length * 7) scratch = Buffer.alloc(counts.length * 14)
  const bytes = scratch
  const total = counts.length
  let length = 0
  /** The counts one and two before. */
  let before = 0
  let twoBefore = 0
  for (let i = 0; i < total; i++) {
    const count = counts[i]!
    if (!(count >= 0 && count <= 0xffffffff)) throw new RangeError(`count ${i} is ${count}; expected 0 to 4294967295`)
    let value = i > 2 ? count - twoBefore : count
    twoBefore = before
    before = count
    if (value >= -16 && value < 16) {
      bytes[length++] = 48 + (value & 31)
      continue
    }
    if (value >= -512 && value < 512) {
      bytes[length] = 80 + (value & 31)
      bytes[length + 1] = 48 + ((value >> 5) & 31)
      length += 2
      continue
    }
    for (;;) {
      // Not `value & 31` and `>> 5`: differences of 32-bit counts need 33 bits.
      const rest = Math.floor(value / 32)
      const group = value - rest * 32
      value = rest
      if (group & 16 ? rest === -1 : rest === 0) {
        bytes[length++] = 48 + group
        break
      }
      bytes[length++] = 80 + group
    }
  }
  return bytes.toString('latin1', 0, length)
}

/** Reused from call to call; nothing in it outlives one. */
let scratch = Buffer.alloc(4096)
let scratchCounts = new Uint32Array(4096)

/**
 * The counts behind the text, which may come as its characters' bytes. They are checked, not only decoded.
 * @throws RangeError saying at which character the text is cut, holds a character outside '0' … 'o' or a count outside
 * 0 … 2^32 − 1, or that the counts do not add up to h · w.
 */
export function decodeCounts(text: string | Uint8Array, sizeHw: readonly [number, number]): Uint32Array<ArrayBuffer> {
  const area = frameArea(sizeHw)
  const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text
  if (bytes.length !== text.length)
    throw badCharacter(
      text,
      Array.from(text as string).findIndex(c => c > '\x7f'),
    )
  if (scratchCounts.length < bytes.length) scratchCounts = new Uint32Array(bytes.length * 2)
  const counts = scratchCounts
  const total = bytes.length
  let length = 0
  let sum = 0
  /** The counts one and two before. */
  let before = 0
  let twoBefore = 0
  for (let at = 0; at < total; length++) {
    const first = at
    const group = bytes[at++]! - 48
    let value: number
    if (group >>> 0 < 32) value = (group << 27) >> 27
    else {
      const second = at < total ? bytes[at]! - 48 : -1
      if (group >>> 0 < 64 && second >>> 0 < 32) {
        at++
        value = (group & 31) + (((second << 27) >> 27) << 5)
      } else {
        value = longNumber(text, bytes, first)
        at = first + 1
        while (bytes[at - 1]! > 79) at++
      }
    }
    if (length > 2) value += twoBefore
    if (value < 0 || value > 0xffffffff) {
      throw new RangeError(`the mask text gives run ${length} (character ${first}) a length of ${value}`)
    }
    twoBefore = before
    before = value
    counts[length] = value
    sum += value
  }
  if (sum !== area) {
    throw new RangeError(`the runs of the mask text add up to ${sum}; a ${sizeText(sizeHw)} mask has ${area} pixels`)
  }
  return counts.slice(0, length)
}

/** The number of three or more characters that begins at `first`, or an error. */
function longNumber(text: string | Uint8Array, bytes: Uint8Array, first: number): number {
  let value = 0
  let scale = 1
  for (let at = first; ; at++) {
    if (at === bytes.length) {
      throw new RangeError(`the mask text is cut: it ends inside the number that begins at character ${first}`)
    }
    const group = bytes[at]! - 48
    if (group < 0 || group > 63) throw badCharacter(text, at)
    if (at - first > 6) throw new RangeError(`the number at character ${first} of the mask text is too long`)
    value += (group & 31) * scale
    scale *= 32
    if (group > 31) continue
    return group > 15 ? value - scale : value
  }
}

function badCharacter(text: string | Uint8Array, at: number): RangeError {
  const character = typeof text === 'string' ? text[at]! : String.fromCharCode(text[at]!)
  return new RangeError(`character ${at} of the mask text is ${JSON.stringify(character)}; expected "0" to "o"`)
}
