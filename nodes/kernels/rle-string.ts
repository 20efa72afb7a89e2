import { frameArea, sizeText } from './mask-sets.ts'

/**
 * COCO's compressed counts: each count as 6-bit characters 48 … 111, five bits of value, low group first, bit 5 set on
 * all but the last group; the last group's bit 4 is the sign. Counts from the fourth on (index > 2) are written as the
 * difference to the count two before. Source: rleToString and rleFrString of pycocotools 2.0.
 */

/** @throws RangeError when a count is not a whole number in [0, 2^32). */
export function encodeCounts(counts: ArrayLike<number>): string {
  let bytes = new Uint8Array(counts.length * 2 + 16)
  let length = 0
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!
    if (!(count >= 0 && count <= 0xffffffff)) throw new RangeError(`count ${i} is ${count}; expected 0 to 4294967295`)
    if (length + 8 > bytes.length) {
      const larger = new Uint8Array(bytes.length * 2)
      larger.set(bytes)
      bytes = larger
    }
    let value = i > 2 ? count - counts[i - 2]! : count
    if (value >= -16 && value < 16) {
      bytes[length++] = 48 + (value & 31)
      continue
    }
    if (value >= -512 && value < 512) {
      bytes[length++] = 80 + (value & 31)
      bytes[length++] = 48 + ((value >> 5) & 31)
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
  return latin1.decode(bytes.subarray(0, length))
}

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
  const counts = new Uint32Array(bytes.length)
  let length = 0
  let sum = 0
  for (let at = 0; at < bytes.length; length++) {
    const first = at
    let group = bytes[at++]! - 48
    let value = group & 31
    if (group < 0 || group > 63) throw badCharacter(text, first)
    if (group > 31) {
      let scale = 32
      do {
        if (at === bytes.length) {
          throw new RangeError(`the mask text is cut: it ends inside the number that begins at character ${first}`)
        }
        group = bytes[at++]! - 48
        if (group < 0 || group > 63) throw badCharacter(text, at - 1)
        if (at - first > 7) throw new RangeError(`the number at character ${first} of the mask text is too long`)
        value += (group & 31) * scale
        scale *= 32
      } while (group > 31)
      if (group > 15) value -= scale
    } else if (group > 15) value -= 32
    if (length > 2) value += counts[length - 2]!
    if (value < 0 || value > 0xffffffff) {
      throw new RangeError(`the mask text gives run ${length} (character ${first}) a length of ${value}`)
    }
    counts[length] = value
    sum += value
  }
  if (sum !== area) {
    throw new RangeError(`the runs of the mask text add up to ${sum}; a ${sizeText(sizeHw)} mask has ${area} pixels`)
  }
  return counts.slice(0, length)
}

const latin1 = new TextDecoder('latin1')

function badCharacter(text: string | Uint8Array, at: number): RangeError {
  const character = typeof text === 'string' ? text[at]! : String.fromCharCode(text[at]!)
  return new RangeError(`character ${at} of the mask text is ${JSON.stringify(character)}; expected "0" to "o"`)
}
