/**
 * The Mersenne Twister MT19937 and the draws that numpy's legacy generator (`numpy.random.seed`, `RandomState`) makes
 * from it, number for number: `shuffle`, `permutation`, `choice` without replacement, `randint`, `random_sample`.
 * Source: numpy 1.x and 2.x, `_mt19937` and `legacy-distributions`; the legacy stream is frozen.
 */
export interface Mt19937 {
  /** [624] the state. */
  readonly key: Uint32Array
  /** The next word of the state to give out; 624: make new ones first. */
  position: number
}

const WORDS = 624
const MIDDLE = 397

/** As `numpy.random.seed(seed)` with one whole number in [0, 2^32). @throws RangeError for any other. */
export function newMt19937(seed: number): Mt19937 {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`the seed is ${seed}; expected a whole number from 0 to 4294967295`)
  }
  const key = new Uint32Array(WORDS)
  key[0] = seed
  for (let i = 1; i < WORDS; i++) {
    const before = key[i - 1]!
    key[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i
  }
  return { key, position: WORDS }
}

/** The next 32 bits. */
export function nextUint32(random: Mt19937): number {
  if (random.position === WORDS) renew(random)
  let word = random.key[random.position++]!
  word ^= word >>> 11
  word ^= (word << 7) & 0x9d2c5680
  word ^= (word << 15) & 0xefc60000
  return (word ^ (word >>> 18)) >>> 0
}

/** A number from 0 to `last`, both possible (`random_interval`): draws are masked and repeated until one fits. */
export function nextUpTo(random: Mt19937, last: number): number {
  if (!Number.isInteger(last) || last < 0 || last > 0xffffffff) {
    throw new RangeError(`the last number is ${last}; expected a whole number from 0 to 4294967295`)
  }
  if (last === 0) return 0
  const mask = 0xffffffff >>> Math.clz32(last)
  for (;;) {
    const value = (nextUint32(random) & mask) >>> 0
    if (value <= last) return value
  }
}

/** `randint(low, high)`: low ≤ result < high. */
export function randint(random: Mt19937, low: number, high: number): number {
  if (!(high > low)) throw new RangeError(`there is no whole number from ${low} to below ${high}`)
  return low + nextUpTo(random, high - low - 1)
}

/** `random_sample()`: 53 bits in [0, 1). */
export function nextShare(random: Mt19937): number {
  const high = nextUint32(random) >>> 5
  const low = nextUint32(random) >>> 6
  return (high * 67108864 + low) / 9007199254740992
}

/** `shuffle(list)`, in place. */
export function shuffle<T>(random: Mt19937, list: { [index: number]: T; readonly length: number }): void {
  for (let i = list.length - 1; i >= 1; i--) {
    const j = nextUpTo(random, i)
    const moved = list[i]!
    list[i] = list[j]!
    list[j] = moved
  }
}

/** `permutation(count)`: the numbers 0 to count − 1 in random order. */
export function permutation(random: Mt19937, count: number): Uint32Array {
  const numbers = Uint32Array.from({ length: count }, (_, i) => i)
  shuffle(random, numbers)
  return numbers
}

/**
 * `choice(count, size, replace=False)`: positions in the order they were drawn. Costs as many draws as a permutation of
 * all, whatever the size. @throws RangeError when there are not so many.
 */
export function choiceWithout(random: Mt19937, count: number, size: number): Uint32Array {
  if (size > count) throw new RangeError(`${size} of ${count} cannot be chosen without choosing one twice`)
  return permutation(random, count).subarray(0, size)
}

/** `choice(count, size)`: with replacement. */
export function choiceWith(random: Mt19937, count: number, size: number): Uint32Array {
  return Uint32Array.from({ length: size }, () => randint(random, 0, count))
}

function renew(random: Mt19937): void {
  const { key } = random
  for (let i = 0; i < WORDS; i++) {
    const bits = (key[i]! & 0x80000000) | (key[(i + 1) % WORDS]! & 0x7fffffff)
    key[i] = key[(i + MIDDLE) % WORDS]! ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0)
  }
  random.position = 0
}
