import { plainFolds, stratifiedFolds, stratifiedGroupedFolds } from './folds.ts'
import { type Mt19937, permutation, shuffle } from './mt19937.ts'

/**
 * Cross-validation folds as scikit-learn 1.9 assigns them with `shuffle=True` and a whole number as `random_state`, draw
 * for draw; see `folds.ts` for the rest. Each function begins with a fresh generator of that seed.
 */

/** KFold: consecutive stretches of the shuffled items. */
export function shuffledPlainFolds(count: number, folds: number, random: Mt19937): Int32Array {
  const order = permutation(random, count)
  const foldOf = new Int32Array(count)
  for (const [place, fold] of plainFolds(count, folds).entries()) foldOf[order[place]!] = fold
  return foldOf
}

/** StratifiedKFold: inside each label, by first appearance, the folds of its items are shuffled. */
export function shuffledStratifiedFolds(labels: Int32Array, folds: number, random: Mt19937): Int32Array {
  const foldOf = stratifiedFolds(labels, folds)
  const members = new Map<number, number[]>()
  for (const [i, label] of labels.entries()) {
    const items = members.get(label)
    if (items) items.push(i)
    else members.set(label, [i])
  }
  for (const items of members.values()) {
    // Items of a label are in folds that rise.
    const own = items.map(item => foldOf[item]!)
    shuffle(random, own)
    for (const [k, item] of items.entries()) foldOf[item] = own[k]!
  }
  return foldOf
}

/** GroupKFold: consecutive stretches of the shuffled groups, whatever their sizes. */
export function shuffledGroupedFolds(groups: Int32Array, folds: number, random: Mt19937): Int32Array {
  const count = groups.reduce((most, group) => Math.max(most, group), -1) + 1
  const foldOfGroup = shuffledPlainFolds(count, folds, random)
  return groups.map(group => foldOfGroup[group]!)
}

/** StratifiedGroupKFold: groups with equally spread labels come in the shuffled order. */
export function shuffledStratifiedGroupedFolds(
  labels: Int32Array,
  groups: Int32Array,
  folds: number,
  random: Mt19937,
): Int32Array {
  const count = groups.reduce((most, group) => Math.max(most, group), -1) + 1
  const placeOf = new Int32Array(count)
  for (const [place, group] of permutation(random, count).entries()) placeOf[group] = place
  return stratifiedGroupedFolds(
    labels,
    groups.map(group => placeOf[group]!),
    folds,
  )
}
