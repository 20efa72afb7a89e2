import { readFile } from 'node:fs/promises'
import { defineNode, type PathRef } from '../../engine/contract/node.ts'
import { badFile, checkFile, parseJsonFile } from '../values/bad-file.ts'
import { type Weights, weightsDocumentProblem } from '../values/weights.ts'

interface Params {
  readonly path: PathRef
}

export const weightsFile = defineNode<Params, Record<string, never>>({
  name: 'weights/file',
  version: 1,
  description:
    'Reads weights of an ensemble from a JSON file, as a step that finds weights delivers them: { "model": { "L1": 2, "L3": 0 } }.',
  mode: 'collection',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: { type: 'string', 'x-path': 'file', description: 'JSON map of axis → coordinate id → number from 0.' },
    },
  },
  inputs: {},
  outputs: { weights: { kind: 'weights', per: 'collection', description: 'What the file says.' } },
  example: `
chosen: { uses: weights/file, with: { path: weights.json } }
`,
  types: async ({ path: { path } }, context) => {
    await checkFile(context, 'path', () => readWeights(path, context.readFile(path)))
    return { weights: {} }
  },
  run: async (_inputs, { path: { path } }) => ({ weights: readWeights(path, await readFile(path)) }),
})

/** @throws TaskError `bad-file` naming the axis and the id. */
function readWeights(path: string, bytes: Uint8Array): Weights {
  const value = parseJsonFile(path, bytes)
  const problem = weightsDocumentProblem(value)
  if (problem !== undefined) throw badFile(path, undefined, problem)
  return value as Weights
}
