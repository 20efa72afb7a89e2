import { canonical, type Json } from '../../engine/base/canonical.ts'
import { randomStream } from '../kernels/bootstrap.ts'
import { suggestTpe, type TpeAxis, uniform } from '../kernels/tpe.ts'
import type { Dimension, Point } from './space.ts'

export type Method = 'grid' | 'random' | 'tpe'

/** What to try next. */
export interface Proposals {
  /** Undefined: everything was tried. */
  readonly next: () => Point | undefined
  /** How good it was: greater is better, NaN where it is not defined. */
  readonly tell: (point: Point, score: number) => void
}

/** The same seed proposes the same on every machine. No configuration comes twice. */
export function proposalsOf(method: Method, dimensions: readonly Dimension[], seed: number): Proposals {
  if (method === 'grid') return gridProposals(dimensions)
  const axes = dimensions.map(
    ({ numeric, values }): TpeAxis => (numeric ? { form: 'numeric' } : { form: 'choice', count: values!.length }),
  )
  const random = randomStream(seed)
  const seen = new Set<string>()
  const points: Point[] = []
  const losses: number[] = []
  const fresh = (point: Point) => {
    const text = canonical(dimensions.map(({ at }, d): Json => at(point[d]!)))
    return !seen.has(text) && seen.add(text) !== undefined
  }
  return {
    next() {
      for (let attempt = 0; attempt < maxRepeats; attempt++) {
        // What the model proposes again and again is known: look elsewhere.
        const modelled = method === 'tpe' && attempt < maxModelRepeats
        const point = modelled ? suggestTpe(axes, { points, losses }, random) : axes.map(axis => uniform(axis, random))
        if (fresh(point)) return point
      }
      return undefined
    },
    tell(point, score) {
      points.push(point)
      losses.push(-score)
    },
  }
}

/** So many known configurations in a row mean that (almost) all are. */
const maxRepeats = 1000
const maxModelRepeats = 20

/** The last dimension changes fastest. */
function gridProposals(dimensions: readonly Dimension[]): Proposals {
  const counts = dimensions.map(({ values }) => values?.length ?? 0)
  const total = gridSize(dimensions)
  let index = 0
  return {
    next() {
      if (index >= total) return undefined
      let rest = index++
      const digits = counts.map(() => 0)
      for (let d = counts.length - 1; d >= 0; d--) {
        digits[d] = rest % counts[d]!
        rest = Math.floor(rest / counts[d]!)
      }
      return dimensions.map(({ placeOf }, d) => placeOf(digits[d]!))
    },
    tell: () => {},
  }
}

/** Configurations of a grid; infinite if a dimension is. */
export function gridSize(dimensions: readonly Dimension[]): number {
  return dimensions.reduce((product, { values }) => product * (values?.length ?? Number.POSITIVE_INFINITY), 1)
}
