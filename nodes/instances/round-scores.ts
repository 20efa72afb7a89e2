import { defineNode } from '../../engine/contract/node.ts'
import { fixedText } from '../kernels/score-text.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'

export const instancesRoundScores = defineNode<{ readonly decimals: number }, { instances: Instances }>({
  name: 'instances/round-scores',
  version: 1,
  description:
    'Scores as they are after they were printed with some decimals and read again: small ones become equal, the smallest 0. For results that equal those of programs which hand each other text files.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      decimals: {
        type: 'integer',
        minimum: 1,
        maximum: 30,
        default: 6,
        description: 'Decimals to print, ties to the even digit; from 18 on scores stay as they are.',
      },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'Instances with scores.' } },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The same with rounded scores.' } },
  example: `
printed:
  uses: instances/round-scores
  with: { decimals: 6 }
  in: { instances: leaf.instances }
`,
  types: (_params, context) => ({ instances: context.inputs['instances']?.[0] ?? {} }),
  run: ({ instances }, { decimals }, context) => {
    checkLabels(instances.labels, inputClasses(context, 'instances'), 'input instances')
    if (decimals > 17) return { instances }
    return { instances: { ...instances, scores: instances.scores.map(score => Number(fixedText(score, decimals))) } }
  },
})
