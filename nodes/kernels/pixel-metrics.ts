import { unionOfAll } from './mask-algebra.ts'
import { maskIntersections } from './mask-iou.ts'
import type { MaskSet } from './masks.ts'
import { maskAreas } from './rle.ts'

/** Overlap of foreground as a whole, pixel by pixel. */

/** Pixels. */
export interface PixelCounts {
  /** In both. */
  readonly shared: number
  readonly truth: number
  readonly found: number
}

/** Counts of the pixels in any mask of each. The frames are the same. */
export function countPixels(truth: MaskSet, found: MaskSet): PixelCounts {
  const a = unionOfAll(truth)
  const b = unionOfAll(found)
  return { shared: maskIntersections(a, b)[0]!, truth: maskAreas(a)[0]!, found: maskAreas(b)[0]! }
}

/**
 * - `jaccard` (IoU): shared / either.
 * - `dice` (F1 of pixels): 2 · shared / (truth + found).
 * - `precision`: shared / found. `recall`: shared / truth.
 */
export type PixelMeasure = 'jaccard' | 'dice' | 'precision' | 'recall'

/** 1 where both are empty; 0 where only the divisor is. */
export function pixelScore({ shared, truth, found }: PixelCounts, measure: PixelMeasure): number {
  if (truth === 0 && found === 0) return 1
  const divisor = { jaccard: truth + found - shared, dice: (truth + found) / 2, precision: found, recall: truth }[
    measure
  ]
  return divisor === 0 ? 0 : shared / divisor
}

export interface PixelReduction {
  /** `image-mean`: mean of the images' scores. `pooled`: pixels of all images added up first. */
  readonly reduce: 'image-mean' | 'pooled'
  /** Images whose score is < this count 0 (ISIC 2018's thresholded Jaccard: 0.65). Only `image-mean`. Default 0. */
  readonly zeroBelow?: number
  /** Images in which both are empty: 1 (default) or left out. Only `image-mean`. */
  readonly empty?: 'one' | 'skip'
}

/** Score of many images; NaN if there are none. @param repeats how often each counts; default once. */
export function reducePixelScores(
  images: readonly PixelCounts[],
  measure: PixelMeasure,
  { reduce, zeroBelow = 0, empty = 'one' }: PixelReduction,
  repeats?: Uint32Array,
): number {
  if (images.length === 0) return Number.NaN
  if (reduce === 'pooled') {
    const total = (field: keyof PixelCounts) =>
      images.reduce((sum, counts, i) => sum + (repeats?.[i] ?? 1) * counts[field], 0)
    return pixelScore({ shared: total('shared'), truth: total('truth'), found: total('found') }, measure)
  }
  let sum = 0
  let weight = 0
  images.forEach((counts, i) => {
    if (empty === 'skip' && counts.truth === 0 && counts.found === 0) return
    const score = pixelScore(counts, measure)
    sum += (repeats?.[i] ?? 1) * (score < zeroBelow ? 0 : score)
    weight += repeats?.[i] ?? 1
  })
  return sum / weight
}

/**
 * What scikit-learn's `jaccard_score(average='micro')` over background and foreground gives: right pixels / (2 N − right
 * pixels). Taken for the IoU of a class it flatters: of a picture that is nine tenths background, half of the foreground
 * found gives 0.90. `batch` images at a time, in order, the last of what is left, then the mean over batches (Open Cities,
 * third place, while validating). NaN of no images.
 * @param framePx [images] pixels of each image.
 */
export function microJaccard(images: readonly PixelCounts[], framePx: readonly number[], batch: number): number {
  let sum = 0
  let batches = 0
  for (let from = 0; from < images.length; from += batch) {
    let all = 0
    let wrong = 0
    for (let i = from; i < Math.min(from + batch, images.length); i++) {
      const { shared, truth, found } = images[i]!
      all += framePx[i]!
      wrong += truth + found - 2 * shared
    }
    sum += (all - wrong) / (all + wrong)
    batches++
  }
  return sum / batches
}

/**
 * [K · K] pixels by true class (row) and predicted class (column). Pixels whose true class is `ignoreLabel` or outside
 * 0 … K − 1 are left out; a predicted class outside counts in no column, so that the pixel is only missed (`missed`).
 */
export interface Confusion {
  readonly matrix: Float64Array
  /** [K] pixels of a true class that were predicted as no class. */
  readonly missed: Float64Array
}

export function confusion(
  truth: ArrayLike<number>,
  found: ArrayLike<number>,
  classCount: number,
  ignoreLabel = -1,
): Confusion {
  if (truth.length !== found.length) throw new RangeError(`${truth.length} true and ${found.length} predicted pixels`)
  const matrix = new Float64Array(classCount * classCount)
  const missed = new Float64Array(classCount)
  for (let i = 0; i < truth.length; i++) {
    const label = truth[i]!
    if (label === ignoreLabel || label < 0 || label >= classCount) continue
    const other = found[i]!
    if (other < 0 || other >= classCount) missed[label]!++
    else matrix[label * classCount + other]!++
  }
  return { matrix, missed }
}

/** Pixel counts of each class: what its score is computed from. */
export function classPixels({ matrix, missed }: Confusion): PixelCounts[] {
  const classCount = missed.length
  return Array.from(missed, (lost, label) => {
    let truth = lost
    let found = 0
    for (let other = 0; other < classCount; other++) {
      truth += matrix[label * classCount + other]!
      found += matrix[other * classCount + label]!
    }
    return { shared: matrix[label * classCount + label]!, truth, found }
  })
}
