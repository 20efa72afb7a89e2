/**
 * Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kégl 2011, "Algorithms for Hyper-Parameter Optimization",
 * section 4): of what was tried, the best share is modelled by a density l, the rest by a density g, dimension by
 * dimension; of some draws from l the one with the largest l / g is tried next.
 *
 * A numeric dimension is [0, 1): a mixture of normal distributions cut to it, one at each value tried, as wide as the
 * distance to the farther of its neighbours, and one around the middle of width 1 (the prior). A choice is an index: the
 * share of each among the values tried, with one more trial spread over all of them (the prior).
 */
export type TpeAxis = { readonly form: 'numeric' } | { readonly form: 'choice'; readonly count: number }

export interface TpeOptions {
  /** Trials drawn at random before there is a model. Default 20. */
  readonly startup?: number
  /** Draws from l of which the best is taken. Default 24. */
  readonly candidates?: number
  /** Share of the trials that counts as best, of at most 25 of them. Default 0.15 (the paper's). */
  readonly bestShare?: number
}

/** Trials in the order they were made; a smaller loss is better, NaN and infinity are the worst. */
export interface TpeHistory {
  readonly points: readonly (readonly number[])[]
  readonly losses: readonly number[]
}

const maxBest = 25

/** The next point to try. @param random numbers in [0, 1). */
export function suggestTpe(
  axes: readonly TpeAxis[],
  { points, losses }: TpeHistory,
  random: () => number,
  { startup = 20, candidates = 24, bestShare = 0.15 }: TpeOptions = {},
): readonly number[] {
  if (points.length < startup) return axes.map(axis => uniform(axis, random))
  const worst = (loss: number) => (Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss)
  const order = [...points.keys()].sort((a, b) => compare(worst(losses[a]!), worst(losses[b]!)) || a - b)
  const count = Math.min(maxBest, Math.max(1, Math.ceil(bestShare * points.length)))
  return axes.map((axis, d) => {
    const good = densityOf(
      axis,
      order.slice(0, count).map(i => points[i]![d]!),
    )
    const bad = densityOf(
      axis,
      order.slice(count).map(i => points[i]![d]!),
    )
    let best = 0
    let bestGain = Number.NEGATIVE_INFINITY
    for (let c = 0; c < candidates; c++) {
      const value = good.draw(random)
      const gain = good.logAt(value) - bad.logAt(value)
      if (gain <= bestGain) continue
      best = value
      bestGain = gain
    }
    return best
  })
}

/** A value of the prior: every one is as likely as another. */
export function uniform(axis: TpeAxis, random: () => number): number {
  return axis.form === 'numeric' ? random() : Math.min(axis.count - 1, Math.floor(random() * axis.count))
}

interface Density {
  readonly draw: (random: () => number) => number
  readonly logAt: (value: number) => number
}

function densityOf(axis: TpeAxis, values: readonly number[]): Density {
  return axis.form === 'numeric' ? parzenDensity(values) : choiceDensity(values, axis.count)
}

function choiceDensity(values: readonly number[], count: number): Density {
  const shares = new Float64Array(count).fill(1 / count / (values.length + 1))
  for (const value of values) shares[value]! += 1 / (values.length + 1)
  return {
    draw: random => {
      let left = random()
      for (let i = 0; i < count - 1; i++) {
        left -= shares[i]!
        if (left < 0) return i
      }
      return count - 1
    },
    logAt: value => Math.log(shares[value]!),
  }
}

function parzenDensity(values: readonly number[]): Density {
  const { means, widths } = parzenKernels(values)
  const masses = means.map((mean, i) => normalShare((1 - mean) / widths[i]!) - normalShare(-mean / widths[i]!))
  return {
    draw: random => {
      const i = Math.min(means.length - 1, Math.floor(random() * means.length))
      for (;;) {
        const value = means[i]! + widths[i]! * normal(random)
        if (value >= 0 && value < 1) return value
      }
    },
    logAt: value => {
      let sum = 0
      for (let i = 0; i < means.length; i++) {
        const z = (value - means[i]!) / widths[i]!
        sum += Math.exp(-0.5 * z * z) / (widths[i]! * masses[i]!)
      }
      return Math.log(sum / means.length / Math.sqrt(2 * Math.PI))
    },
  }
}

/**
 * Centres in rising order, the prior's 0.5 among them, and their widths: the distance to the farther neighbour (the ends 0
 * and 1 count as neighbours), at least 1 / min(100, centres + 1); 1 for the prior.
 */
export function parzenKernels(values: readonly number[]): {
  readonly means: readonly number[]
  readonly widths: readonly number[]
} {
  const centres = [...values.map(mean => ({ mean, prior: false })), { mean: 0.5, prior: true }]
  centres.sort((a, b) => a.mean - b.mean || Number(a.prior) - Number(b.prior))
  const least = 1 / Math.min(100, centres.length + 1)
  const widths = centres.map(({ mean, prior }, i) => {
    if (prior) return 1
    const left = mean - (centres[i - 1]?.mean ?? 0)
    const right = (centres[i + 1]?.mean ?? 1) - mean
    return Math.min(1, Math.max(least, left, right))
  })
  return { means: centres.map(({ mean }) => mean), widths }
}

/** Standard normal (Box and Muller 1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Share of a standard normal distribution below z; error under 1e-7 (Abramowitz and Stegun 7.1.26). */
export function normalShare(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const share = 0.5 * series * Math.exp(-x * x)
  return z < 0 ? share : 1 - share
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
