import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Collection, defineNode, type PathRef } from '../../engine/contract/node.ts'
import { maskCounts } from '../kernels/rle.ts'
import { encodeCounts } from '../kernels/rle-string.ts'
import { badFile, checkFile } from '../values/bad-file.ts'
import { classesInFacets, describeClasses } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import { cocoClasses, cocoItemIds, type ItemIdRule, readCocoFile } from '../values/coco-file.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'

interface Params {
  readonly ids_from?: PathRef
  readonly item_id: ItemIdRule
  readonly class_id: string
  readonly box_decimals: number
  readonly score_decimals: number
}

/** COCO's numbers for items and classes. */
interface CocoIds {
  readonly imageIdOf: (itemId: string, index: number) => number | string
  /** By label. */
  readonly categoryIds: readonly number[]
}

export const submissionCoco = defineNode<Params, { instances: Collection<Instances> }>({
  name: 'submission/coco',
  version: 1,
  description:
    'Writes COCO results: one JSON list of {image_id, category_id, bbox, score, segmentation}, masks as compressed run lengths, items and instances in their order. Image and category ids come from a COCO file; without one, images count from 1 in item order and categories from 1 in label order.',
  mode: 'collection',
  lane: 'cpu',
  partial: 'refuse',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ids_from: {
        type: 'string',
        'x-path': 'file',
        description: 'COCO instances file whose image and category ids are used. Default: counted from 1.',
      },
      item_id: {
        enum: ['stem', 'path', 'image-id'],
        default: 'stem',
        description: 'What of an image in ids_from is the item id: as in annotations/coco.',
      },
      class_id: {
        type: 'string',
        default: 'name',
        description: 'Field of a category in ids_from that holds the class id: as in annotations/coco.',
      },
      box_decimals: { type: 'integer', minimum: 0, maximum: 15, default: 2, description: 'Decimals of bbox.' },
      score_decimals: { type: 'integer', minimum: 1, maximum: 17, default: 5, description: 'Decimals of score.' },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'What to write.' } },
  outputs: { file: { kind: 'file', per: 'collection', extension: 'json', description: 'The results file.' } },
  example: `
results:
  uses: submission/coco
  with: { ids_from: annotations.json, class_id: mid }
  in: { instances: leaf.instances }
`,
  types: async ({ ids_from: idsFrom, class_id: field }, context) => {
    const classes = classesInFacets(context.inputs['instances']?.[0])
    if (!idsFrom || !classes) return {}
    const known = await checkFile(context, 'ids_from', () =>
      cocoClasses(readCocoFile(idsFrom.path, context.readFile(idsFrom.path)), field).map(({ id }) => id),
    )
    const unknown = known ? classes.filter(({ id }) => !known.includes(id)) : []
    if (unknown.length > 0) {
      context.problem({
        param: 'class_id',
        message: `no category has the ${field} of ${describeClasses(unknown)}: ${unknown[0]?.id}; there is ${known?.slice(0, 3).join(', ')}, …`,
        fix: 'Name the field of the categories that holds the class ids of the instances.',
      })
    }
    return {}
  },
  run: async ({ instances }, params, context) => {
    const classes = inputClasses(context, 'instances')
    const ids = params.ids_from ? await idsOf(params.ids_from.path, classes, params) : countedIds(classes)
    const path = context.scratchFile('json')
    await pipeline(Readable.from(resultsText(instances, classes, ids, params)), createWriteStream(path), {
      signal: context.signal,
    })
    return { file: path }
  },
})

function countedIds(classes: ClassList): CocoIds {
  return { imageIdOf: (_, index) => index + 1, categoryIds: classes.map((_, label) => label + 1) }
}

async function idsOf(path: string, classes: ClassList, params: Params): Promise<CocoIds> {
  const file = readCocoFile(path, await readFile(path))
  const imageIds = new Map(cocoItemIds(file, params.item_id).map((itemId, index) => [itemId, file.images[index]!.id]))
  const categoryIds = new Map(
    cocoClasses(file, params.class_id).map(({ id }, index) => [id, file.categories[index]!.id]),
  )
  return {
    imageIdOf: itemId => {
      const id = imageIds.get(itemId)
      if (id !== undefined) return id
      throw badFile(path, 'images', `there is no image for the item ${itemId} (item_id: ${params.item_id})`)
    },
    categoryIds: classes.map(({ id }) => {
      const categoryId = categoryIds.get(id)
      if (categoryId !== undefined) return categoryId
      throw badFile(path, 'categories', `there is no category whose ${params.class_id} is ${id}`)
    }),
  }
}

async function* resultsText(
  instances: Collection<Instances>,
  classes: ClassList,
  ids: CocoIds,
  { box_decimals: boxDecimals, score_decimals: scoreDecimals }: Params,
): AsyncGenerator<string> {
  const round = (value: number, decimals: number) => Number(value.toFixed(decimals))
  let index = 0
  let separator = '[\n'
  for await (const { id, value } of instances.items) {
    const imageId = ids.imageIdOf(id, index++)
    checkLabels(value.labels, classes, `item ${id}`)
    for (const [i, score] of value.scores.entries()) {
      const [x1, y1, x2, y2] = [0, 1, 2, 3].map(side => value.boxesXyxy[4 * i + side]!) as [
        number,
        number,
        number,
        number,
      ]
      const result = {
        image_id: imageId,
        category_id: ids.categoryIds[value.labels[i]!],
        bbox: [x1, y1, x2 - x1, y2 - y1].map(side => round(side, boxDecimals)),
        score: round(score, scoreDecimals),
        segmentation: { size: value.sizeHw, counts: encodeCounts(maskCounts(value.masks, i)) },
      }
      yield `${separator}${JSON.stringify(result)}`
      separator = ',\n'
    }
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n'
}
