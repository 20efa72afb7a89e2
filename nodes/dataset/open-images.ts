import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Collection, defineNode, type RunContext } from '../../engine/contract/node.ts'
import type { ClassList } from '../values/classes.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { maskFileName } from './mask-file-name.ts'

interface Params {
  readonly decimals: number
  readonly path_prefix: string
}

export const datasetOpenImages = defineNode<Params, { instances: Collection<Instances> }>({
  name: 'dataset/open-images',
  version: 1,
  description:
    'Writes ground truth as the CSV files of Open Images: masks (their pictures come from dataset/mask-pictures), boxes with the group-of mark, image labels and class names. Items and instances in their order; annotations/open-images reads them. Masks without a pixel have a box only. What crowds are, the files cannot say but by the group-of mark.',
  mode: 'collection',
  lane: 'cpu',
  partial: 'refuse',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      decimals: {
        type: 'integer',
        minimum: 1,
        maximum: 15,
        default: 6,
        description: 'Of coordinates, which are shares of width and height.',
      },
      path_prefix: {
        type: 'string',
        default: '',
        description: 'What MaskPath begins with, before <item>/<number>.png.',
      },
    },
  },
  inputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      description: 'The ground truth; item id = ImageID, class id = LabelName.',
    },
  },
  outputs: {
    masks: {
      kind: 'file',
      per: 'collection',
      extension: 'csv',
      description: 'MaskPath, ImageID, LabelName, BoxID, BoxXMin, BoxXMax, BoxYMin, BoxYMax.',
    },
    boxes: {
      kind: 'file',
      per: 'collection',
      extension: 'csv',
      description: 'ImageID, LabelName, XMin, XMax, YMin, YMax, IsGroupOf; a row for each instance.',
    },
    image_labels: {
      kind: 'file',
      per: 'collection',
      extension: 'csv',
      description: 'ImageID, LabelName, Confidence: 1 for each class that an image has.',
    },
    classes: {
      kind: 'file',
      per: 'collection',
      extension: 'csv',
      description: 'Class id and name, without header, in label order.',
    },
    hierarchy: {
      kind: 'file',
      per: 'collection',
      extension: 'json',
      description:
        'A tree of one level, all classes below Entity (/m/0bl9f): what hierarchy/open-images reads beside classes.',
    },
  },
  example: `
truth_files:
  uses: dataset/open-images
  in: { instances: truth.instances }
`,
  run: async ({ instances }, params, context) => {
    const classes = inputClasses(context, 'instances')
    const write = (rows: AsyncIterable<readonly (string | number)[]>) => writeCsv(rows, context)
    return {
      masks: await write(maskRows(instances, classes, params)),
      boxes: await write(boxRows(instances, classes, params)),
      image_labels: await write(labelRows(instances, classes)),
      classes: await write(classRows(classes)),
      hierarchy: new TextEncoder().encode(`${JSON.stringify(flatTree(classes), undefined, 1)}\n`),
    }
  },
})

async function writeCsv(rows: AsyncIterable<readonly (string | number)[]>, context: RunContext): Promise<string> {
  const { stringify } = await import('csv-stringify')
  const path = context.scratchFile('csv')
  await pipeline(Readable.from(rows), stringify(), createWriteStream(path), { signal: context.signal })
  return path
}

/** x1, x2, y1, y2 as shares, the order of the files. */
function shares({ boxesXyxy, sizeHw: [height, width] }: Instances, i: number, { decimals }: Params): string[] {
  const [x1, y1, x2, y2] = boxesXyxy.subarray(4 * i, 4 * i + 4)
  const inside = (share: number) => Math.min(1, Math.max(0, share)).toFixed(decimals)
  return [x1! / width, x2! / width, y1! / height, y2! / height].map(inside)
}

async function* maskRows({ items }: Collection<Instances>, classes: ClassList, params: Params) {
  yield ['MaskPath', 'ImageID', 'LabelName', 'BoxID', 'BoxXMin', 'BoxXMax', 'BoxYMin', 'BoxYMax']
  for await (const { id, value } of items) {
    checkLabels(value.labels, classes, `item ${id}`)
    for (const [i, label] of value.labels.entries()) {
      if (value.masks.offsets[i] === value.masks.offsets[i + 1]) continue
      const name = maskFileName(i)
      yield [`${params.path_prefix}${id}/${name}.png`, id, classes[label]!.id, name, ...shares(value, i, params)]
    }
  }
}

async function* boxRows({ items }: Collection<Instances>, classes: ClassList, params: Params) {
  yield ['ImageID', 'LabelName', 'XMin', 'XMax', 'YMin', 'YMax', 'IsGroupOf']
  for await (const { id, value } of items) {
    for (const [i, label] of value.labels.entries()) {
      const isGroup = value.groupOf?.[i] === 1 || value.crowd?.[i] === 1
      yield [id, classes[label]!.id, ...shares(value, i, params), isGroup ? 1 : 0]
    }
  }
}

async function* labelRows({ items }: Collection<Instances>, classes: ClassList) {
  yield ['ImageID', 'LabelName', 'Confidence']
  for await (const { id, value } of items) {
    for (const label of [...new Set(value.labels)].sort((a, b) => a - b)) yield [id, classes[label]!.id, 1]
  }
}

async function* classRows(classes: ClassList) {
  for (const { id, name } of classes) yield [id, name]
}

function flatTree(classes: ClassList) {
  return { LabelName: '/m/0bl9f', Subcategory: classes.map(({ id }) => ({ LabelName: id })) }
}
