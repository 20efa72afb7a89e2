import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { defineNode } from '../../engine/contract/node.ts'
import { csvCell } from '../values/csv-records.ts'
import type { Table } from '../values/table.ts'
import { columnOf } from './class-pairs.ts'

interface Params {
  readonly suffix: string
  readonly format: 'names' | 'csv'
}

export const trainingEpochList = defineNode<Params, { orders: readonly Table[] }>({
  name: 'training/epoch-list',
  version: 1,
  description:
    'Writes the epochs of several rounds one after the other, by number of their round: the list a training program reads.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      suffix: { type: 'string', default: '.jpg', description: 'Put behind each image id.' },
      format: {
        enum: ['names', 'csv'],
        default: 'names',
        description: 'names: a line for each entry. csv: position (over all rounds), image, count, round, with header.',
      },
    },
  },
  inputs: {
    orders: {
      kind: 'table',
      per: 'collection',
      many: 'folded',
      description: 'position, image, count, round of each round, as training/epoch-order makes them.',
    },
  },
  outputs: {
    file: {
      kind: 'file',
      per: 'collection',
      extension: ({ format }: Params) => (format === 'csv' ? 'csv' : 'txt'),
      description: 'The list.',
    },
  },
  example: `
list:
  uses: training/epoch-list
  over: [round]
  in: { orders: order.order }
`,
  run: async ({ orders }, params, context) => {
    const path = context.scratchFile(params.format === 'csv' ? 'csv' : 'txt')
    await pipeline(Readable.from(linesOf(orders, params)), createWriteStream(path), { signal: context.signal })
    return { file: path }
  },
})

function* linesOf(orders: readonly Table[], { suffix, format }: Params): Generator<string> {
  const read = orders.map(({ columns, rows }) => {
    const [image, count, round] = ['image', 'count', 'round'].map(name => columnOf(columns, name, 'orders')) as [
      number,
      number,
      number,
    ]
    return { image, count, round, rows, number: Number(rows[0]?.[round] ?? 0) }
  })
  if (format === 'csv') yield 'position,image,count,round\n'
  let position = 0
  for (const { image, count, round, rows } of read.sort((a, b) => a.number - b.number)) {
    for (const row of rows) {
      const name = `${row[image]}${suffix}`
      yield format === 'names' ? `${name}\n` : `${position},${csvCell(name)},${row[count]},${row[round]}\n`
      position++
    }
  }
}
