import {
  type CellCounts,
  type CellRule,
  cellThresholds,
  countCells,
  numpyCellThresholds,
  reduceCellScores,
} from './cell-metrics.ts'
import { accumulateRecords, type ImageRecords } from './coco-accumulate.ts'
import { cocoRecords } from './coco-eval.ts'
import { type CocoSettings, linspace } from './coco-settings.ts'
import { averagePrecision } from './coco-summary.ts'
import { maskIou } from './mask-iou.ts'
import { selectMasks } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'
import { addMatches, countMatches, type MatchCounts, matchQuality } from './panoptic-f1.ts'

/**
 * One number for predictions of many images, made of a small part of each, so that images can be measured once and
 * counted often: in other combinations, or as often as a bootstrap replicate draws them.
 *
 * - `mask.AP`, `mask.AP50`, `mask.AP75`, `box.…`: as `evaluate/coco` (fixed rules, all sizes, 100 detections of an image
 *   and class).
 * - `cells.dsb2018`, `cells.sartorius`, `cells.matching`: as `evaluate/cells` with that rule, mean over images, all classes
 *   as one; sartorius with the thresholds of numpy.arange.
 * - `matching.F1`, `matching.PQ`: F1 over all classes and the mean panoptic quality of classes, as `evaluate/matching`, at
 *   IoU 0.5.
 */
export const objectiveNames = [
  'mask.AP',
  'mask.AP50',
  'mask.AP75',
  'box.AP',
  'box.AP50',
  'box.AP75',
  'cells.dsb2018',
  'cells.sartorius',
  'cells.matching',
  'matching.F1',
  'matching.PQ',
] as const

export type ObjectiveName = (typeof objectiveNames)[number]

/** Of one image, labels in the classes of the truth. */
export interface ScoredObjects {
  readonly labels: Int32Array
  readonly scores: Float64Array
  readonly boxesXyxy: Float64Array
  readonly masks: MaskSet
}

export interface TrueObjects extends Omit<ScoredObjects, 'scores'> {
  readonly crowd?: Uint8Array
  readonly groupOf?: Uint8Array
  readonly areasPx?: Float64Array
}

export interface Objective<Part = unknown> {
  /** What is kept of an image. */
  readonly partOf: (found: ScoredObjects, truth: TrueObjects) => Part
  /**
   * @param repeats [images] how often each counts; default once.
   * @returns NaN where it is not defined (no ground truth).
   */
  readonly reduce: (parts: readonly Part[], repeats?: Uint32Array) => number
}

export function createObjective(name: ObjectiveName, classCount: number): Objective {
  const [family, measure] = name.split('.') as [string, string]
  if (family === 'cells') return cellObjective(measure as CellRule) as Objective
  if (family === 'matching') return matchingObjective(measure === 'F1', classCount) as Objective
  return precisionObjective(family === 'box', measure, classCount) as Objective
}

function precisionObjective(ofBoxes: boolean, measure: string, classCount: number): Objective<ImageRecords['groups']> {
  const iou = { AP: undefined, AP50: 0.5, AP75: 0.75 }[measure]
  const settings: CocoSettings = {
    iouThresholds: iou === undefined ? linspace(0.5, 0.95, 10) : Float64Array.of(iou),
    recallThresholds: linspace(0, 1, 101),
    areaRanges: [{ name: 'all', lowPx: 0, highPx: 1e10 }],
    maxDetections: [100],
  }
  return {
    partOf: ({ labels, scores, boxesXyxy, masks }, truth) => {
      const image = {
        truth: { ...truth, ...(truth.groupOf && { ignore: truth.groupOf }) },
        detections: { labels, scores, boxesXyxy, masks },
      }
      return cocoRecords(image, { classCount, similarity: ofBoxes ? 'bbox' : 'segm' }, settings, 0).groups
    },
    reduce: (parts, repeats) => {
      const records = parts.map((groups, order) => ({ order, groups }))
      const value = averagePrecision(accumulateRecords(records, classCount, settings, repeats))
      return value === -1 ? Number.NaN : value
    },
  }
}

function cellObjective(rule: CellRule): Objective<CellCounts> {
  const thresholds = rule === 'sartorius' ? numpyCellThresholds : cellThresholds
  return {
    partOf: (found, truth) => {
      const ious = maskIou(truth.masks, found.masks)
      return countCells(ious, truth.labels.length, found.labels.length, thresholds, rule)
    },
    reduce: (parts, repeats) =>
      reduceCellScores(
        parts.map(part => [part]),
        'image-mean',
        'one',
        repeats,
      ),
  }
}

/** [classes] */
function matchingObjective(ofF1: boolean, classCount: number): Objective<readonly MatchCounts[]> {
  return {
    partOf: (found, truth) =>
      Array.from({ length: classCount }, (_, label) => {
        const own = ({ labels }: { readonly labels: Int32Array }) => [...labels.keys()].filter(i => labels[i] === label)
        const truths = own(truth)
        const predictions = own(found)
        const ious = maskIou(selectMasks(truth.masks, truths), selectMasks(found.masks, predictions))
        return countMatches(ious, truths.length, predictions.length, 0.5)
      }),
    reduce: (parts, repeats) => {
      const byClass = Array.from({ length: classCount }, (_, label) =>
        addMatches(parts.flatMap((part, i) => Array.from({ length: repeats?.[i] ?? 1 }, () => part[label]!))),
      )
      if (ofF1) return matchQuality(addMatches(byClass)).f1
      const seen = byClass.filter(({ truths, found }) => truths + found > 0).map(matchQuality)
      return seen.reduce((sum, quality) => sum + quality.panopticQuality, 0) / seen.length
    },
  }
}
