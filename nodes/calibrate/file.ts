import { readFile } from 'node:fs/promises'
import { defineNode, type PathRef } from '../../engine/contract/node.ts'
import { badFile, checkFile, parseJsonFile } from '../values/bad-file.ts'
import { type Calibrations, calibrationProblem } from '../values/calibration.ts'

interface Params {
  readonly path: PathRef
}

export const calibrateFile = defineNode<Params, Record<string, never>>({
  name: 'calibrate/file',
  version: 1,
  description: 'Reads a calibration from the JSON file that `calibrate/fit` delivers, for pipelines without its truth.',
  mode: 'collection',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: { path: { type: 'string', 'x-path': 'file', description: 'The delivered calibration.' } },
  },
  inputs: {},
  outputs: { calibration: { kind: 'calibration', per: 'collection', description: 'What the file says.' } },
  example: `
calibration: { uses: calibrate/file, with: { path: calibration.json } }
`,
  types: async ({ path: { path } }, context) => {
    await checkFile(context, 'path', () => readCalibration(path, context.readFile(path)))
    return { calibration: {} }
  },
  run: async (_inputs, { path: { path } }) => ({ calibration: readCalibration(path, await readFile(path)) }),
})

/** @throws TaskError `bad-file` naming the fit and the class. */
function readCalibration(path: string, bytes: Uint8Array): Calibrations {
  const value = parseJsonFile(path, bytes)
  const problem = calibrationProblem(value)
  if (problem !== undefined) throw badFile(path, undefined, problem)
  return value as Calibrations
}
