import type { RpnLevel } from './rpn.ts'

/** The three kinds of picture that the rule tells apart, in the order of the competition's labels. */
export type CellType = 'shsy5y' | 'astro' | 'cort'

export interface CellTypeRule {
  /** A position counts when the best of its anchors has a probability > this (both in float32). */
  readonly probability: number
  /** More positions than this on the two coarsest levels (3 and 4): astro. */
  readonly coarseCount: number
  /** Otherwise fewer positions than this on all levels … */
  readonly totalCount: number
  /** … and fewer than this on level 1: cort. Else shsy5y. */
  readonly fineCount: number
}

/** The published numbers, for pictures of 704 × 520 px and strides 2 to 32. */
export const publishedCellTypeRule: CellTypeRule = {
  probability: 0.7,
  coarseCount: 10,
  totalCount: 4500,
  fineCount: 750,
}

/** [levels] how many grid positions have an anchor with sigmoid(logit) > `probability`. Padding counts as any place. */
export function confidentPositions(
  levels: readonly Pick<RpnLevel, 'objectness' | 'gridHw'>[],
  probability: number,
): Uint32Array {
  const limit = Math.fround(probability)
  return Uint32Array.from(levels, ({ objectness, gridHw }) => {
    const cells = gridHw[0] * gridHw[1]
    let count = 0
    for (let cell = 0; cell < cells; cell++) {
      let best = Number.NEGATIVE_INFINITY
      for (let at = cell; at < objectness.length; at += cells) best = Math.max(best, objectness[at]!)
      if (Math.fround(1 / (1 + Math.exp(-best))) > limit) count++
    }
    return count
  })
}

/**
 * What kind of cells a picture shows, from the counts of `confidentPositions` on five levels: the heuristic of TheoViel's
 * Sartorius solution. Large cells light up the coarse levels, sparse ones few positions in all.
 * @param counts [5], finest level first.
 */
export function cellTypeOf(counts: ArrayLike<number>, rule: CellTypeRule): CellType {
  if (counts[3]! + counts[4]! > rule.coarseCount) return 'astro'
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0)
  return total < rule.totalCount && counts[1]! < rule.fineCount ? 'cort' : 'shsy5y'
}
