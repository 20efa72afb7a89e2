import { join } from 'node:path'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { folderDigest } from '../../engine/base/digest.ts'
import { defineNode, type PathRef } from '../../engine/contract/node.ts'
import { checkFile } from '../values/bad-file.ts'
import { MODEL_FILES, modelFacets, modelFilesIn, modelYaml } from '../values/model.ts'
import { packTar } from '../values/tar.ts'

interface Params {
  readonly path: PathRef
}

export const modelsFolder = defineNode<Params, Record<string, never>>({
  name: 'models/folder',
  version: 1,
  description:
    'A model folder as a value: for steps that take a model through a port, such as a program that trains on from it.',
  mode: 'collection',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: {
        type: 'string',
        'x-path': 'folder',
        'x-files': MODEL_FILES,
        description: 'Model folder: model.yaml and its ONNX graphs. Other files in it do not count.',
      },
    },
  },
  inputs: {},
  outputs: { model: { kind: 'model', per: 'collection', description: 'The model, with its class list.' } },
  example: `
start: { uses: models/folder, with: { path: models/L1 } }
`,
  types: async ({ path: { path } }, context) => {
    const file = join(path, 'model.yaml')
    const yaml = await checkFile(context, 'path', () => modelYaml(file, context.readFile(file)))
    return yaml === undefined ? {} : { model: modelFacets(yaml) }
  },
  run: async (_inputs, { path: { path, sha256 } }, context) => {
    const target = context.scratchFile('tar')
    const packed = await packTar(await modelFilesIn(path), target)
    if (folderDigest(packed) !== sha256)
      throw new TaskError({ code: 'input-changed', message: `${path} was changed after the run was planned` })
    return { model: target }
  },
})
