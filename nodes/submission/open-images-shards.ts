import { type Collection, defineNode } from '../../engine/contract/node.ts'
import type { ImageRef } from '../values/image.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
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
import { readShards } from './shard-order.ts'

interface Params extends RowParams {
  readonly name: string
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly shards: Table
  readonly images?: Collection<ImageRef>
}

export const submissionOpenImagesShards = defineNode<Params, Inputs>({
  name: 'submission/open-images-shards',
  version: 1,
  description:
    'Writes one submission CSV of Open Images 2019 for each shard of the test list, rows in the order of the list: the files that pass between the programs of a solution. Each file is an item whose id is its name, so that they are delivered as a folder. Masks without a pixel are left out.',
  mode: 'scatter',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: {
        type: 'string',
        description: 'Name of a file without its ending; {shard} is its number from 0, {shards} how many there are.',
      },
      ...rowParams,
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'What to write; the images of all shards.' },
    shards: {
      kind: 'table',
      per: 'collection',
      description: 'image, shard, shards, position, as splits/shards gives them.',
    },
    images: {
      kind: 'image',
      per: 'item',
      optional: true,
      description: 'The images, to see that none is missing and all have the right size.',
    },
  },
  outputs: {
    file: { kind: 'file', per: 'item', extension: 'csv', description: 'The submission of one shard.' },
  },
  example: `
leaf_csv:
  uses: submission/open-images-shards
  with: { name: "leaf_{shard}of{shards}" }
  in: { instances: leaf.instances, shards: shards.table, images: images.images }
`,
  types: ({ name }, context) => {
    if (!name.includes('{shard}')) {
      context.problem({
        param: 'name',
        message: `${name} would be the name of every shard`,
        fix: 'put {shard} into it',
      })
    }
    return {}
  },
  run: async function* ({ instances, shards: table, images }, params, context) {
    const classes = inputClasses(context, 'instances')
    const shards = readShards(table, instances.ids)
    const written: Written = { masksOfRow: [], emptyMasks: 0 }
    const rows = await openRowFile(context.scratchFile('rows'))
    let bytes = 0
    try {
      for await (const { id, text } of submissionRows(instances, images, classes, params, written)) {
        context.signal.throwIfAborted()
        await rows.write(id, text)
        bytes += text.length
      }
      for (const [shard, ids] of shards) {
        const path = context.scratchFile('csv')
        await rows.copyTo(path, submissionHeader, ids)
        const id = params.name.replaceAll('{shard}', `${shard}`).replaceAll('{shards}', `${shards.size}`)
        yield { id, outputs: { file: path } }
      }
    } finally {
      await rows.close()
    }
    context.note(describeSubmission(bytes, written))
  },
})
