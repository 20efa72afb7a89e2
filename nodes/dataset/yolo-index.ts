import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Selection } from '../values/selection.ts'
import { yoloYaml } from '../values/yolo-yaml.ts'

interface Params {
  readonly train: string
  readonly valid: string
  readonly images: string
  readonly extension: string
  readonly names: 'name' | 'id'
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly valid?: Selection
}

export const datasetYoloIndex = defineNode<Params, Inputs>({
  name: 'dataset/yolo-index',
  version: 1,
  description:
    'Writes what goes with label files of YOLO: data.yaml with the names of the classes, and the lists of pictures for training and validation. Deliver them beside the folders images and labels, as data, train and valid.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      train: { type: 'string', default: 'train.txt', description: 'Where data.yaml looks for the list of training.' },
      valid: { type: 'string', default: 'valid.txt', description: 'Where it looks for that of validation.' },
      images: { type: 'string', default: 'images', description: 'Folder of the pictures beside the lists.' },
      extension: { type: 'string', default: 'png', description: 'Ending of the pictures, without dot.' },
      names: {
        enum: ['name', 'id'],
        default: 'id',
        description: 'What names a class: its id, which annotations/yolo-seg reads back, or what people call it.',
      },
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'The annotations: their items and classes.' },
    valid: {
      kind: 'selection',
      per: 'collection',
      optional: true,
      description: 'Items for validation; the others are for training. Default: all are for both.',
    },
  },
  outputs: {
    data: { kind: 'file', per: 'collection', extension: 'yaml', description: 'data.yaml.' },
    train: { kind: 'file', per: 'collection', extension: 'txt', description: 'Pictures for training, one per line.' },
    valid: { kind: 'file', per: 'collection', extension: 'txt', description: 'Pictures for validation.' },
  },
  example: `
index:
  uses: dataset/yolo-index
  in: { instances: truth.instances, valid: folds.valid }
`,
  run: ({ instances, valid }, params, context) => {
    const classes = inputClasses(context, 'instances')
    const held = valid && new Set(valid.ids)
    const list = (ids: readonly string[]) =>
      text(ids.map(id => `./${params.images}/${id}.${params.extension}\n`).join(''))
    return {
      data: text(
        yoloYaml(
          { train: params.train, val: params.valid },
          classes.map(entry => entry[params.names] || entry.id),
        ),
      ),
      train: list(held ? instances.ids.filter(id => !held.has(id)) : instances.ids),
      valid: list(held ? instances.ids.filter(id => held.has(id)) : instances.ids),
    }
  },
})

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}
