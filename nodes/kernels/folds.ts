/**
 * Cross-validation folds, as scikit-learn 1.x assigns them without shuffling. Items come in an order that matters; the
 * result is [N] the fold, 0 to folds − 1, in which an item is held out.
 */

/** KFold: consecutive stretches, the first `N mod folds` of them one longer. */
export function plainFolds(count: number, folds: number): Int32Array {
  const base = Math.floor(count / folds)
  const longer = count % folds
  const foldOf = new Int32Array(count)
  for (let fold = 0, at = 0; fold < folds; fold++) {
    const size = base + (fold < longer ? 1 : 0)
    foldOf.fill(fold, at, at + size)
    at += size
  }
  return foldOf
}

/**
 * StratifiedKFold: every fold gets its share of every label. Labels are numbered by first appearance; dealing out all
 * sorted labels like cards says how many of each a fold gets, and its items are taken in order.
 * @param labels [N] ≥ 0, numbered in any way.
 */
export function stratifiedFolds(labels: Int32Array, folds: number): Int32Array {
  const members = new Map<number, number[]>()
  for (const [i, label] of labels.entries()) {
    const list = members.get(label)
    if (list) list.push(i)
    else members.set(label, [i])
  }
  const foldOf = new Int32Array(labels.length)
  let dealt = 0
  for (const items of members.values()) {
    const shares = new Int32Array(folds)
    for (let k = 0; k < items.length; k++) shares[(dealt + k) % folds]!++
    dealt += items.length
    let at = 0
    for (let fold = 0; fold < folds; fold++) for (let k = 0; k < shares[fold]!; k++) foldOf[items[at++]!] = fold
  }
  return foldOf
}

/**
 * GroupKFold: groups by size descending (of equal ones the later number first), each into the fold with fewest items (of
 * equal ones the first).
 * @param groups [N] numbered from 0.
 */
export function groupedFolds(groups: Int32Array, folds: number): Int32Array {
  const sizes = countsOf(groups)
  const order = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || b - a)
  const load = new Float64Array(folds)
  const foldOfGroup = new Int32Array(sizes.length)
  for (const group of order) {
    let lightest = 0
    for (let fold = 1; fold < folds; fold++) if (load[fold]! < load[lightest]!) lightest = fold
    load[lightest]! += sizes[group]!
    foldOfGroup[group] = lightest
  }
  return groups.map(group => foldOfGroup[group]!)
}

/**
 * StratifiedGroupKFold: groups by the spread (standard deviation) of their label counts descending, ties in order of
 * their number; each goes into the fold that leaves the labels most evenly spread over folds (the least mean over labels
 * of the standard deviation over folds of shares; within 1e-8 + 1e-5 relative, the fold with fewer items, then the first).
 * @param labels [N] numbered from 0.
 * @param groups [N] numbered from 0.
 */
export function stratifiedGroupedFolds(labels: Int32Array, groups: Int32Array, folds: number): Int32Array {
  const totals = countsOf(labels)
  const labelCount = totals.length
  const groupCount = countsOf(groups).length
  const counts = Array.from({ length: groupCount }, () => new Float64Array(labelCount))
  for (const [i, group] of groups.entries()) counts[group]![labels[i]!]!++
  const spreads = counts.map(standardDeviation)
  const order = [...counts.keys()].sort((a, b) => spreads[b]! - spreads[a]! || a - b)
  const inFold = Array.from({ length: folds }, () => new Float64Array(labelCount))
  const foldOfGroup = new Int32Array(groupCount)
  for (const group of order) {
    const best = bestFold(inFold, totals, counts[group]!)
    foldOfGroup[group] = best
    for (const [label, count] of counts[group]!.entries()) inFold[best]![label]! += count
  }
  return groups.map(group => foldOfGroup[group]!)
}

function bestFold(inFold: readonly Float64Array[], totals: readonly number[], added: Float64Array): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  let fewest = Number.POSITIVE_INFINITY
  for (const [fold, own] of inFold.entries()) {
    let sum = 0
    for (const [label, total] of totals.entries()) {
      const shares = inFold.map((other, i) => (other[label]! + (i === fold ? added[label]! : 0)) / total)
      sum += standardDeviation(shares)
    }
    const unevenness = sum / totals.length
    const items = own.reduce((all, count) => all + count, 0)
    const close = Math.abs(unevenness - least) <= 1e-8 + 1e-5 * Math.abs(least)
    if (unevenness < least || (close && items < fewest)) {
      best = fold
      least = unevenness
      fewest = items
    }
  }
  return best
}

/** Of the whole population. */
function standardDeviation(values: ArrayLike<number>): number {
  const list = Array.from(values)
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length
  return Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length)
}

function countsOf(numbers: Int32Array): number[] {
  const counts: number[] = []
  for (const number of numbers) {
    while (counts.length <= number) counts.push(0)
    counts[number]!++
  }
  return counts
}
