import { matchInstances } from './instance-matching.ts'

/** How well instances were found, from a one-to-one matching by IoU: F1 and panoptic quality. */

export interface MatchCounts {
  readonly truths: number
  readonly found: number
  /** Pairs with IoU ≥ threshold. */
  readonly matched: number
  /** Their IoU added up. */
  readonly iouSum: number
}

/** @param ious [G · P] of one image (and class). */
export function countMatches(ious: Float64Array, truths: number, found: number, threshold: number): MatchCounts {
  let matched = 0
  let iouSum = 0
  const partner = matchInstances(ious, truths, found, threshold)
  for (let g = 0; g < truths; g++) {
    if (partner[g]! < 0) continue
    matched++
    iouSum += ious[g * found + partner[g]!]!
  }
  return { truths, found, matched, iouSum }
}

/** Counts of several images as if they were one. */
export function addMatches(all: readonly MatchCounts[]): MatchCounts {
  const sum = (pick: (counts: MatchCounts) => number) => all.reduce((total, counts) => total + pick(counts), 0)
  return {
    truths: sum(counts => counts.truths),
    found: sum(counts => counts.found),
    matched: sum(counts => counts.matched),
    iouSum: sum(counts => counts.iouSum),
  }
}

export interface MatchQuality {
  /** matched / found */
  readonly precision: number
  /** matched / truths */
  readonly recall: number
  /** 2 · matched / (found + truths): how many. */
  readonly f1: number
  /** matched / (found + truths − matched): the score of the Data Science Bowl 2018 at one threshold. */
  readonly accuracy: number
  /** Mean IoU of the pairs: how well. Also called segmentation quality. */
  readonly meanMatchedIou: number
  /** IoU of the pairs over all ground truths. */
  readonly meanTruthIou: number
  /** f1 · meanMatchedIou (Kirillov et al. 2019). */
  readonly panopticQuality: number
}

/** Source: `stardist.matching` 0.9. Whatever would divide by 0 is 0. */
export function matchQuality({ truths, found, matched, iouSum }: MatchCounts): MatchQuality {
  const ratio = (a: number, b: number) => (b > 0 ? a / b : 0)
  return {
    precision: ratio(matched, found),
    recall: ratio(matched, truths),
    f1: ratio(2 * matched, found + truths),
    accuracy: ratio(matched, found + truths - matched),
    meanMatchedIou: ratio(iouSum, matched),
    meanTruthIou: ratio(iouSum, truths),
    panopticQuality: ratio(iouSum, (found + truths) / 2),
  }
}
