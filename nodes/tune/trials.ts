import type { FunctionParams, PipelineFunction } from '../../engine/contract/pipeline-function.ts'
import { type Metrics, numberAt } from '../values/metrics.ts'
import { type Method, proposalsOf } from './proposals.ts'
import { type Dimension, paramsAt } from './space.ts'

/** What is searched, and how. */
export interface SearchPlan {
  readonly run: PipelineFunction
  readonly dimensions: readonly Dimension[]
  readonly base: FunctionParams
  /** The number that counts: the output it is in, and its `group.name`. */
  readonly output: string
  readonly objective: string
  readonly direction: 'maximize' | 'minimize'
  readonly method: Method
  readonly trials: number
  readonly seed: number
  readonly progress: (done: number, best: number) => void
}

/** One configuration. */
export interface Trial {
  readonly params: FunctionParams
  /** On each set of items; NaN where it is not defined. As measured, whatever the direction. */
  readonly scores: readonly number[]
}

/**
 * Tries the parameters as they are written, then what the method proposes.
 * @param ids the items that are looked at.
 * @param sets positions in `ids`, each scored by itself; the score on the first leads the search.
 */
export async function runTrials(
  plan: SearchPlan,
  ids: readonly string[],
  sets: readonly (readonly number[])[],
): Promise<readonly Trial[]> {
  const { dimensions, base, method, trials, seed, direction } = plan
  const proposals = proposalsOf(method, dimensions, seed)
  const made: Trial[] = []
  let best = Number.NaN
  for (let number = 0; number <= trials; number++) {
    const point = number === 0 ? undefined : proposals.next()
    if (number > 0 && point === undefined) break
    const params = point === undefined ? base : paramsAt(dimensions, point, base)
    const evaluated = await plan.run.evaluate(ids.map(id => ({ id, params })))
    const scores: number[] = []
    for (const set of sets) scores.push(await scoreOf(plan, evaluated, set))
    made.push({ params, scores })
    if (isBetter(scores[0]!, best, direction)) best = scores[0]!
    if (point !== undefined) proposals.tell(point, direction === 'maximize' ? scores[0]! : -scores[0]!)
    plan.progress(number, best)
  }
  return made
}

/** NaN where the number is not defined; undefined is a number that is not there at all. */
export async function scoreOf(
  { output, objective }: Pick<SearchPlan, 'output' | 'objective'>,
  evaluated: Awaited<ReturnType<PipelineFunction['evaluate']>>,
  positions: readonly number[],
): Promise<number> {
  const outputs = await evaluated.outputs([output], positions)
  const value = numberAt(outputs[output] as Metrics, objective)
  if (value === undefined) throw new UnknownNumber(outputs[output] as Metrics)
  return value ?? Number.NaN
}

/** The objective is none of the numbers that came out. */
export class UnknownNumber extends Error {
  readonly metrics: Metrics

  constructor(metrics: Metrics) {
    super('internal: a metric is not there')
    this.metrics = metrics
  }
}

/** The first trial of the best score on a set; undefined if none has one. */
export function bestTrial(
  trials: readonly Trial[],
  set: number,
  direction: SearchPlan['direction'],
): Trial | undefined {
  return trials.reduce<Trial | undefined>((best, trial) => {
    const score = trial.scores[set]!
    if (Number.isNaN(score)) return best
    return best === undefined || isBetter(score, best.scores[set]!, direction) ? trial : best
  }, undefined)
}

export function isBetter(score: number, than: number, direction: SearchPlan['direction']): boolean {
  if (Number.isNaN(score) || Number.isNaN(than)) return !Number.isNaN(score)
  return direction === 'maximize' ? score > than : score < than
}
