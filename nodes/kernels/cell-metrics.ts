import { matchInstances } from './instance-matching.ts'
import type { MaskPairs } from './mask-lineage.ts'

/**
 * The score of the cell and fashion segmentation competitions: at each IoU threshold hits / (hits + false alarms +
 * misses), averaged over thresholds. Scores of predictions do not enter.
 */

/**
 * What counts at a threshold t, from the matrix of matches IoU > t (strict, as the hosts say):
 * - `dsb2018`: hits = ground truths with exactly one match, misses = those with none, false alarms = predictions with
 *   none (the public scoring code of the Data Science Bowl 2018, and iMaterialist 2019's).
 * - `sartorius`: as above, and a ground truth with several matches is one more false alarm (TheoViel, 2021).
 * - `matching`: IoU ≥ t, one to one (`instance-matching.ts`).
 * With instances that do not overlap and t ≥ 0.5 they agree, up to the operator.
 */
export type CellRule = 'dsb2018' | 'sartorius' | 'matching'

/** [T] each. */
export interface CellCounts {
  readonly hits: Float64Array
  readonly falseAlarms: Float64Array
  readonly misses: Float64Array
}

/** 0.5, 0.55, … 0.95, the nearest doubles. */
export const cellThresholds: Float64Array = Float64Array.from({ length: 10 }, (_, i) => (50 + 5 * i) / 100)

/**
 * numpy.arange(0.5, 1, 0.05), which the competition code uses: start + i · ((start + step) − start), so the third is
 * 0.6000000000000001 and an IoU of 0.6 does not pass it.
 */
export const numpyCellThresholds: Float64Array = Float64Array.from(
  { length: 10 },
  (_, i) => 0.5 + i * (0.5 + 0.05 - 0.5),
)

/** @param ious [G · P] row-major, ground truth first. */
export function countCells(
  ious: Float64Array,
  truths: number,
  found: number,
  thresholds: Float64Array,
  rule: CellRule,
): CellCounts {
  const offsets = new Uint32Array(truths + 1)
  const places: number[] = []
  for (let g = 0, k = 0; g < truths; g++) {
    for (let p = 0; p < found; p++, k++) if (ious[k]! > 0) places.push(k)
    offsets[g + 1] = places.length
  }
  const columns = Uint32Array.from(places, k => k % found)
  return countCellPairs({ offsets, columns, values: Float64Array.from(places, k => ious[k]!) }, found, thresholds, rule)
}

/** The same of pairs of ground truth (rows) and predictions (columns) that overlap, with their IoU. */
export function countCellPairs(pairs: MaskPairs, found: number, thresholds: Float64Array, rule: CellRule): CellCounts {
  const { offsets, columns, values: ious } = pairs
  const truths = offsets.length - 1
  const hits = new Float64Array(thresholds.length)
  const falseAlarms = new Float64Array(thresholds.length)
  const misses = new Float64Array(thresholds.length)
  if (rule === 'matching') return countMatched(pairs, found, thresholds)
  const ofFound = new Uint8Array(found)
  for (let t = 0; t < thresholds.length; t++) {
    const threshold = thresholds[t]!
    ofFound.fill(0)
    let alone = found
    for (let g = 0; g < truths; g++) {
      let matches = 0
      for (let k = offsets[g]!; k < offsets[g + 1]!; k++) {
        if (ious[k]! <= threshold) continue
        matches++
        if (ofFound[columns[k]!] === 1) continue
        ofFound[columns[k]!] = 1
        alone--
      }
      if (matches === 0) misses[t]!++
      else if (matches === 1) hits[t]!++
      else if (rule === 'sartorius') falseAlarms[t]!++
    }
    falseAlarms[t]! += alone
  }
  return { hits, falseAlarms, misses }
}

function countMatched({ offsets, columns, values }: MaskPairs, found: number, thresholds: Float64Array): CellCounts {
  const truths = offsets.length - 1
  const ious = new Float64Array(truths * found)
  for (let g = 0; g < truths; g++) {
    for (let k = offsets[g]!; k < offsets[g + 1]!; k++) ious[g * found + columns[k]!] = values[k]!
  }
  const hits = thresholds.map(threshold => matchInstances(ious, truths, found, threshold).filter(p => p >= 0).length)
  return { hits, falseAlarms: hits.map(count => found - count), misses: hits.map(count => truths - count) }
}

/** Where an image has neither ground truth nor predictions: it scores 1, it scores 0, or it is left out. */
export type EmptyRule = 'one' | 'zero' | 'skip'

/** Mean over thresholds of hits / (hits + false alarms + misses). Undefined if there is nothing and the rule is `skip`. */
export function cellScore({ hits, falseAlarms, misses }: CellCounts, empty: EmptyRule): number | undefined {
  let sum = 0
  for (let t = 0; t < hits.length; t++) {
    const all = hits[t]! + falseAlarms[t]! + misses[t]!
    if (all === 0) return empty === 'skip' ? undefined : empty === 'one' ? 1 : 0
    sum += hits[t]! / all
  }
  return sum / hits.length
}

/**
 * The score of many images.
 * - `image-mean`: mean of the images' scores (Data Science Bowl 2018, Sartorius). An image in parts (one for each class in
 *   it: iMaterialist 2019) has the mean of its parts; an image without parts is empty.
 * - `pooled`: counts added up over all images first; `empty` matters only if all are.
 * NaN if nothing is left.
 */
export function reduceCellScores(
  images: readonly (readonly CellCounts[])[],
  reduce: 'image-mean' | 'pooled',
  empty: EmptyRule,
  repeats?: Uint32Array,
): number {
  const times = (image: number) => repeats?.[image] ?? 1
  if (reduce === 'pooled') {
    const thresholds = images.flat()[0]?.hits.length ?? 0
    const total = (field: keyof CellCounts) =>
      Float64Array.from({ length: thresholds }, (_, t) =>
        images.reduce((sum, parts, i) => sum + times(i) * parts.reduce((own, part) => own + part[field][t]!, 0), 0),
      )
    const counts = { hits: total('hits'), falseAlarms: total('falseAlarms'), misses: total('misses') }
    return (thresholds === 0 ? emptyScore(empty) : cellScore(counts, empty)) ?? Number.NaN
  }
  let sum = 0
  let weight = 0
  images.forEach((parts, i) => {
    const scores = parts.map(part => cellScore(part, empty)).filter(score => score !== undefined)
    const score = parts.length === 0 ? emptyScore(empty) : scores.reduce((a, b) => a + b, 0) / scores.length
    if (score === undefined || Number.isNaN(score)) return
    sum += times(i) * score
    weight += times(i)
  })
  return sum / weight
}

function emptyScore(empty: EmptyRule): number | undefined {
  return empty === 'skip' ? undefined : empty === 'one' ? 1 : 0
}
