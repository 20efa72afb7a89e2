/**
 * Confidence intervals of a metric by resampling images (Efron 1979): each replicate draws as many images as there are,
 * with replacement, and measures again. The interval is the percentile one.
 */

export interface BootstrapOptions {
  readonly imageCount: number
  /** Default 1000. */
  readonly replicates?: number
  /** Whole number; the same seed draws the same images on every machine. Default 0. */
  readonly seed?: number
  /** Probability inside the interval. Default 0.95. */
  readonly level?: number
}

export interface Interval {
  readonly low: number
  readonly high: number
  /** Standard deviation over the replicates (n − 1). */
  readonly standardError: number
  /** Replicates in which the number was defined. */
  readonly replicates: number
}

/**
 * @param measure the numbers of a replicate, given how often each image counts; NaN where one is not defined. The
 * difference of two systems measured with the same `repeats` is a paired comparison.
 * @returns one interval for each number; NaN bounds where no replicate defined it.
 */
export function bootstrapIntervals(
  options: BootstrapOptions,
  measure: (repeats: Uint32Array) => ArrayLike<number>,
): Interval[] {
  const samples: number[][] = []
  for (const repeats of replicatesOf(options)) {
    const numbers = measure(repeats)
    for (let n = 0; n < numbers.length; n++) {
      samples[n] ??= []
      if (!Number.isNaN(numbers[n]!)) samples[n]!.push(numbers[n]!)
    }
  }
  return samples.map(values => intervalOf(values, options.level))
}

/** How often each image counts, replicate by replicate. */
export function* replicatesOf({ imageCount, replicates = 1000, seed = 0 }: BootstrapOptions): Generator<Uint32Array> {
  const next = randomStream(seed)
  for (let replicate = 0; replicate < replicates && imageCount > 0; replicate++) {
    const repeats = new Uint32Array(imageCount)
    for (let draw = 0; draw < imageCount; draw++) repeats[Math.floor(next() * imageCount)]!++
    yield repeats
  }
}

/** The percentile interval of the replicates in which a number was defined. */
export function intervalOf(values: readonly number[], level = 0.95): Interval {
  const sorted = Float64Array.from(values).sort()
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (sorted.length - 1)
  return {
    low: quantile(sorted, (1 - level) / 2),
    high: quantile(sorted, (1 + level) / 2),
    standardError: Math.sqrt(variance),
    replicates: sorted.length,
  }
}

/** Linear interpolation between order statistics (numpy's default). NaN of nothing. */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const low = Math.floor(place)
  const below = sorted[low] ?? Number.NaN
  const above = sorted[Math.min(low + 1, sorted.length - 1)] ?? Number.NaN
  return below + (place - low) * (above - below)
}

/** Numbers in [0, 1) with 32 random bits: sfc32 (Doty-Humphrey), seeded by a counter and 15 rounds of mixing. */
export function randomStream(seed: number): () => number {
  let a = 0
  let b = seed | 0
  let c = Math.floor(seed / 2 ** 32) | 0
  let counter = 1
  const next = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < 15; round++) next()
  return next
}
