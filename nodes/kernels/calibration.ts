/**
 * Score calibration: maps from the scores a model gives to scores that mean the same for every model. All are
 * monotone: of two detections the one with the higher score never ends up below the other.
 */

/** Piecewise linear through the knots, constant outside them. */
export interface Knots {
  /** [K] rising, each once. */
  readonly scores: ArrayLike<number>
  /** [K] in [0, 1], never falling. */
  readonly values: ArrayLike<number>
}

/** A map from score to score; `Knots` without a knot changes nothing. */
export type Calibration = { readonly temperature: number } | Knots

/** Scores are taken as no nearer to 0 and 1 than this, where their logit is still finite. */
const NEAREST = 1e-7
const COLDEST = 0.01
const HOTTEST = 100
/** Knots of a rank calibration; between two of them lie at most 1/1000 of the scores, ties aside. */
const MOST_KNOTS = 1001

/**
 * Temperature scaling (Guo et al. 2017) of single scores: p = σ(logit(s) / T) with the T in [0.01, 100] of least negative
 * log-likelihood. It is convex in 1/T, whose derivative Σ (p − y) · logit(s) is bisected to the last bit. Without scores,
 * and when all are 0.5, T = 1. Strictly monotone up to rounding. The optimum is that of a logistic regression on
 * logit(s) without intercept and penalty (scikit-learn 1.9.1), when that lies in the range.
 * @param right [N] 1 = the detection is right.
 */
export function fitTemperature(scores: Float64Array, right: Uint8Array): number {
  const logits = scores.map(logit)
  if (logits.every(value => value === 0)) return 1
  const slope = (inverse: number) => {
    let sum = 0
    for (let i = 0; i < logits.length; i++) sum += (sigmoid(logits[i]! * inverse) - right[i]!) * logits[i]!
    return sum
  }
  let low = 1 / HOTTEST
  let high = 1 / COLDEST
  if (slope(low) >= 0) return HOTTEST
  if (slope(high) <= 0) return COLDEST
  for (;;) {
    const middle = (low + high) / 2
    if (middle <= low || middle >= high) return 1 / middle
    if (slope(middle) < 0) low = middle
    else high = middle
  }
}

/**
 * Isotonic regression (Zadrozny, Elkan 2002): the never-falling values of least squared error, by pooling adjacent
 * violators. Equal scores are one point of their mean. Inner points of a flat stretch are left out, which changes
 * nothing. Equals `IsotonicRegression(out_of_bounds='clip')` of scikit-learn 1.9.1 up to rounding.
 */
export function fitIsotonic(scores: Float64Array, right: Uint8Array): Knots {
  const points = distinctScores(scores, right)
  const blocks: { sum: number; weight: number; points: number }[] = []
  for (const { weight, sum } of points) {
    let block = { sum, weight, points: 1 }
    for (let last = blocks.at(-1); last && last.sum * block.weight >= block.sum * last.weight; last = blocks.at(-1)) {
      blocks.pop()
      block = { sum: last.sum + block.sum, weight: last.weight + block.weight, points: last.points + block.points }
    }
    blocks.push(block)
  }
  const knots: { score: number; value: number }[] = []
  let at = 0
  for (const block of blocks) {
    const value = block.sum / block.weight
    knots.push({ score: points[at]!.score, value })
    if (block.points > 1) knots.push({ score: points[at + block.points - 1]!.score, value })
    at += block.points
  }
  return toKnots(knots)
}

/**
 * Rank calibration: a score becomes its place among all scores the model gave, (lower ones + half of the equal ones) / all.
 * It needs no truth and makes the scores of all models uniform. Of many distinct scores, 1001 evenly spaced ones are
 * kept, the first and the last among them.
 */
export function fitRanks(scores: Float64Array): Knots {
  const points = distinctScores(scores, new Uint8Array(scores.length))
  let below = 0
  const knots = points.map(({ score, weight }) => {
    below += weight
    return { score, value: (below - weight / 2) / scores.length }
  })
  if (knots.length <= MOST_KNOTS) return toKnots(knots)
  const places = Array.from({ length: MOST_KNOTS }, (_, i) => Math.round((i * (knots.length - 1)) / (MOST_KNOTS - 1)))
  return toKnots(places.map(place => knots[place]!))
}

export function calibrateScores(calibration: Calibration, scores: Float64Array): Float64Array {
  if ('temperature' in calibration) {
    const { temperature } = calibration
    return temperature === 1 ? scores.slice() : scores.map(score => sigmoid(logit(score) / temperature))
  }
  return scores.map(score => interpolated(calibration, score))
}

function interpolated({ scores, values }: Knots, score: number): number {
  const last = scores.length - 1
  if (last < 0) return score
  if (score <= scores[0]!) return values[0]!
  if (score >= scores[last]!) return values[last]!
  let low = 0
  let high = last
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (scores[middle]! <= score) low = middle
    else high = middle
  }
  const share = (score - scores[low]!) / (scores[high]! - scores[low]!)
  // Rounding must not lift it above the upper knot.
  return Math.min(values[high]!, values[low]! + share * (values[high]! - values[low]!))
}

/** Scores ascending, each once, with how many there are and how many of them are right. */
function distinctScores(scores: Float64Array, right: Uint8Array) {
  const order = Uint32Array.from(scores.keys()).sort((i, j) => scores[i]! - scores[j]!)
  const points: { readonly score: number; weight: number; sum: number }[] = []
  for (const i of order) {
    const last = points.at(-1)
    if (last !== undefined && last.score === scores[i]) {
      last.weight++
      last.sum += right[i]!
    } else points.push({ score: scores[i]!, weight: 1, sum: right[i]! })
  }
  return points
}

function toKnots(knots: readonly { readonly score: number; readonly value: number }[]): Knots {
  return { scores: knots.map(({ score }) => score), values: knots.map(({ value }) => value) }
}

function logit(score: number): number {
  const inside = Math.min(1 - NEAREST, Math.max(NEAREST, score))
  return Math.log(inside / (1 - inside))
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
}
