import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { epochOrder } from '../kernels/epoch-order.ts'
import type { Table } from '../values/table.ts'
import { columnOf } from './class-pairs.ts'

interface Params {
  readonly seed: number
  readonly rule: 'default' | 'openimages-2019'
}

export const trainingEpochOrder = defineNode<Params, { counts: Table }>({
  name: 'training/epoch-order',
  version: 1,
  description:
    'Puts an epoch in which images come several times into an order that spreads the repetitions over its length: images that come once are shuffled; then, for c = 2, 3, …, the list is cut into c slices, and into each slice every image that comes c times is put once, at random places. Draws are those of numpy’s legacy generator, seeded with seed + round (+ the number of the slice). Source: 7th place of Open Images 2019.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      seed: { type: 'integer', minimum: 0, default: 20, description: 'Added to the round of the counts.' },
      rule: {
        enum: ['default', 'openimages-2019'],
        default: 'default',
        description:
          'default: putting images in leaves the order of the others. openimages-2019: it mixes them inside their slice, as the authors’ program does.',
      },
    },
  },
  inputs: {
    counts: { kind: 'table', per: 'collection', description: 'image, count, round, as training/rebalance makes them.' },
  },
  outputs: {
    order: {
      kind: 'table',
      per: 'collection',
      description: 'position (from 0), image, count (how often it comes in this epoch), round.',
    },
  },
  example: `
order:
  uses: training/epoch-order
  matrix: counts
  with: { seed: 20 }
  in: { counts: counts.counts }
`,
  run: ({ counts: { columns, rows } }, { seed, rule }) => {
    const [image, count, round] = ['image', 'count', 'round'].map(name => columnOf(columns, name, 'counts')) as [
      number,
      number,
      number,
    ]
    const counts = Int32Array.from(rows, (row, index) => wholeCell(row[count], 'count', index))
    const rounds = new Set(rows.map(row => row[round]))
    if (rounds.size > 1) throw bad(`the counts are of ${rounds.size} rounds; expected those of one`)
    const number = rows.length === 0 ? 0 : wholeCell(rows[0]![round], 'round', 0)
    const order = epochOrder(counts, seed + number, rule === 'default' ? 'keep' : 'scramble')
    return {
      order: {
        columns: ['position', 'image', 'count', 'round'],
        rows: Array.from(order, (row, position) => [position, rows[row]![image]!, counts[row]!, number]),
      } satisfies Table,
    }
  },
})

function wholeCell(cell: string | number | null | undefined, column: string, index: number): number {
  if (Number.isSafeInteger(cell) && (cell as number) >= 0) return cell as number
  throw bad(`row ${index}, column ${column} at input counts is ${cell}; expected a whole number from 0`)
}

function bad(message: string): TaskError {
  return new TaskError({ code: 'bad-value', message })
}
