import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import type { Label } from '../values/label.ts'
import { matchedParts, patternProblem } from '../values/matched-parts.ts'

export const splitsIdPart = defineNode<{ pattern: string }, { items: unknown }>({
  name: 'splits/id-part',
  version: 1,
  description:
    'A label from the id of each item: plate and well, patient, city, whatever names of files begin with. Keeps together what belongs together (groups of splits/folds), or chooses items.',
  mode: 'item',
  lane: 'cpu',
  usesItemId: true,
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['pattern'],
    properties: {
      pattern: {
        type: 'string',
        minLength: 1,
        examples: ['^([^/]*)', '(.)$'],
        description:
          'Regular expression; what its parentheses match, joined with _, is the label. ^([^_]+)_[^_]+_([^_]+)_  gives cell type and well of LIVECell.',
      },
    },
  },
  inputs: {
    items: { kind: ['image', 'instances', 'label'], per: 'item', description: 'The items; only their ids count.' },
  },
  outputs: { label: { kind: 'label', per: 'item', description: 'That part of the id.' } },
  example: `
wells:
  uses: splits/id-part
  with: { pattern: '^([^_]+)_[^_]+_([^_]+)_' }
  in: { items: images.images }
`,
  types: ({ pattern }, context) => {
    const message = patternProblem(pattern)
    if (message !== undefined) context.problem({ param: 'pattern', message })
    return {}
  },
  run: (_inputs, { pattern }, { itemId }) => {
    const text = matchedParts(new RegExp(pattern), itemId!)
    if (text === '') {
      throw new TaskError({
        code: 'bad-value',
        message: `the id ${itemId} gives no label by ${pattern}`,
        fix: 'the pattern needs parentheses around what is meant, and must match every id',
      })
    }
    return { label: { text } satisfies Label }
  },
})
