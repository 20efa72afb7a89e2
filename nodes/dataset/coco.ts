import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Collection, defineNode, type PathRef } from '../../engine/contract/node.ts'
import { classesInFacets } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import type { ImageRef } from '../values/image.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { annotationTexts, type CocoWriting, WRITING_SCHEMA } from './coco-annotations.ts'
import { imageEntries } from './coco-images.ts'

interface Params extends CocoWriting {
  readonly class_id: string
  readonly supercategory?: string
  readonly extension?: string
  readonly images_without: 'keep' | 'skip'
  readonly number_by?: PathRef
  readonly number_column: string
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly images?: Collection<ImageRef>
}

/** What the walk over the collection counted. */
interface Counts {
  annotations: number
  emptyMasks: number
  withoutPolygon: number
}

/** Fields of a category that mean something else. */
const TAKEN = ['id', 'name', 'supercategory']

export const datasetCoco = defineNode<Params, Inputs>({
  name: 'dataset/coco',
  version: 1,
  description:
    'Writes ground truth as a COCO instances file: images, categories and annotations with run lengths or polygons. Categories count from 1 in label order, images from 1 in item order, annotations from 1 as they are written; annotations/coco and pycocotools read it.',
  mode: 'collection',
  lane: 'cpu',
  partial: 'refuse',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...WRITING_SCHEMA,
      class_id: {
        type: 'string',
        minLength: 1,
        default: 'original_id',
        description: 'Field of a category that holds the class id; what class_id of annotations/coco reads.',
      },
      supercategory: { type: 'string', description: 'Supercategory of every category. Default: not written.' },
      extension: {
        type: 'string',
        minLength: 1,
        description: 'Ending of file names, without dot. Default: by the format of the images, or jpg.',
      },
      images_without: {
        enum: ['keep', 'skip'],
        default: 'keep',
        description: 'Images without annotations stay in the list of images, or do not; numbers are not closed up.',
      },
      number_by: {
        type: 'string',
        'x-path': 'file',
        description:
          'CSV whose order numbers the images: by first appearance in a column of item ids, from 1; images it lacks come after.',
      },
      number_column: { type: 'string', default: 'ImageID', description: 'The column of number_by with the item ids.' },
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'The ground truth to write.' },
    images: {
      kind: 'image',
      per: 'item',
      optional: true,
      description: 'The pictures: their formats give the endings of file names, and their sizes must agree.',
    },
  },
  outputs: { file: { kind: 'file', per: 'collection', extension: 'json', description: 'The COCO instances file.' } },
  example: `
coco:
  uses: dataset/coco
  with: { segmentation: polygons, class_id: mid }
  in: { instances: truth.instances, images: images.images }
`,
  types: ({ class_id: field }, context) => {
    if (TAKEN.includes(field)) {
      const message = `${field} of a category has a meaning of its own`
      context.problem({ param: 'class_id', message, fix: 'name another field, like original_id or mid' })
    }
    const classes = classesInFacets(context.inputs['instances']?.[0])
    if (classes?.length === 0) context.problem({ input: 'instances', message: 'the instances have no classes' })
    return {}
  },
  run: async ({ instances, images }, params, context) => {
    const classes = inputClasses(context, 'instances')
    const path = context.scratchFile('json')
    const counts: Counts = { annotations: 0, emptyMasks: 0, withoutPolygon: 0 }
    const text = documentText(instances, images, classes, params, counts)
    await pipeline(Readable.from(text), createWriteStream(path), { signal: context.signal })
    context.note(describe(counts, params))
    return { file: path }
  },
})

async function* documentText(
  instances: Collection<Instances>,
  images: Collection<ImageRef> | undefined,
  classes: ClassList,
  params: Params,
  counts: Counts,
): AsyncGenerator<string> {
  const entries = await imageEntries(instances, images, params)
  yield '{"info":{},"licenses":[],"images":['
  yield* separated(entries.listed.map(entry => JSON.stringify(entry)))
  yield '],"categories":['
  yield* separated(categoryTexts(classes, params))
  yield '],"annotations":['
  let separator = '\n'
  for await (const { id, value } of instances.items) {
    checkLabels(value.labels, classes, `item ${id}`)
    const written = annotationTexts(value, entries.numberOf.get(id)!, counts.annotations + 1, params)
    counts.annotations += written.texts.length
    counts.emptyMasks += written.emptyMasks
    counts.withoutPolygon += written.withoutPolygon
    for (const text of written.texts) {
      yield separator + text
      separator = ',\n'
    }
  }
  yield '\n]}\n'
}

function categoryTexts(classes: ClassList, { class_id: field, supercategory }: Params): string[] {
  return classes.map(({ id, name }, label) =>
    JSON.stringify({ id: label + 1, name, [field]: id, ...(supercategory !== undefined && { supercategory }) }),
  )
}

function* separated(texts: readonly string[]): Generator<string> {
  for (const [index, text] of texts.entries()) yield `${index === 0 ? '' : ','}\n${text}`
}

function describe({ annotations, emptyMasks, withoutPolygon }: Counts, params: Params): string {
  const empty = emptyMasks === 0 ? '' : `; ${emptyMasks} without a pixel left out`
  const what = params.without_polygon === 'skip' ? 'left out' : 'written as run lengths'
  return `${annotations} annotations${empty}${withoutPolygon === 0 ? '' : `; ${withoutPolygon} without a polygon ${what}`}`
}
