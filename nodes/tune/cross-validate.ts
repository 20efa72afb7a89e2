import type { FunctionParams } from '../../engine/contract/pipeline-function.ts'
import { bestTrial, runTrials, type SearchPlan, scoreOf, type Trial } from './trials.ts'

/** A fold: which items it holds out, and what was chosen without them. */
export interface FoldResult {
  readonly fold: number
  /** Positions among all items. */
  readonly held: readonly number[]
  readonly params: FunctionParams
  /** Of what was chosen, on the items it was chosen on and on those held out. */
  readonly chosenScore: number
  readonly heldOutScore: number
}

export interface SearchResult {
  /** Scores on all items. The first is the pipeline as it is written. */
  readonly trials: readonly Trial[]
  readonly best: Trial
  readonly folds: readonly FoldResult[]
  /** What each item gets when it is treated as its fold was: with what was chosen without it. */
  readonly paramsByItem: readonly FunctionParams[] | undefined
}

/**
 * Searches on all items, and for each fold on the items outside of it (nested cross-validation). What a grid and random
 * draws try does not depend on scores, so one pass serves all folds; TPE searches again for each.
 * @returns undefined if the score is not defined for any configuration.
 */
export async function searchWithFolds(
  plan: SearchPlan,
  foldOf: readonly number[] | undefined,
): Promise<SearchResult | undefined> {
  const { ids } = plan.run
  const all = [...ids.keys()]
  const names = [...new Set(foldOf ?? [])].sort((a, b) => a - b)
  const trainingSets = names.map(fold => all.filter(i => foldOf![i] !== fold))
  const shared = plan.method !== 'tpe'
  const trials = await runTrials(plan, ids, [all, ...(shared ? trainingSets : [])])
  const best = bestTrial(trials, 0, plan.direction)
  if (best === undefined) return undefined
  const chosen: (readonly [FunctionParams, number])[] = []
  for (const [f, training] of trainingSets.entries()) {
    const own = training.map(i => ids[i]!)
    const tried = shared ? trials : await runTrials({ ...plan, seed: plan.seed + f + 1 }, own, [[...own.keys()]])
    const set = shared ? f + 1 : 0
    const winner = bestTrial(tried, set, plan.direction)
    chosen.push(winner === undefined ? [plan.base, Number.NaN] : [winner.params, winner.scores[set]!])
  }
  if (foldOf === undefined) return { trials, best, folds: [], paramsByItem: undefined }
  const paramsByItem = foldOf.map(fold => chosen[names.indexOf(fold)]![0])
  const evaluated = await plan.run.evaluate(ids.map((id, i) => ({ id, params: paramsByItem[i]! })))
  const folds: FoldResult[] = []
  for (const [f, fold] of names.entries()) {
    const held = all.filter(i => foldOf[i] === fold)
    const [params, chosenScore] = chosen[f]!
    folds.push({ fold, held, params, chosenScore, heldOutScore: await scoreOf(plan, evaluated, held) })
  }
  return { trials, best, folds, paramsByItem }
}
