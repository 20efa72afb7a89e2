/**
 * Sorting by score. One rule everywhere: score descending, equal scores in source order (+0 and −0 are equal). Scores
 * must not be NaN.
 */

/** Below this many scores a binary insertion beats the set-up of a radix sort. */
const SMALL = 48
const DIGIT_BITS = 11
const DIGITS = 1 << DIGIT_BITS

/** Indices [N] of the scores from the highest to the lowest, ties by ascending index. */
export function argsortDescending(scores: Float64Array | Float32Array): Uint32Array {
  const count = scores.length
  if (count <= SMALL) return insertionArgsort(scores)
  if (scores instanceof Float32Array) return radixArgsort(keyWords32(scores))
  const words = keyWords64(scores)
  // Scores that agree in their upper 32 bits are rare or equal, so half of the passes are nearly always enough.
  const order = radixArgsort([words[1]])
  return settleLow(order, words) ? order : radixArgsort(words)
}

function radixArgsort(words: readonly Uint32Array[]): Uint32Array {
  const count = words[0]!.length
  let from = new Uint32Array(count)
  let to = new Uint32Array(count)
  for (let i = 0; i < count; i++) from[i] = i
  const starts = new Uint32Array(DIGITS)
  for (const word of words) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (!radixPass(word, shift, from, to, starts)) continue
      const swap = from
      from = to
      to = swap
    }
  }
  return from
}

/** Sorts stretches of equal upper words by the lower ones, in place; false when that takes too many moves. */
function settleLow(order: Uint32Array, [low, high]: readonly [Uint32Array, Uint32Array]): boolean {
  let moves = 2 * order.length
  for (let i = 1; i < order.length; i++) {
    const index = order[i]!
    const own = high[index]!
    if (high[order[i - 1]!] !== own) continue
    let at = i
    while (at > 0 && high[order[at - 1]!] === own && low[order[at - 1]!]! > low[index]!) {
      order[at] = order[at - 1]!
      at--
    }
    order[at] = index
    moves -= i - at
    if (moves < 0) return false
  }
  return true
}

/**
 * The first `k` of `argsortDescending(scores)` (all of them if there are fewer), without sorting the rest: a histogram
 * over the upper 16 bits of the sort keys finds a cut below which nothing can be among the best k.
 */
export function topK(scores: Float64Array | Float32Array, k: number): Uint32Array {
  const count = scores.length
  if (k <= 0) return new Uint32Array(0)
  if (k * 4 >= count || count <= SMALL) return argsortDescending(scores).slice(0, k)
  const words = scores instanceof Float32Array ? keyWords32(scores) : keyWords64(scores)
  const high = words[words.length - 1]!
  const histogram = new Uint32Array(1 << 16)
  for (let i = 0; i < count; i++) histogram[high[i]! >>> 16]!++
  let cut = 0
  let seen = histogram[0]!
  while (seen < k) seen += histogram[++cut]!
  const candidates = new Uint32Array(seen)
  const values = scores instanceof Float32Array ? new Float32Array(seen) : new Float64Array(seen)
  let at = 0
  for (let i = 0; i < count; i++) {
    if (high[i]! >>> 16 > cut) continue
    candidates[at] = i
    values[at++] = scores[i]!
  }
  return argsortDescending(values)
    .subarray(0, k)
    .map(i => candidates[i]!)
}

function insertionArgsort(scores: Float64Array | Float32Array): Uint32Array {
  const order = new Uint32Array(scores.length)
  for (let i = 0; i < scores.length; i++) {
    let at = i
    while (at > 0 && scores[order[at - 1]!]! < scores[i]!) {
      order[at] = order[at - 1]!
      at--
    }
    order[at] = i
  }
  return order
}

/** Stable counting sort by one digit; false (and nothing done) when all keys share the digit. */
function radixPass(word: Uint32Array, shift: number, from: Uint32Array, to: Uint32Array, starts: Uint32Array): boolean {
  const count = from.length
  starts.fill(0)
  for (let i = 0; i < count; i++) starts[(word[i]! >>> shift) & (DIGITS - 1)]!++
  if (starts[(word[0]! >>> shift) & (DIGITS - 1)] === count) return false
  let sum = 0
  for (let digit = 0; digit < DIGITS; digit++) {
    const size = starts[digit]!
    starts[digit] = sum
    sum += size
  }
  for (let i = 0; i < count; i++) {
    const index = from[i]!
    to[starts[(word[index]! >>> shift) & (DIGITS - 1)]!++] = index
  }
  return true
}

/** Unsigned words whose ascending order is the descending order of the floats, least significant word first. */
function keyWords32(scores: Float32Array): readonly [Uint32Array] {
  const key = new Uint32Array(scores.length)
  const floats = new Float32Array(key.buffer)
  // Adding 0 turns −0 into +0.
  for (let i = 0; i < scores.length; i++) floats[i] = scores[i]! + 0
  for (let i = 0; i < key.length; i++) {
    const bits = key[i]!
    key[i] = bits >>> 31 === 0 ? ~(bits | 0x80000000) : bits
  }
  return [key]
}

function keyWords64(scores: Float64Array): readonly [Uint32Array, Uint32Array] {
  const low = new Uint32Array(scores.length)
  const high = new Uint32Array(scores.length)
  const float = new Float64Array(1)
  const bits = new Uint32Array(float.buffer)
  for (let i = 0; i < scores.length; i++) {
    float[0] = scores[i]! + 0
    const positive = bits[1]! >>> 31 === 0
    low[i] = positive ? ~bits[0]! : bits[0]!
    high[i] = positive ? ~(bits[1]! | 0x80000000) : bits[1]!
  }
  return [low, high]
}
