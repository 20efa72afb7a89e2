import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { unionOfAll } from '../kernels/mask-algebra.ts'
import { encodeStartLength, type StartLengthFormat } from '../kernels/mask-text.ts'
import { maskAreas } from '../kernels/rle.ts'
import type { ClassList } from '../values/classes.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'

interface Params {
  readonly order: StartLengthFormat['order']
  readonly base: StartLengthFormat['base']
  readonly id_column: string
  readonly id_extension: string
  readonly mask_column: string
  readonly class_column?: string
  readonly width_column?: string
  readonly height_column?: string
  readonly no_objects: 'empty-row' | 'no-row'
  readonly no_objects_class: string
  readonly overlaps: 'refuse' | 'accept'
  readonly empty_masks: 'skip' | 'write'
}

export const submissionKaggleRle = defineNode<Params, { instances: Collection<Instances> }>({
  name: 'submission/kaggle-rle',
  version: 1,
  description:
    'Writes a CSV with one row for each object: image id and run-length text of starts and lengths (Sartorius by default; with a class column iMaterialist), or the annotations such a competition gives, which annotations/kaggle-rle reads. Items and instances in their order.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      order: {
        enum: ['row-major', 'column-major'],
        default: 'row-major',
        description: 'How pixels are counted: along rows (Sartorius) or down columns (most others).',
      },
      base: { enum: [1, 0], default: 1, description: 'Number of the first pixel.' },
      id_column: { type: 'string', default: 'id', description: 'Header of the image ids.' },
      id_extension: { type: 'string', default: '', description: 'Ending to put after each id (.jpg).' },
      mask_column: { type: 'string', default: 'predicted', description: 'Header of the mask texts.' },
      class_column: { type: 'string', description: 'Header of the class ids, as third column. Default: not written.' },
      width_column: {
        type: 'string',
        description: 'Header of the image widths, a further column. Default: not written.',
      },
      height_column: { type: 'string', description: 'Header of the image heights. Default: not written.' },
      no_objects: {
        enum: ['empty-row', 'no-row'],
        default: 'empty-row',
        description: 'What an image without objects gets: a row with an empty mask, or nothing.',
      },
      no_objects_class: {
        type: 'string',
        default: '',
        description: 'Class id in the row of an image without objects (23 in iMaterialist).',
      },
      overlaps: {
        enum: ['refuse', 'accept'],
        default: 'refuse',
        description: 'Objects of one image that share pixels are an error (these competitions reject them) or written.',
      },
      empty_masks: {
        enum: ['skip', 'write'],
        default: 'skip',
        description: 'An object without a pixel is left out, or gets a row with an empty mask.',
      },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'What to write.' } },
  outputs: { file: { kind: 'file', per: 'collection', extension: 'csv', description: 'The submission.' } },
  example: `submission:
  uses: submission/kaggle-rle
  in: { instances: disjoint.instances }
`,
  run: async ({ instances }, params, context) => {
    const { stringify } = await import('csv-stringify')
    const classes = params.class_column === undefined ? undefined : inputClasses(context, 'instances')
    const path = context.scratchFile('csv')
    await pipeline(Readable.from(rowsOf(instances, classes, params)), stringify(), createWriteStream(path), {
      signal: context.signal,
    })
    return { file: path }
  },
})

async function* rowsOf(
  { items }: Collection<Instances>,
  classes: ClassList | undefined,
  params: Params,
): AsyncGenerator<readonly string[]> {
  const { class_column: classColumn, width_column: widthColumn, height_column: heightColumn } = params
  const row = (id: string, mask: string, classId: string, [height, width]: Instances['sizeHw']) => [
    `${id}${params.id_extension}`,
    mask,
    ...(classes ? [classId] : []),
    ...(widthColumn === undefined ? [] : [String(width)]),
    ...(heightColumn === undefined ? [] : [String(height)]),
  ]
  const more = [classColumn, widthColumn, heightColumn].filter(column => column !== undefined)
  yield [params.id_column, params.mask_column, ...more]
  for await (const { id, value } of items) {
    if (classes) checkLabels(value.labels, classes, `item ${id}`)
    const areasPx = maskAreas(value.masks)
    if (params.overlaps === 'refuse') refuseOverlaps(id, value, areasPx)
    let rows = 0
    for (const [i, label] of value.labels.entries()) {
      if (areasPx[i] === 0 && params.empty_masks === 'skip') continue
      yield row(id, encodeStartLength(value.masks, i, params), classes?.[label]?.id ?? '', value.sizeHw)
      rows++
    }
    if (rows === 0 && params.no_objects === 'empty-row') yield row(id, '', params.no_objects_class, value.sizeHw)
  }
}

function refuseOverlaps(id: string, { masks }: Instances, areasPx: Float64Array): void {
  const sharedPx = areasPx.reduce((sum, areaPx) => sum + areaPx, 0) - (maskAreas(unionOfAll(masks))[0] ?? 0)
  if (sharedPx === 0) return
  throw new TaskError({
    code: 'bad-value',
    message: `objects of the image ${id} overlap: ${sharedPx} pixels are counted more than once`,
    fix: 'put masks/overlap-removal before this step, or say overlaps: accept',
  })
}
