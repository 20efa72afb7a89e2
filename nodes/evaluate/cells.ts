import { type Collection, defineNode } from '../../engine/contract/node.ts'
import {
  type CellCounts,
  type CellRule,
  cellScore,
  cellThresholds,
  countCellPairs,
  type EmptyRule,
  numpyCellThresholds,
  reduceCellScores,
} from '../kernels/cell-metrics.ts'
import { iouPairs } from '../kernels/mask-iou.ts'
import { classesInFacets } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import type { Instances } from '../values/instances.ts'
import { defined, type Metrics, metricNames } from '../values/metrics.ts'
import type { Table } from '../values/table.ts'
import { checkSharedClasses, truthClasses } from '../values/truth-classes.ts'
import { type IntervalParams, intervalParams, withIntervals } from './intervals.ts'
import { byScenes } from './scene-parts.ts'

interface Params extends IntervalParams {
  readonly rule: CellRule
  readonly thresholds: 'exact' | 'numpy-arange'
  readonly reduce: 'image-mean' | 'pooled'
  readonly empty: EmptyRule
  readonly by_class: boolean
  readonly other_classes: 'leave-out' | 'count'
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly truth: Collection<Instances>
}

interface ImageScore {
  readonly id: string
  readonly parts: ImageParts
}

/** Counts of one image: all classes as one, or one entry for each class that is in it. */
type ImageParts = readonly { readonly label: number; readonly counts: CellCounts }[]

export const evaluateCells = defineNode<Params, Inputs>({
  name: 'evaluate/cells',
  version: 1,
  description:
    'The score of the cell and fashion segmentation competitions: hits / (hits + false alarms + misses) at mask IoU 0.5, 0.55, … 0.95, averaged. Scores of predictions do not enter: filter them first. Data Science Bowl 2018: the defaults. Sartorius: rule sartorius, thresholds numpy-arange. iMaterialist 2019: by_class.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      rule: {
        enum: ['dsb2018', 'sartorius', 'matching'],
        default: 'dsb2018',
        description:
          'dsb2018: a truth with exactly one IoU > t is a hit, one with none a miss, a prediction with none a false alarm. sartorius: and a truth with several is a false alarm. matching: one to one, IoU ≥ t. They agree when instances do not overlap.',
      },
      thresholds: {
        enum: ['exact', 'numpy-arange'],
        default: 'exact',
        description: 'numpy-arange: 0.6000000000000001 in the place of 0.6 and so on, as numpy.arange(0.5, 1, 0.05).',
      },
      reduce: {
        enum: ['image-mean', 'pooled'],
        default: 'image-mean',
        description: 'Mean of the images’ scores, or counts of all images added up first.',
      },
      empty: {
        enum: ['one', 'zero', 'skip'],
        default: 'one',
        description: 'What an image without truth and predictions scores.',
      },
      by_class: {
        type: 'boolean',
        default: false,
        description: 'An image scores the mean over the classes in its truth or predictions. Default: classes are one.',
      },
      other_classes: {
        enum: ['leave-out', 'count'],
        default: 'leave-out',
        description:
          'Predictions of classes that the truth lacks are left out, or count like others: for metrics without classes and truth that names its objects otherwise. Not with by_class.',
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
      description: 'Group cells: score; with by_class also `score by class`. Low and high with bootstrap.',
    },
    table: { kind: 'table', per: 'collection', description: 'Hits, false alarms and misses at each threshold.' },
    images: { kind: 'table', per: 'collection', description: 'The score of each image.' },
  },
  example: `
score:
  uses: evaluate/cells
  with: { rule: sartorius, thresholds: numpy-arange }
  in: { instances: nuclei.instances, truth: truth.instances }
`,
  types: (params, context) => {
    if (params.other_classes !== 'count') checkSharedClasses(context)
    else if (params.by_class) context.problem({ param: 'other_classes', message: 'by_class needs classes that meet' })
    const classes = params.by_class ? classesInFacets(context.inputs['truth']?.[0]) : []
    return classes ? { metrics: metricNames(['cells.score', ...classes.map(({ id }) => `score by class.${id}`)]) } : {}
  },
  ...byScenes<Params, ImageScore>({
    of: ({ id, found, truth }, params, context) => {
      const counted = params.other_classes === 'count' ? found : truthClasses(context).relabel(found)
      return { id, parts: countImage(counted, truth, params, thresholdsOf(params)) }
    },
    reduce: (scores, params, context) => {
      const images = scores.map(({ parts }) => parts)
      const { classes } = truthClasses(context)
      const metrics = withIntervals(repeats => toMetrics(images, classes, params, repeats), images.length, params)
      const score = metrics['cells']?.['score']
      context.note(
        `cell score ${score === null || score === undefined ? 'undefined' : score.toFixed(4)} over ${images.length} images`,
      )
      const rows = () =>
        scores.map(({ id, parts }) => [
          id,
          defined(reduceCellScores([parts.map(part => part.counts)], 'image-mean', params.empty)),
        ])
      return {
        metrics,
        ...(context.wanted.has('table') && { table: toTable(images, thresholdsOf(params)) }),
        ...(context.wanted.has('images') && { images: { columns: ['image', 'score'], rows: rows() } }),
      }
    },
  }),
})

function thresholdsOf({ thresholds }: Params): Float64Array {
  return thresholds === 'exact' ? cellThresholds : numpyCellThresholds
}

function countImage(found: Instances, truth: Instances, params: Params, thresholds: Float64Array): ImageParts {
  const labels = params.by_class ? [...new Set([...truth.labels, ...found.labels])].sort((a, b) => a - b) : [-1]
  return labels.map(label => {
    const own = ({ labels: all }: Instances) => indicesOf(all, label)
    const truths = own(truth)
    const predictions = own(found)
    const pairs = iouPairs(truth.masks, truths, found.masks, predictions)
    return { label, counts: countCellPairs(pairs, predictions.length, thresholds, params.rule) }
  })
}

/** Of the instances of a class; −1: of all. */
function indicesOf(labels: Int32Array, label: number): readonly number[] {
  const indices: number[] = []
  for (let i = 0; i < labels.length; i++) if (label === -1 || labels[i] === label) indices.push(i)
  return indices
}

function toMetrics(images: readonly ImageParts[], classes: ClassList, params: Params, repeats?: Uint32Array): Metrics {
  const score = (parts: readonly ImageParts[]) =>
    defined(
      reduceCellScores(
        parts.map(image => image.map(part => part.counts)),
        params.reduce,
        params.empty,
        repeats,
      ),
    )
  const cells = { cells: { score: score(images) } }
  if (!params.by_class) return cells
  const byClass = classes.map(({ id }, label): [string, number | null] => {
    const own = images.map(image => image.filter(part => part.label === label))
    // Only images that have the class, in truth or predictions.
    const scored = own.map(parts => parts.map(part => part.counts))
    return [id, defined(reduceCellScores(scored, params.reduce, 'skip', repeats))]
  })
  return { ...cells, 'score by class': Object.fromEntries(byClass) }
}

function toTable(images: readonly ImageParts[], thresholds: Float64Array): Table {
  const all = images.flat()
  const rows = Array.from(thresholds, (threshold, t) => {
    const sum = (field: keyof CellCounts) => all.reduce((total, { counts }) => total + counts[field][t]!, 0)
    const [hits, falseAlarms, misses] = [sum('hits'), sum('falseAlarms'), sum('misses')]
    const one = {
      hits: Float64Array.of(hits),
      falseAlarms: Float64Array.of(falseAlarms),
      misses: Float64Array.of(misses),
    }
    return [threshold, hits, falseAlarms, misses, defined(cellScore(one, 'skip'))]
  })
  return { columns: ['IoU', 'hits', 'false alarms', 'misses', 'pooled score'], rows }
}
