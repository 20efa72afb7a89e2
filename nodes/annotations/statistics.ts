import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { quantile } from '../kernels/bootstrap.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Metrics } from '../values/metrics.ts'
import {
  type ClassCounts,
  classTable,
  countImage,
  imageClassTable,
  imageTable,
  newClassCounts,
  pairTable,
  sum,
} from './class-counts.ts'
import { drawAreas, drawClasses, drawPerImage, drawTogether } from './class-plots.ts'

interface Params {
  readonly pairs: number
}

const plot = (description: string) =>
  ({ kind: 'file', per: 'collection', extension: 'svg', description: `${description} SVG.` }) as const

export const annotationsStatistics = defineNode<Params, { instances: Collection<Instances> }>({
  name: 'annotations/statistics',
  version: 1,
  description:
    'What a data set is made of: instances and images of each class by rank, areas of masks, instances in an image, classes that are seen together; as tables and plots.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      pairs: {
        type: 'integer',
        minimum: 0,
        default: 50,
        description: 'Rows of the table of pairs, those in most images first.',
      },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'The annotations to count.' } },
  outputs: {
    classes: {
      kind: 'table',
      per: 'collection',
      description:
        'A row for each class, by falling number of instances (ties: label order): share of all instances, images with it, instances in such an image, quantiles of the pixels of its masks (linear between neighbours; masks without a pixel do not count).',
    },
    pairs: {
      kind: 'table',
      per: 'collection',
      description:
        'Classes in one image: number of such images, their share among those of each class, lift (1: no more often than by chance).',
    },
    images: {
      kind: 'table',
      per: 'collection',
      description: 'Width, height, instances and classes of each image.',
    },
    image_classes: {
      kind: 'table',
      per: 'collection',
      description: 'image, class, instances: a row for each class of each image, as training/rebalance reads them.',
    },
    metrics: { kind: 'metrics', per: 'collection', description: 'The data set in a few numbers.' },
    classes_plot: plot('Instances by class, most first.'),
    areas_plot: plot('Masks by their number of pixels.'),
    per_image_plot: plot('Images by their number of instances.'),
    together_plot: plot('Images in which classes are seen together, of the most frequent classes.'),
  },
  example: `
statistics:
  uses: annotations/statistics
  in: { instances: truth.instances }
`,
  run: async ({ instances }, { pairs }, context) => {
    const classes = inputClasses(context, 'instances')
    const counts = newClassCounts(classes)
    for await (const { id, value } of instances.items) {
      checkLabels(value.labels, classes, `item ${id}`)
      countImage(counts, id, value)
    }
    const metrics = inBrief(counts)
    const { images, instances: all, classes: used } = metrics['all']!
    context.note(`${images} images, ${all} instances of ${used} classes (of ${classes.length})`)
    const drawn = async (port: string, draw: (counts: ClassCounts) => Promise<Uint8Array>) =>
      context.wanted.has(port) ? { [port]: await draw(counts) } : {}
    return {
      classes: classTable(counts),
      pairs: pairTable(counts, pairs),
      images: imageTable(counts),
      image_classes: imageClassTable(counts),
      metrics,
      ...(await drawn('classes_plot', drawClasses)),
      ...(await drawn('areas_plot', drawAreas)),
      ...(await drawn('per_image_plot', drawPerImage)),
      ...(await drawn('together_plot', drawTogether)),
    }
  },
})

function inBrief({ instances, perImage, areasPx }: ClassCounts): Metrics {
  const used = instances.filter(count => count > 0)
  const inImage = Float64Array.from(perImage, ({ labels }) => labels.length).sort()
  const areas = Float64Array.from(areasPx.flat()).sort()
  const at = (sorted: Float64Array, share: number) => (sorted.length === 0 ? null : quantile(sorted, share))
  return {
    all: {
      images: perImage.length,
      images_without: inImage.filter(count => count === 0).length,
      instances: sum(instances),
      without_pixels: sum(instances) - areas.length,
      classes: used.length,
      classes_without: instances.length - used.length,
      most_to_least: used.length === 0 ? null : Math.max(...used) / Math.min(...used),
    },
    'instances in an image': {
      least: at(inImage, 0),
      median: at(inImage, 0.5),
      mean: inImage.length === 0 ? null : sum(inImage) / inImage.length,
      p90: at(inImage, 0.9),
      most: at(inImage, 1),
    },
    'pixels of a mask': {
      least: at(areas, 0),
      p10: at(areas, 0.1),
      median: at(areas, 0.5),
      p90: at(areas, 0.9),
      most: at(areas, 1),
    },
  }
}
