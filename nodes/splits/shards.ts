import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode, type PathRef } from '../../engine/contract/node.ts'
import { badFile } from '../values/bad-file.ts'
import { readCsvRecords } from '../values/csv-records.ts'
import { selectionOf } from '../values/selection.ts'
import type { Table } from '../values/table.ts'

interface Params {
  readonly list: PathRef
  readonly id_column: string
  readonly shards: number
  readonly size?: number
  readonly only?: number
}

export const splitsShards = defineNode<Params, Record<string, never>>({
  name: 'splits/shards',
  version: 1,
  description:
    'Cuts a list of images into consecutive shards, in the order of the list: the test list of a competition into the parts that go to different machines, and the order in which a submission has its rows.',
  mode: 'collection',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['list'],
    properties: {
      list: { type: 'string', 'x-path': 'file', description: 'CSV with a row for each image: a sample submission.' },
      id_column: { type: 'string', default: 'ImageID', description: 'Column of the image ids.' },
      shards: { type: 'integer', minimum: 1, default: 25, description: 'Number of shards.' },
      size: {
        type: 'integer',
        minimum: 1,
        description:
          'Images of a shard, the last has what is left (4000 for the 99,999 of 2019). Default: as many as needed, rounded up.',
      },
      only: { type: 'integer', minimum: 0, description: 'A shard, from 0, that `items` lists. Default: all.' },
    },
  },
  inputs: {},
  outputs: {
    table: {
      kind: 'table',
      per: 'collection',
      description: 'image, shard (from 0), shards (how many there are), position in the whole list.',
    },
    items: { kind: 'selection', per: 'collection', description: 'The images of the shard asked for.' },
  },
  example: `
shards:
  uses: splits/shards
  with: { list: sample_empty_submission.csv, shards: 25 }
`,
  types: ({ shards, only }, context) => {
    if (only !== undefined && only >= shards) {
      context.problem({ param: 'only', message: `there is no shard ${only} of ${shards}`, fix: `0 to ${shards - 1}` })
    }
    return {}
  },
  run: async (_inputs, { list: { path }, id_column: column, shards, size: given, only }) => {
    const ids: string[] = []
    const rowOf = new Map<string, number>()
    for await (const { rowNumber, cells } of readCsvRecords(path, [column])) {
      const id = cells[column]!
      const twin = rowOf.get(id)
      if (twin !== undefined) throw badFile(path, `row ${rowNumber}`, `${id} is in row ${twin} already`)
      if (id === '') throw badFile(path, `row ${rowNumber}`, `has no ${column}`)
      rowOf.set(id, rowNumber)
      ids.push(id)
    }
    const size = given ?? Math.max(1, Math.ceil(ids.length / shards))
    if (size * shards < ids.length) {
      throw new TaskError({
        code: 'bad-value',
        message: `${shards} shards of ${size} hold ${size * shards} images; the list has ${ids.length}`,
        fix: 'more shards, or no size',
      })
    }
    const rows = ids.map((id, position) => [id, Math.floor(position / size), shards, position])
    return {
      table: { columns: ['image', 'shard', 'shards', 'position'], rows } satisfies Table,
      items: selectionOf(only === undefined ? ids : ids.slice(only * size, (only + 1) * size)),
    }
  },
})
