import { defineNode } from '../../engine/contract/node.ts'
import { encodeBitPng } from '../kernels/bit-png.ts'
import { maskCount } from '../kernels/mask-sets.ts'
import type { Instances } from '../values/instances.ts'
import { maskFileName } from './mask-file-name.ts'

export const datasetMaskPictures = defineNode<object, { instances: Instances }>({
  name: 'dataset/mask-pictures',
  version: 1,
  description:
    'A picture of one bit for each mask, white on black, in the size of its image: the mask files of Open Images. Delivered as a folder, they are named <item>/<number of the instance>.png, as dataset/open-images lists them. A mask without a pixel gets none.',
  mode: 'split',
  lane: 'cpu',
  params: { type: 'object', additionalProperties: false, properties: {} },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'The masks.' } },
  outputs: {
    file: { kind: 'file', per: 'item', extension: 'png', description: 'A PNG of one bit, for each instance.' },
  },
  example: `
pictures:
  uses: dataset/mask-pictures
  in: { instances: truth.instances }
`,
  run: async function* ({ instances: { masks } }) {
    for (let i = 0; i < maskCount(masks); i++) {
      if (masks.offsets[i] === masks.offsets[i + 1]) continue
      yield { id: maskFileName(i), outputs: { file: encodeBitPng(masks, i) } }
    }
  },
})
