/**
 * Masks as bits of the column-major sequence, 32 to a word, bit 0 first: the form in which masks of very many runs are
 * compared and united. `originWord` is the word of the sequence that word 0 of an array stands for.
 */

/** Sets the bits of the runs [first, last). */
export function setRunBits(
  bits: Int32Array,
  originWord: number,
  starts: Uint32Array,
  ends: Uint32Array,
  first: number,
  last: number,
): void {
  for (let run = first; run < last; run++) {
    const start = starts[run]!
    const end = ends[run]! - 1
    const from = (start >>> 5) - originWord
    const to = (end >>> 5) - originWord
    const head = -1 << (start & 31)
    const tail = -1 >>> (31 - (end & 31))
    if (from === to) {
      bits[from]! |= head & tail
      continue
    }
    bits[from]! |= head
    if (to - from > 16) bits.fill(-1, from + 1, to)
    else for (let word = from + 1; word < to; word++) bits[word] = -1
    bits[to]! |= tail
  }
}

/** Bits set in both arrays, in the positions [from, to) of the sequence, which both cover. */
export function countSharedBits(
  a: Int32Array,
  originA: number,
  b: Int32Array,
  originB: number,
  from: number,
  to: number,
): number {
  const firstWord = from >>> 5
  const lastWord = (to - 1) >>> 5
  const head = -1 << (from & 31)
  const tail = -1 >>> (31 - ((to - 1) & 31))
  let count = 0
  for (let word = firstWord; word <= lastWord; word++) {
    let shared = a[word - originA]! & b[word - originB]!
    if (word === firstWord) shared &= head
    if (word === lastWord) shared &= tail
    shared -= (shared >>> 1) & 0x55555555
    shared = (shared & 0x33333333) + ((shared >>> 2) & 0x33333333)
    count += Math.imul((shared + (shared >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return count
}

/** Positions where the bits change, from background on: start, end, start, … An open last run is closed at `end`. */
export function changesOfBits(bits: Int32Array, originWord: number, end: number): Uint32Array<ArrayBuffer> {
  let changes = new Uint32Array(1024)
  let count = 0
  /** The bit before: 0 or −1, so that a whole word without a change equals it. */
  let before = 0
  for (let word = 0; word < bits.length; word++) {
    const value = bits[word]!
    if (value === before) continue
    if (count + 33 > changes.length) {
      const larger = new Uint32Array(changes.length * 2)
      larger.set(changes)
      changes = larger
    }
    let changed = value ^ ((value << 1) | (before & 1))
    const position = (originWord + word) * 32
    while (changed !== 0) {
      changes[count++] = position + 31 - Math.clz32(changed & -changed)
      changed &= changed - 1
    }
    before = value >> 31
  }
  if (count % 2 === 1) changes[count++] = end
  return changes.slice(0, count)
}
