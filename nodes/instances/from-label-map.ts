import { readFile } from 'node:fs/promises'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { sha256 } from '../../engine/base/digest.ts'
import { defineNode, type ItemFile, type PathRef } from '../../engine/contract/node.ts'
import { labelMapToMasks } from '../kernels/label-map.ts'
import { maskBoxesXyxy } from '../kernels/rle.ts'
import type { Instances } from '../values/instances.ts'

interface Params {
  readonly path: PathRef
  readonly class_id: string
  readonly class_name?: string
  readonly max_megapixels: number
}

interface Inputs {
  readonly file: ItemFile
}

export const instancesFromLabelMap = defineNode<Params, Inputs>({
  name: 'instances/from-label-map',
  version: 1,
  description:
    'Reads label pictures, one item each: the pixels of every number but 0 are one instance, by rising number, whether connected or not. All are of one class and have score 1; boxes are those of the masks.',
  mode: 'files',
  lane: 'io',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path', 'class_id'],
    properties: {
      path: {
        type: 'string',
        'x-path': 'folder',
        'x-files': ['**/*.{png,tif,tiff,PNG,TIF,TIFF}'],
        description: 'Folder with grey pictures of 8, 16 or 32 bits. The id of an item is its path without extension.',
      },
      class_id: { type: 'string', minLength: 1, description: 'Id of the class all instances are of.' },
      class_name: { type: 'string', description: 'What people call it. Default: the id.' },
      max_megapixels: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 268,
        description: 'A picture with more pixels is refused instead of filling the memory.',
      },
    },
  },
  inputs: {},
  outputs: {
    instances: { kind: 'instances', per: 'item', description: 'One instance for each number in the picture.' },
  },
  example: `
truth:
  uses: instances/from-label-map
  with: { path: labels, class_id: nucleus }
`,
  types: ({ class_id: id, class_name: name }) => ({ instances: { classes: [{ id, name: name ?? id }] } }),
  run: async ({ file }, { max_megapixels: maxMegapixels }) => {
    const { numbers, sizeHw } = await readNumbers(file, maxMegapixels)
    const { masks } = labelMapToMasks(numbers, sizeHw)
    const count = masks.offsets.length - 1
    return {
      instances: {
        sizeHw,
        boxesXyxy: maskBoxesXyxy(masks),
        scores: new Float64Array(count).fill(1),
        labels: new Int32Array(count),
        masks,
      } satisfies Instances,
    }
  },
})

async function readNumbers(
  file: ItemFile,
  maxMegapixels: number,
): Promise<{ numbers: Uint32Array; sizeHw: readonly [number, number] }> {
  const bytes = await readFile(file.path)
  if (sha256(bytes) !== file.sha256) {
    throw new TaskError({
      code: 'input-changed',
      message: `${file.path} changed while it was being used`,
      fix: 'run again: the new content is planned and only what depends on it is computed',
    })
  }
  const { default: sharp } = await import('sharp')
  try {
    const picture = sharp(bytes, {
      failOn: 'error',
      ignoreIcc: true,
      limitInputPixels: Math.floor(maxMegapixels * 1e6),
    })
    const { channels = 0, depth = 'unknown', space, isPalette } = await picture.metadata()
    if (channels !== 1 || isPalette) {
      throw new Error(
        `it has ${isPalette ? 'a palette' : `${channels} channels (${space})`}, expected one grey channel`,
      )
    }
    if (!['uchar', 'ushort', 'uint', 'int'].includes(depth)) {
      throw new Error(`its samples are of type ${depth}, expected whole numbers of 8, 16 or 32 bits`)
    }
    // The colour space of its own depth, so that no number is scaled on the way.
    const { data, info } = await picture
      .toColourspace(depth === 'ushort' ? 'grey16' : 'b-w')
      .raw({ depth: 'uint' })
      .toBuffer({ resolveWithObject: true })
    const numbers = new Uint32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))
    return { numbers, sizeHw: [info.height, info.width] }
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n')[0]
    throw new TaskError(
      {
        code: 'bad-image',
        message: `${file.path} is no label picture: ${reason}`,
        fix: 'labels are one channel of whole numbers, 0 = background; save the numbers, not colours for them',
      },
      { cause },
    )
  }
}
