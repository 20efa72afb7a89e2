import { stat } from 'node:fs/promises'
import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { decodeOpenImagesText } from '../kernels/mask-text.ts'
import { badFile } from '../values/bad-file.ts'
import { classesInFacets } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import type { ImageRef } from '../values/image.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { readSubmission } from '../values/open-images-submission.ts'
import type { Table } from '../values/table.ts'
import {
  describeSubmission,
  type RowParams,
  rowParams,
  submissionHeader,
  submissionRows,
  type Written,
} from './open-images-rows.ts'
import { openRowFile } from './row-file.ts'
import { idsInOrder, readShards } from './shard-order.ts'

interface Params extends RowParams {
  readonly shard_order: 'number' | 'file-name'
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly images: Collection<ImageRef>
  readonly shards?: Table
}

export const submissionOpenImages = defineNode<Params, Inputs>({
  name: 'submission/open-images',
  version: 2,
  description:
    'Writes the submission CSV of Open Images 2019: exactly one row for each image, ImageID = item id, in item order (or that of the shards), instances in their order. Masks without a pixel are left out. The finished file is read again, every mask decoded, before it counts as done.',
  mode: 'collection',
  lane: 'cpu',
  partial: 'refuse',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...rowParams,
      shard_order: {
        enum: ['number', 'file-name'],
        default: 'number',
        description:
          'Order of the shards, if there are any: by number, or as the names of their files sort (0, 10, 11, …, 19, 1, 20, … of 25), the order in which the programs of the 7th place join them.',
      },
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'What to submit.' },
    images: { kind: 'image', per: 'item', description: 'The images that must have a row.' },
    shards: {
      kind: 'table',
      per: 'collection',
      optional: true,
      description: 'The order of the rows: image, shard, shards, position, as splits/shards gives them.',
    },
  },
  outputs: { file: { kind: 'file', per: 'collection', extension: 'csv', description: 'The submission.' } },
  example: `
submission:
  uses: submission/open-images
  in: { instances: all.instances, images: images.images }
`,
  types: (_params, context) => {
    const spaced = classesInFacets(context.inputs['instances']?.[0])?.find(({ id }) => /\s/.test(id))
    if (spaced) {
      context.problem({
        input: 'instances',
        message: `the class id ${JSON.stringify(spaced.id)} holds a space; the format separates its words by spaces`,
        fix: 'Use ids without spaces, like the MIDs of Open Images (/m/01yrx).',
      })
    }
    return {}
  },
  run: async ({ instances, images, shards }, params, context) => {
    const classes = inputClasses(context, 'instances')
    const order = shards && [...idsInOrder(readShards(shards, images.ids), params.shard_order)]
    const path = context.scratchFile('csv')
    const written: Written = { masksOfRow: [], emptyMasks: 0 }
    const rows = await openRowFile(context.scratchFile('rows'))
    try {
      for await (const { id, text } of submissionRows(instances, images, classes, params, written)) {
        context.signal.throwIfAborted()
        await rows.write(id, text)
      }
      await rows.copyTo(path, submissionHeader, order ?? images.ids)
    } finally {
      await rows.close()
    }
    await verifySubmission(path, order ?? images.ids, masksInOrder(order, images.ids, written), classes)
    const { size } = await stat(path)
    context.note(describeSubmission(size, written))
    return { file: path }
  },
})

function masksInOrder(
  order: readonly string[] | undefined,
  ids: readonly string[],
  { masksOfRow }: Written,
): readonly number[] {
  if (!order) return masksOfRow
  const masks = new Map(ids.map((id, row) => [id, masksOfRow[row]!]))
  return order.map(id => masks.get(id)!)
}

/** @throws TaskError unless the file has one row for each id, in order, and all its masks decode at their row's size. */
async function verifySubmission(
  path: string,
  ids: readonly string[],
  masksOfRow: readonly number[],
  classes: ClassList,
): Promise<void> {
  const known = new Set(classes.map(({ id }) => id))
  let row = 0
  for await (const { rowNumber, imageId, widthPx, heightPx, predictions } of readSubmission(path)) {
    const where = `row ${rowNumber}`
    if (imageId !== ids[row]) throw badFile(path, where, `was written for ${ids[row]} and reads back as ${imageId}`)
    if (predictions.length !== masksOfRow[row]) {
      throw badFile(path, where, `was written with ${masksOfRow[row]} masks and reads back with ${predictions.length}`)
    }
    for (const [index, { classId, maskText }] of predictions.entries()) {
      if (!known.has(classId)) throw badFile(path, where, `mask ${index} reads back with the class ${classId}`)
      try {
        decodeOpenImagesText(maskText, [heightPx, widthPx])
      } catch (error) {
        throw badFile(
          path,
          where,
          `mask ${index} does not read back: ${error instanceof Error ? error.message : error}`,
        )
      }
    }
    row++
  }
  if (row !== ids.length) throw badFile(path, undefined, `has ${row} rows for ${ids.length} images`)
}
