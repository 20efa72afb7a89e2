import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { selectMasks } from '../kernels/mask-sets.ts'
import {
  countPixels,
  microJaccard,
  type PixelCounts,
  type PixelMeasure,
  type PixelReduction,
  pixelScore,
  reducePixelScores,
} from '../kernels/pixel-metrics.ts'
import type { ClassList } from '../values/classes.ts'
import type { Instances } from '../values/instances.ts'
import { defined, type Metrics } from '../values/metrics.ts'
import type { Table } from '../values/table.ts'
import { checkSharedClasses, truthClasses } from '../values/truth-classes.ts'
import { walkScenes } from '../values/walk-scenes.ts'
import { type IntervalParams, intervalParams, withIntervals } from './intervals.ts'

interface Params extends IntervalParams {
  readonly reduce: PixelReduction['reduce']
  readonly zero_below: number
  readonly empty: 'one' | 'skip'
  readonly micro_batch?: number
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly truth: Collection<Instances>
}

/** Pixels of one image: of all classes together, then of each. */
type ImagePixels = readonly PixelCounts[]

const measures: readonly PixelMeasure[] = ['jaccard', 'dice', 'precision', 'recall']

export const evaluatePixels = defineNode<Params, Inputs>({
  name: 'evaluate/pixels',
  version: 1,
  description:
    'Overlap of foreground pixel by pixel, instances taken together: Jaccard (IoU), Dice, precision and recall, for all classes as one and for each. Scores of predictions do not enter.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      reduce: {
        enum: ['image-mean', 'pooled'],
        default: 'image-mean',
        description: 'Mean of the images’ scores, or pixels of all images added up first.',
      },
      zero_below: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0,
        description: 'With image-mean: an image whose Jaccard or Dice is < this counts 0 (ISIC 2018: 0.65).',
      },
      empty: {
        enum: ['one', 'skip'],
        default: 'one',
        description: 'With image-mean: an image with no pixel of the class in truth and predictions counts 1 or not.',
      },
      micro_batch: {
        type: 'integer',
        minimum: 1,
        examples: [5, 1],
        description:
          'Adds group `micro`: Jaccard over background and foreground together, right pixels / (2 N − right pixels), for so many images at a time and then averaged, as the third place of Open Cities watched its training (scikit-learn average=micro, batches of 5). It is not the IoU of a class and flatters. Default: left out.',
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
      description: 'Group pixels: jaccard, dice, precision, recall, mean jaccard over classes; `jaccard by class`.',
    },
    table: { kind: 'table', per: 'collection', description: 'One row for all classes as one, then one for each.' },
    images: { kind: 'table', per: 'collection', description: 'Jaccard and Dice of each image, all classes as one.' },
  },
  example: `
score:
  uses: evaluate/pixels
  with: { reduce: pooled }
  in: { instances: buildings.instances, truth: truth.instances }
`,
  types: (_params, context) => {
    checkSharedClasses(context)
    return {}
  },
  run: async (inputs, params, context) => {
    const { classes, relabel } = truthClasses(context)
    const images: ImagePixels[] = []
    const framePx: number[] = []
    const rows: (string | number)[][] = []
    for await (const { id, found, truth } of walkScenes(inputs, context)) {
      const pixels = countImage(relabel(found), truth, classes.length)
      images.push(pixels)
      framePx.push(truth.sizeHw[0] * truth.sizeHw[1])
      rows.push([id, pixelScore(pixels[0]!, 'jaccard'), pixelScore(pixels[0]!, 'dice')])
    }
    const metrics = withIntervals(repeats => toMetrics(images, classes, params, repeats), images.length, params)
    const jaccard = metrics['pixels']?.['jaccard']
    context.note(
      `pixel Jaccard ${jaccard === null || jaccard === undefined ? 'undefined' : jaccard.toFixed(4)} over ${images.length} images`,
    )
    return {
      metrics: { ...metrics, ...micro(images, framePx, params.micro_batch) },
      table: toTable(images, classes, params),
      images: { columns: ['image', 'jaccard', 'dice'], rows },
    }
  },
})

function micro(images: readonly ImagePixels[], framePx: readonly number[], batch: number | undefined): Metrics {
  if (batch === undefined) return {}
  return {
    micro: {
      jaccard: defined(
        microJaccard(
          images.map(image => image[0]!),
          framePx,
          batch,
        ),
      ),
    },
  }
}

function countImage(found: Instances, truth: Instances, classCount: number): ImagePixels {
  const ofClass = (instances: Instances, label: number) =>
    selectMasks(
      instances.masks,
      [...instances.labels.keys()].filter(i => instances.labels[i] === label),
    )
  const byClass = Array.from({ length: classCount }, (_, label) =>
    countPixels(ofClass(truth, label), ofClass(found, label)),
  )
  return [countPixels(truth.masks, found.masks), ...byClass]
}

/** @param place 0: all classes as one; label + 1: one of them. */
function score(
  images: readonly ImagePixels[],
  place: number,
  measure: PixelMeasure,
  params: Params,
  repeats?: Uint32Array,
): number | null {
  const zeroBelow = measure === 'jaccard' || measure === 'dice' ? params.zero_below : 0
  const pixels = images.map(image => image[place]!)
  return defined(reducePixelScores(pixels, measure, { reduce: params.reduce, zeroBelow, empty: params.empty }, repeats))
}

function toMetrics(images: readonly ImagePixels[], classes: ClassList, params: Params, repeats?: Uint32Array): Metrics {
  const all = measures.map((measure): [string, number | null] => [measure, score(images, 0, measure, params, repeats)])
  const byClass = classes.map((_, label) => score(images, label + 1, 'jaccard', params, repeats))
  const known = byClass.filter(value => value !== null)
  const mean = known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
  return {
    pixels: { ...Object.fromEntries(all), 'mean jaccard over classes': mean },
    'jaccard by class': Object.fromEntries(classes.map(({ id }, label) => [id, byClass[label]!])),
  }
}

function toTable(images: readonly ImagePixels[], classes: ClassList, params: Params): Table {
  const row = (id: string | null, name: string, place: number) => {
    const sum = (field: keyof PixelCounts) => images.reduce((total, image) => total + image[place]![field], 0)
    return [id, name, sum('truth'), sum('found'), sum('shared'), ...measures.map(m => score(images, place, m, params))]
  }
  return {
    columns: ['class', 'name', 'truth px', 'found px', 'shared px', ...measures],
    rows: [row(null, 'all classes as one', 0), ...classes.map(({ id, name }, label) => row(id, name, label + 1))],
  }
}
