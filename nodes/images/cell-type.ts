import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { type CellType, cellTypeOf, confidentPositions, publishedCellTypeRule } from '../kernels/cell-type.ts'
import type { Label } from '../values/label.ts'
import { meanRpn } from '../values/mean-rpn.ts'
import type { RpnMaps } from '../values/rpn.ts'
import type { Table } from '../values/table.ts'
import { checkWeights, type FoldWeights, WEIGHTS_SCHEMA, type Weights, weightsPort } from '../values/weights.ts'

interface Params {
  readonly probability: number
  readonly coarse_count: number
  readonly total_count: number
  readonly fine_count: number
  readonly weights?: FoldWeights
}

interface Inputs {
  readonly rpn: readonly RpnMaps[]
  readonly weights?: Weights
}

const TYPES: readonly CellType[] = ['shsy5y', 'astro', 'cort']
const LEVELS = 5

export const imagesCellType = defineNode<Params, Inputs>({
  name: 'images/cell-type',
  version: 1,
  description:
    'Tells from averaged proposal maps what kind of cells an image shows, before anything is detected: positions where the best anchor is likely enough are counted on each of five pyramid levels. astro: more than coarse_count on the two coarsest; else cort: fewer than total_count in all and fewer than fine_count on the second finest; else shsy5y. (TheoViel’s Sartorius solution; the defaults are for 704 × 520 px.)',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      probability: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: publishedCellTypeRule.probability,
        description: 'A position counts when its best anchor has a probability > this.',
      },
      coarse_count: {
        type: 'integer',
        minimum: 0,
        default: publishedCellTypeRule.coarseCount,
        description: 'More positions than this on the two coarsest levels: astro.',
      },
      total_count: {
        type: 'integer',
        minimum: 0,
        default: publishedCellTypeRule.totalCount,
        description: 'Fewer positions than this on all levels, and …',
      },
      fine_count: {
        type: 'integer',
        minimum: 0,
        default: publishedCellTypeRule.fineCount,
        description: '… fewer than this on the second finest level: cort.',
      },
      weights: {
        ...WEIGHTS_SCHEMA,
        'x-weights-of': 'rpn',
        description: 'Influence of each member, by axis and coordinate id; missing = 1.',
      },
    },
  },
  inputs: {
    rpn: { kind: 'rpn', per: 'item', many: 'folded', description: 'Proposal maps of the same view by each member.' },
    weights: weightsPort,
  },
  outputs: {
    label: { kind: 'label', per: 'item', description: 'shsy5y, astro or cort.' },
    counts: { kind: 'table', per: 'item', description: 'Positions counted on each level, finest first.' },
  },
  example: `type:
  uses: images/cell-type
  over: [model, flip]
  in: { rpn: { from: propose.rpn, where: { flip: none } } }
`,
  types: (params, context) => {
    checkWeights(params.weights, context)
    const anchors = context.inputs['rpn']?.[0]?.['anchors']
    if (Array.isArray(anchors) && anchors.length !== LEVELS)
      context.problem({ input: 'rpn', message: `the models have ${anchors.length} pyramid levels; the rule is for 5` })
    return { label: { classes: TYPES.map(type => ({ id: type, name: type })) }, counts: {} }
  },
  run: ({ rpn, weights }, params) => {
    const { levels } = meanRpn(rpn, params.weights, weights)
    if (levels.length !== LEVELS)
      throw new TaskError({
        code: 'bad-value',
        message: `the maps have ${levels.length} pyramid levels, the rule is for ${LEVELS}`,
      })
    const counts = confidentPositions(levels, params.probability)
    const text = cellTypeOf(counts, {
      probability: params.probability,
      coarseCount: params.coarse_count,
      totalCount: params.total_count,
      fineCount: params.fine_count,
    })
    return {
      label: { text } satisfies Label,
      counts: {
        columns: ['level', 'positions'],
        rows: Array.from(counts, (count, level) => [level, count]),
      } satisfies Table,
    }
  },
})
