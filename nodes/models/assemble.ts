import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode, type PathRef, type StoredFile } from '../../engine/contract/node.ts'
import { checkFile } from '../values/bad-file.ts'
import { isModelFile, modelFacets, modelYaml, packModel } from '../values/model.ts'

interface Params {
  readonly spec: PathRef
  readonly names: readonly string[]
}

export const modelsAssemble = defineNode<Params, { readonly graphs: readonly StoredFile[] }>({
  name: 'models/assemble',
  version: 1,
  description:
    'Makes a model of a model.yaml and graph files that other steps made. The model.yaml is there beforehand, so its class list is known while the graphs are not.',
  mode: 'collection',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['spec', 'names'],
    properties: {
      spec: { type: 'string', 'x-path': 'file', description: 'The model.yaml.' },
      names: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        uniqueItems: true,
        examples: [['backbone.onnx', 'box.onnx'], ['model.onnx']],
        description: 'Names of the files in the model folder, in the order of graphs; they end in .onnx or .data.',
      },
    },
  },
  inputs: {
    graphs: {
      kind: 'file',
      per: 'collection',
      many: 'ordered',
      as: 'file',
      description: 'Graphs and their data files.',
    },
  },
  outputs: { model: { kind: 'model', per: 'collection', description: 'The model, with the class list of the spec.' } },
  example: `
student:
  uses: models/assemble
  with: { spec: student/model.yaml, names: [backbone.onnx, box.onnx] }
  in: { graphs: [trained.file, trained.extra] }
`,
  types: async ({ spec: { path }, names }, context) => {
    const count = context.inputs['graphs']?.length ?? 0
    if (names.length !== count)
      context.problem({
        param: 'names',
        message: `${names.length} names for ${count} graphs`,
        fix: 'write one name for each, in the order of `in: { graphs: [ … ] }`',
      })
    const other = names.find(name => !isModelFile(name) || name === 'model.yaml' || /[/\\]/.test(name))
    if (other !== undefined)
      context.problem({
        param: 'names',
        message: `\`${other}\` is no name of a graph or its data`,
        fix: 'end it in .onnx or .data, without folders',
      })
    const yaml = await checkFile(context, 'spec', () => modelYaml(path, context.readFile(path)))
    return yaml === undefined ? {} : { model: modelFacets(yaml) }
  },
  run: async ({ graphs }, { spec, names }, context) => {
    if (graphs.length !== names.length)
      throw new TaskError({ code: 'bad-value', message: `${names.length} names for ${graphs.length} graphs` })
    const files = graphs.map((graph, i) => ({ name: names[i]!, path: graph.path() }))
    return { model: await packModel(files, spec, context) }
  },
})
