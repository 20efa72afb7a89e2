import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { maskIouAmong } from '../kernels/mask-iou.ts'
import { addMatches, countMatches, type MatchCounts, matchQuality } from '../kernels/panoptic-f1.ts'
import type { ClassList } from '../values/classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Metrics } from '../values/metrics.ts'
import type { Table } from '../values/table.ts'
import { checkSharedClasses, truthClasses } from '../values/truth-classes.ts'
import { type IntervalParams, intervalParams, withIntervals } from './intervals.ts'
import { byScenes } from './scene-parts.ts'

interface Params extends IntervalParams {
  readonly iou: readonly number[]
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly truth: Collection<Instances>
}

/** [threshold][label] of one image. */
type ImageMatches = readonly (readonly MatchCounts[])[]

export const evaluateMatching = defineNode<Params, Inputs>({
  name: 'evaluate/matching',
  version: 1,
  description:
    'F1, precision, recall and panoptic quality from a one-to-one matching of masks within classes at IoU ≥ each threshold, counts pooled over images. Scores of predictions do not enter.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      iou: {
        type: 'array',
        items: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
        minItems: 1,
        uniqueItems: true,
        default: [0.5, 0.75, 0.9],
        description: 'Thresholds; each gets its own group of numbers.',
      },
      ...intervalParams,
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Predictions, already filtered by score.' },
    truth: { kind: 'instances', per: 'item', description: 'Ground truth; its classes are those evaluated.' },
  },
  outputs: {
    metrics: {
      kind: 'metrics',
      per: 'collection',
      description:
        'Group `IoU t` for each threshold: precision, recall, f1, accuracy, meanMatchedIou, meanTruthIou, panopticQuality over all classes, and classPanopticQuality, its mean over classes.',
    },
    table: { kind: 'table', per: 'collection', description: 'One row for each threshold and class.' },
  },
  example: `
score:
  uses: evaluate/matching
  with: { iou: [0.5, 0.75] }
  in: { instances: nuclei.instances, truth: truth.instances }
`,
  types: (_params, context) => {
    checkSharedClasses(context)
    return {}
  },
  ...byScenes<Params, ImageMatches>({
    of: ({ found, truth }, params, context) => {
      const { classes, relabel } = truthClasses(context)
      return countImage(relabel(found), truth, classes.length, params.iou)
    },
    reduce: (images, params, context) => {
      const { classes } = truthClasses(context)
      const metrics = withIntervals(repeats => toMetrics(images, classes, params, repeats), images.length, params)
      const group = `IoU ${params.iou[0]}`
      context.note(`F1 ${metrics[group]?.['f1']?.toFixed(4)} at ${group} over ${images.length} images`)
      return { metrics, ...(context.wanted.has('table') && { table: toTable(images, classes, params) }) }
    },
  }),
})

function countImage(
  found: Instances,
  truth: Instances,
  classCount: number,
  thresholds: readonly number[],
): ImageMatches {
  const byClass = Array.from({ length: classCount }, (_, label) => {
    const own = (instances: Instances) => [...instances.labels.keys()].filter(i => instances.labels[i] === label)
    const truths = own(truth)
    const predictions = own(found)
    const ious = maskIouAmong(truth.masks, truths, found.masks, predictions)
    return thresholds.map(threshold => countMatches(ious, truths.length, predictions.length, threshold))
  })
  return thresholds.map((_, t) => byClass.map(counts => counts[t]!))
}

/** Counts of a class over all images. */
function pooled(images: readonly ImageMatches[], t: number, label: number, repeats?: Uint32Array): MatchCounts {
  return addMatches(images.flatMap((image, i) => Array.from({ length: repeats?.[i] ?? 1 }, () => image[t]![label]!)))
}

function toMetrics(
  images: readonly ImageMatches[],
  classes: ClassList,
  { iou }: Params,
  repeats?: Uint32Array,
): Metrics {
  return Object.fromEntries(
    iou.map((threshold, t) => {
      const byClass = classes.map((_, label) => pooled(images, t, label, repeats))
      const seen = byClass.filter(({ truths, found }) => truths + found > 0).map(matchQuality)
      const mean = seen.reduce((sum, quality) => sum + quality.panopticQuality, 0) / seen.length
      return [
        `IoU ${threshold}`,
        { ...matchQuality(addMatches(byClass)), classPanopticQuality: seen.length === 0 ? null : mean },
      ]
    }),
  )
}

function toTable(images: readonly ImageMatches[], classes: ClassList, { iou }: Params): Table {
  return {
    columns: ['IoU', 'class', 'name', 'truths', 'found', 'matched', 'precision', 'recall', 'F1', 'mean IoU', 'PQ'],
    rows: iou.flatMap((threshold, t) =>
      classes.map(({ id, name }, label) => {
        const counts = pooled(images, t, label)
        const { precision, recall, f1, meanMatchedIou, panopticQuality } = matchQuality(counts)
        const { truths, found, matched } = counts
        return [threshold, id, name, truths, found, matched, precision, recall, f1, meanMatchedIou, panopticQuality]
      }),
    ),
  }
}
