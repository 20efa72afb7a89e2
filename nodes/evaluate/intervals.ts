import type { ParamSchema } from '../../engine/contract/node.ts'
import { bootstrapIntervals } from '../kernels/bootstrap.ts'
import { defined, type Metrics } from '../values/metrics.ts'

/** Confidence intervals for the numbers of an evaluation. */

export interface IntervalParams {
  readonly bootstrap: number
  readonly seed: number
}

export const intervalParams: { readonly [name: string]: ParamSchema } = {
  bootstrap: {
    type: 'integer',
    minimum: 0,
    default: 0,
    description:
      'Replicates for 95 % confidence intervals: as often, images are drawn with replacement and everything is measured again. 0: no intervals. 1000 is usual.',
  },
  seed: {
    type: 'integer',
    minimum: 0,
    default: 0,
    description: 'Which images the replicates draw; the same seed draws the same on every machine.',
  },
}

/**
 * What `measure` gives for all images, and for each of its groups two more, `<group> low` and `<group> high`: the ends of
 * the 95 % percentile intervals, null where a number is not defined in any replicate.
 * @param measure the numbers when each image counts `repeats[place]` times; always the same groups and names.
 */
export function withIntervals(
  measure: (repeats?: Uint32Array) => Metrics,
  imageCount: number,
  { bootstrap, seed }: IntervalParams,
): Metrics {
  const metrics = measure()
  if (bootstrap === 0 || imageCount === 0) return metrics
  const flat = (all: Metrics) => Object.values(all).flatMap(group => Object.values(group))
  const intervals = bootstrapIntervals({ imageCount, replicates: bootstrap, seed }, repeats =>
    flat(measure(repeats)).map(value => value ?? Number.NaN),
  )
  const out: { [group: string]: { readonly [name: string]: number | null } } = { ...metrics }
  let at = 0
  for (const [group, numbers] of Object.entries(metrics)) {
    const ends = Object.keys(numbers).map(name => ({ name, interval: intervals[at++] }))
    const side = (end: 'low' | 'high') =>
      Object.fromEntries(ends.map(({ name, interval }) => [name, defined(interval?.[end])]))
    out[`${group} low`] = side('low')
    out[`${group} high`] = side('high')
  }
  return out
}
