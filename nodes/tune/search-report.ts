import type { Json } from '../../engine/base/canonical.ts'
import type { FunctionParams } from '../../engine/contract/pipeline-function.ts'
import { intervalOf, replicatesOf } from '../kernels/bootstrap.ts'
import { defined, type Metrics } from '../values/metrics.ts'
import type { Table } from '../values/table.ts'
import type { SearchResult } from './cross-validate.ts'
import { valuesIn } from './space.ts'
import { type SearchPlan, scoreOf } from './trials.ts'

/** Score of the chosen parameters, of those as written, and cross-validated; with intervals over images. */
export async function searchMetrics(
  plan: SearchPlan,
  { trials, best, paramsByItem }: SearchResult,
  replicates: number,
  seed: number,
): Promise<Metrics> {
  const { run, base } = plan
  const ways = {
    'in-sample': run.ids.map(() => best.params),
    'as written': run.ids.map(() => base),
    ...(paramsByItem && { 'cross-validated': paramsByItem }),
  }
  const names = Object.keys(ways)
  const evaluated: Awaited<ReturnType<typeof run.evaluate>>[] = []
  for (const params of Object.values(ways)) {
    evaluated.push(await run.evaluate(run.ids.map((id, i) => ({ id, params: params[i]! }))))
  }
  const measure = async (positions: readonly number[]) => {
    const scores: number[] = []
    for (const one of evaluated) scores.push(await scoreOf(plan, one, positions))
    // Positive: better than the pipeline is as it is written.
    const sign = plan.direction === 'maximize' ? 1 : -1
    return paramsByItem ? [...scores, sign * (scores[2]! - scores[1]!)] : scores
  }
  const shown = paramsByItem ? [...names, 'gain'] : names
  const group = (numbers: readonly number[]) => Object.fromEntries(shown.map((name, i) => [name, defined(numbers[i])]))
  const search = { ...group(await measure([...run.ids.keys()])), configurations: trials.length }
  if (replicates === 0 || !run.resamples || run.ids.length === 0) return { search }
  const samples: number[][] = shown.map(() => [])
  for (const repeats of replicatesOf({ imageCount: run.ids.length, replicates, seed })) {
    const positions = [...repeats].flatMap((times, i) => Array<number>(times).fill(i))
    for (const [n, value] of (await measure(positions)).entries()) if (!Number.isNaN(value)) samples[n]!.push(value)
  }
  const intervals = samples.map(values => intervalOf(values))
  return {
    search,
    'search low': group(intervals.map(({ low }) => low)),
    'search high': group(intervals.map(({ high }) => high)),
  }
}

/** One row for each configuration, in the order they were tried; the first is the pipeline as it is written. */
export function trialTable({ dimensions, objective }: SearchPlan, { trials, best, folds }: SearchResult): Table {
  const chosenFor = (params: FunctionParams) => folds.filter(fold => fold.params === params).map(({ fold }) => fold)
  return {
    columns: ['trial', ...dimensions.map(({ name }) => name), objective, 'chosen'],
    rows: trials.map((trial, number) => {
      const { params, scores } = trial
      const uses = [...(trial === best ? ['all'] : []), ...chosenFor(params).map(fold => `without ${fold}`)]
      return [number, ...valuesIn(dimensions, params).map(cell), defined(scores[0]), uses.join(', ') || null]
    }),
  }
}

export function foldTable({ dimensions }: SearchPlan, { folds }: SearchResult): Table {
  return {
    columns: ['fold', 'items', ...dimensions.map(({ name }) => name), 'score elsewhere', 'score held out'],
    rows: folds.map(({ fold, held, params, chosenScore, heldOutScore }) => [
      fold,
      held.length,
      ...valuesIn(dimensions, params).map(cell),
      ...[chosenScore, heldOutScore].map(defined),
    ]),
  }
}

/** The searched parameters as a file for `--params`. */
export function paramsFile(
  { dimensions, objective }: SearchPlan,
  { best }: SearchResult,
  metrics: Metrics,
): Uint8Array {
  const numbers = metrics['search']!
  const found = ['in-sample', 'cross-validated', 'as written'].flatMap(name => {
    const value = numbers[name]
    return value === undefined || value === null ? [] : [`${value.toFixed(4)} ${name}`]
  })
  const names = [...new Set(dimensions.map(({ param }) => param))]
  const lines = names.map(name => `${name}: ${JSON.stringify(best.params[name] ?? null)}`)
  return new TextEncoder().encode(`# ${objective}: ${found.join(', ')}\n${lines.join('\n')}\n`)
}

/** Text and numbers as they are, anything else as JSON. */
function cell(value: Json): string | number | null {
  return value === null || typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value)
}
