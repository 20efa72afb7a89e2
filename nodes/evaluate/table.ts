import { defineNode } from '../../engine/contract/node.ts'
import { type Metrics, numberAt } from '../values/metrics.ts'
import type { Table } from '../values/table.ts'

interface Params {
  readonly rows: readonly string[]
  readonly columns: readonly string[]
}

export const evaluateTable = defineNode<Params, { metrics: readonly Metrics[] }>({
  name: 'evaluate/table',
  version: 1,
  description: 'Puts several evaluations side by side: one row for each, the chosen numbers as columns.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['rows'],
    properties: {
      rows: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        uniqueItems: true,
        description: 'What each evaluation is called, in the order of the input.',
      },
      columns: {
        type: 'array',
        items: { type: 'string', pattern: '^[^.]+\\..+$' },
        minItems: 1,
        default: ['box.AP', 'box.AP50', 'box.AP75', 'mask.AP', 'mask.AP50', 'mask.AP75'],
        description: 'Numbers to show, each written group.name.',
      },
    },
  },
  inputs: {
    metrics: {
      kind: 'metrics',
      per: 'collection',
      many: 'ordered',
      mixedFacets: true,
      description: 'The evaluations.',
    },
  },
  outputs: {
    table: {
      kind: 'table',
      per: 'collection',
      description: 'One row for each evaluation; null where a number is undefined.',
    },
    metrics: {
      kind: 'metrics',
      per: 'collection',
      description: 'All numbers of all evaluations; groups are named `row: group`.',
    },
  },
  example: `
scores:
  uses: evaluate/table
  with: { rows: [one model, ensemble] }
  in: { metrics: [one_score.metrics, ensemble_score.metrics] }
`,
  types: ({ rows }, context) => {
    const evaluations = context.inputs['metrics']?.length
    if (evaluations !== undefined && evaluations !== rows.length) {
      context.problem({
        param: 'rows',
        message: `${rows.length} row names for ${evaluations} evaluations`,
        fix: 'write one name for each, in the order of the input',
      })
    }
    return {}
  },
  run: ({ metrics }, { rows, columns }) => {
    const numberOf = (evaluation: Metrics, column: string) => numberAt(evaluation, column) ?? null
    const table: Table = {
      columns: ['', ...columns],
      rows: metrics.map((evaluation, i) => [rows[i]!, ...columns.map(column => numberOf(evaluation, column))]),
    }
    const all = metrics.flatMap((evaluation, i) =>
      Object.entries(evaluation).map(([group, numbers]) => [`${rows[i]}: ${group}`, numbers] as const),
    )
    return { table, metrics: Object.fromEntries(all) }
  },
})
