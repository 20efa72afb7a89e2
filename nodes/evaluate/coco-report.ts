import type { CocoCurves } from '../kernels/coco-accumulate.ts'
import { averagePrecision, averageRecall, cocoStatNames, cocoStats } from '../kernels/coco-summary.ts'
import type { ClassList } from '../values/classes.ts'
import type { Metrics } from '../values/metrics.ts'
import type { Table } from '../values/table.ts'
import type { Curve } from './curves.ts'

/** The numbers of `evaluate/coco` in the forms they are delivered in. Groups: box, mask, boundary, as far as measured. */
export type CocoResults = { readonly [group: string]: CocoCurves }

/** The kernel says −1 where there is no ground truth to measure with. */
export function measured(value: number): number | null {
  return value === -1 ? null : value
}

/** COCO's twelve numbers of each group, and its AP by class id. */
export function cocoMetrics(results: CocoResults, classes: ClassList, rules: 'fixed' | 'strict'): Metrics {
  const twelve = (curves: CocoCurves) => {
    const stats = cocoStats(curves, rules)
    return Object.fromEntries(cocoStatNames.map((name, index) => [name, measured(stats[index]!)]))
  }
  const byClass = (curves: CocoCurves) =>
    Object.fromEntries(classes.map(({ id }, label) => [id, measured(averagePrecision(curves, { label }))]))
  const groups = Object.entries(results)
  return Object.fromEntries([
    ...groups.map(([group, curves]) => [group, twelve(curves)]),
    ...groups.map(([group, curves]) => [`${group} AP by class`, byClass(curves)]),
  ])
}

/** One row for all classes, then one for each. */
export function cocoTable(results: CocoResults, classes: ClassList): Table {
  const groups = Object.entries(results)
  const numbers = (label?: number) => {
    const of = label === undefined ? {} : { label }
    return groups.flatMap(([, curves]) => [
      measured(averagePrecision(curves, of)),
      measured(averagePrecision(curves, { ...of, iou: 0.5 })),
      measured(averageRecall(curves, of)),
    ])
  }
  const [, first] = groups[0]!
  // The first size range holds every size.
  const truths = classes.map((_, label) => first.positives[label * first.settings.areaRanges.length]!)
  return {
    columns: [
      'class',
      'name',
      'truths',
      ...groups.flatMap(([group]) => [`${group} AP`, `${group} AP50`, `${group} AR`]),
    ],
    rows: [
      [null, 'all classes', truths.reduce((sum, count) => sum + count, 0), ...numbers()],
      ...classes.map(({ id, name }, label) => [id, name, truths[label]!, ...numbers(label)]),
    ],
  }
}

/** Precision by recall, mean over the classes with ground truth: at IoU 0.5, at 0.75, and mean over all thresholds. */
export function cocoCurves(results: CocoResults): Curve[] {
  return Object.entries(results).flatMap(([group, curves]) => {
    const { recallThresholds, iouThresholds } = curves.settings
    const at = (name: string, wanted: (iou: number) => boolean): Curve => {
      const chosen = [...iouThresholds.keys()].filter(t => wanted(iouThresholds[t]!))
      const precision = Array.from(recallThresholds, (_, r) => meanPrecision(curves, chosen, r))
      return { name: `${group}, ${name}`, recall: recallThresholds, precision }
    }
    return [at('IoU 0.5', iou => iou === 0.5), at('IoU 0.75', iou => iou === 0.75), at('all IoUs', () => true)]
  })
}

/** Over classes, all sizes, largest cap; 0 where nothing can be measured. */
function meanPrecision({ settings, classCount, precision }: CocoCurves, thresholds: number[], r: number): number {
  const R = settings.recallThresholds.length
  const A = settings.areaRanges.length
  const M = settings.maxDetections.length
  let sum = 0
  let count = 0
  for (const t of thresholds) {
    for (let label = 0; label < classCount; label++) {
      const value = precision[(((t * R + r) * classCount + label) * A + 0) * M + M - 1]!
      if (value < 0) continue
      sum += value
      count++
    }
  }
  return count === 0 ? 0 : sum / count
}
