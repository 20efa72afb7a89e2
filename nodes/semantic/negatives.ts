import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { largestOf } from '../kernels/outlier-member.ts'
import { selectionOf } from '../values/selection.ts'
import type { Semantic } from '../values/semantic.ts'
import type { Table } from '../values/table.ts'
import { checkMap, chosenMap, MAP_SCHEMA } from './choose-map.ts'

interface Params {
  readonly map?: string
  readonly below: number
  readonly vector?: string
  readonly vector_index: number
}

interface Inputs {
  readonly maps: Collection<Semantic>
}

export const semanticNegatives = defineNode<Params, Inputs>({
  name: 'semantic/negatives',
  version: 1,
  description:
    'Finds pictures that can be trained on as empty: no pixel of any class reaches the limit, and, where the model judges whole images, neither does that judgement.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      map: MAP_SCHEMA,
      below: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.2,
        description: 'Largest probability of a pixel and probability of the image must both be < this.',
      },
      vector: {
        type: 'string',
        examples: ['image', 'scene'],
        description: 'Name of the numbers in which the model judges the image. Default: only pixels count.',
      },
      vector_index: {
        type: 'integer',
        minimum: 0,
        default: 1,
        description: 'Which of these numbers is the probability that there is something.',
      },
    },
  },
  inputs: { maps: { kind: 'semantic', per: 'item', description: 'Probabilities of each picture.' } },
  outputs: {
    negatives: { kind: 'selection', per: 'collection', description: 'The empty ones, for `items:`.' },
    positives: { kind: 'selection', per: 'collection', description: 'All others.' },
    table: {
      kind: 'table',
      per: 'collection',
      description: 'For each item the largest pixel and the judgement of the image.',
    },
  },
  example: `
mined:
  uses: semantic/negatives
  with: { below: 0.2, vector: image }
  in: { maps: mean.maps }
`,
  types: ({ map }, context) => {
    checkMap(map, 'maps', context)
    return {}
  },
  run: async ({ maps }, params, context) => {
    const negatives: string[] = []
    const rows: (string | number | null)[][] = []
    for await (const { id, value } of maps.items) {
      const peak = Math.max(...chosenMap(value, params.map, 'maps', context).planes.map(largestOf))
      const judged = params.vector === undefined ? undefined : judgement(value, params.vector, params.vector_index, id)
      const isNegative = peak < params.below && (judged === undefined || judged < params.below)
      if (isNegative) negatives.push(id)
      rows.push([id, peak, judged ?? null, isNegative ? 'negative' : 'positive'])
    }
    context.note(`${negatives.length} of ${rows.length} pictures are negatives`)
    const empty = new Set(negatives)
    return {
      negatives: selectionOf(negatives),
      positives: selectionOf(maps.ids.filter(id => !empty.has(id))),
      table: { columns: ['item', 'largest pixel', 'image', 'kind'], rows } satisfies Table,
    }
  },
})

function judgement({ vectors }: Semantic, name: string, index: number, id: string): number {
  const number = vectors[name]?.[index]
  if (number !== undefined) return number
  const names = Object.entries(vectors).map(([one, { length }]) => `${one} (${length})`)
  throw new TaskError({
    code: 'bad-value',
    message: `item ${id} has no number ${index} of ${name}; there is ${names.length === 0 ? 'none' : names.join(', ')}`,
    fix: 'vector is the name under vectors in model.yaml, vector_index counts from 0',
  })
}
