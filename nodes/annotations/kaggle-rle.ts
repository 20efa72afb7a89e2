import { type CheckContext, type Collection, defineNode, type PathRef } from '../../engine/contract/node.ts'
import { majorityLabel } from '../kernels/majority.ts'
import { concatMasks, emptyMasks } from '../kernels/mask-sets.ts'
import { decodeStartLength, type StartLengthFormat } from '../kernels/mask-text.ts'
import { maskBoxesXyxy } from '../kernels/rle.ts'
import { badFile } from '../values/bad-file.ts'
import { labelsById } from '../values/class-lists.ts'
import type { ImageRef } from '../values/image.ts'
import type { Instances } from '../values/instances.ts'
import type { Label } from '../values/label.ts'
import { patternProblem } from '../values/matched-parts.ts'
import { type ImageRows, type RleColumns, readImageRows } from './kaggle-rows.ts'
import { collectProblems, type OnProblem, type Problems, problemsParam, problemsPort } from './problems.ts'

interface Params extends RleColumns {
  readonly path: PathRef
  readonly order: StartLengthFormat['order']
  readonly base: StartLengthFormat['base']
  readonly classes: readonly string[]
  readonly drop: readonly string[]
  readonly other_images: 'refuse' | 'skip'
  readonly problems: OnProblem
}

interface Inputs {
  readonly images?: Collection<ImageRef>
}

export const annotationsKaggleRle = defineNode<Params, Inputs>({
  name: 'annotations/kaggle-rle',
  version: 1,
  description:
    'Reads masks from a CSV with one run-length text of starts and lengths in each row (Sartorius, Data Science Bowl 2018, iMaterialist, submissions of them). Boxes are those of the masks. Also tells the class of each image and the group it belongs to (plate and well), for folds and selections.',
  mode: 'scatter',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path', 'order', 'classes'],
    properties: {
      path: { type: 'string', 'x-path': 'file', description: 'CSV with a header.' },
      order: {
        enum: ['row-major', 'column-major'],
        description: 'How pixels are counted: along rows (Sartorius) or down columns (most others).',
      },
      base: { enum: [1, 0], default: 1, description: 'Number of the first pixel.' },
      classes: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        minItems: 1,
        uniqueItems: true,
        description: 'Class ids, in label order; a single one needs no class_column.',
      },
      id_column: { type: 'string', default: 'id', description: 'Column of the image id: the item.' },
      id_extension: {
        type: 'string',
        pattern: '^\\.',
        examples: ['.png', '.jpg'],
        description: 'Ending that ids in the file have and items have not (.png).',
      },
      mask_column: { type: 'string', default: 'annotation', description: 'Column of the mask text; empty: no object.' },
      class_column: { type: 'string', description: 'Column of the class id. Default: all are of the one class.' },
      width_column: { type: 'string', description: 'Column of the image width. Default: sizes are those of images.' },
      height_column: { type: 'string', description: 'Column of the image height.' },
      group_column: {
        type: 'string',
        description: 'Column that says what belongs together. Default: each image alone.',
      },
      group_pattern: {
        type: 'string',
        default: '(.*)',
        description:
          'Regular expression; what its parentheses match, joined with _, is the group. Plate and well of a Sartorius sample_id: ^([^_]*)_([^_]*).._  (the well without its last two characters).',
      },
      drop: {
        type: 'array',
        items: { type: 'string' },
        uniqueItems: true,
        default: [],
        description: 'Images to leave out, by id (known bad annotations).',
      },
      other_images: {
        enum: ['refuse', 'skip'],
        default: 'refuse',
        description: 'A row of an image that the input images lacks is an error, or left out.',
      },
      problems: problemsParam,
    },
  },
  inputs: {
    images: {
      kind: 'image',
      per: 'item',
      optional: true,
      description: 'Gives the sizes, and the images that have no row.',
    },
  },
  outputs: {
    instances: { kind: 'instances', per: 'item', description: 'The masks of an image in the order of the file.' },
    label: {
      kind: 'label',
      per: 'item',
      description: 'Class of the image: that of most of its rows (ties: the first in the list; no rows: the first).',
    },
    group: { kind: 'label', per: 'item', description: 'What it belongs to; without group_column its own id.' },
    problems: problemsPort,
  },
  example: `
truth:
  uses: annotations/kaggle-rle
  with:
    path: train.csv
    order: row-major
    classes: [shsy5y, astro, cort]
    class_column: cell_type
    width_column: width
    height_column: height
    group_column: sample_id
`,
  types: (params, context) => {
    const classes = params.classes.map(id => ({ id, name: id }))
    checkColumns(params, context)
    return { instances: { classes }, label: { classes }, group: {} }
  },
  run: async function* ({ images }, params, context) {
    const { path } = params.path
    const problems = collectProblems(params.problems)
    const labels = labelsById(params.classes.map(id => ({ id, name: id })))
    const byImage = await readImageRows(path, params, labels, problems)
    const absent = params.drop.filter(id => !byImage.has(id))
    if (absent.length > 0) context.note(`to be dropped, but not in the file: ${absent.join(', ')}`)
    const dropped = new Set(params.drop)
    if (images === undefined) {
      for (const [id, rows] of byImage) {
        if (!dropped.has(id)) yield { id, outputs: outputsOf(rows, undefined, params, problems.of(id)) }
      }
      return
    }
    const known = new Set(images.ids)
    const others = [...byImage].filter(([id]) => !known.has(id) && !dropped.has(id))
    for (const [id, { rowNumber }] of params.other_images === 'refuse' ? others : []) {
      const where = `row ${rowNumber}, column ${params.id_column}`
      const message = `there is no image ${id} at the input images`
      problems.of(id).raise('unknown-image', badFile(path, where, message, 'other_images: skip  leaves it out.'))
    }
    if (others.length > 0) context.note(`${others.length} images of the file are not at the input images`)
    for await (const { id, value } of images.items) {
      if (dropped.has(id)) continue
      const rows = byImage.get(id) ?? { rowNumber: 0, sizeHw: undefined, group: id, masks: [] }
      yield { id, outputs: outputsOf(rows, [value.heightPx, value.widthPx], params, problems.of(id)) }
    }
  },
})

type SizeHw = readonly [number, number]

function outputsOf(rows: ImageRows, imageSizeHw: SizeHw | undefined, params: Params, problems: Problems) {
  const sizeHw = problems.attempt('mask-size', () => frameOf(rows, imageSizeHw, params))
  // Run lengths of another size mean nothing.
  const instances = toInstances(sizeHw ? rows.masks : [], sizeHw ?? imageSizeHw!, params, problems)
  const majority = majorityLabel(instances.labels)
  return {
    instances,
    label: { text: params.classes[Math.max(0, majority)]! } satisfies Label,
    group: { text: rows.group } satisfies Label,
    problems: problems.take(),
  }
}

function frameOf({ rowNumber, sizeHw }: ImageRows, imageSizeHw: SizeHw | undefined, { path }: Params): SizeHw {
  if (sizeHw === undefined) return imageSizeHw!
  if (imageSizeHw && (imageSizeHw[0] !== sizeHw[0] || imageSizeHw[1] !== sizeHw[1])) {
    const sizes = `${sizeHw[1]} × ${sizeHw[0]} here, the image is ${imageSizeHw[1]} × ${imageSizeHw[0]}`
    throw badFile(path.path, `row ${rowNumber}`, `the size is ${sizes} (width × height)`)
  }
  return sizeHw
}

function toInstances(rows: ImageRows['masks'], sizeHw: SizeHw, params: Params, problems: Problems): Instances {
  const read = rows.flatMap(({ rowNumber, text, label }) => {
    const mask = problems.attempt('bad-mask', () => {
      try {
        return decodeStartLength(text, sizeHw, params)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        throw badFile(params.path.path, `row ${rowNumber}, column ${params.mask_column}`, error.message)
      }
    })
    return mask === undefined ? [] : [{ mask, label }]
  })
  const all = concatMasks([emptyMasks(sizeHw, 0), ...read.map(({ mask }) => mask)])
  return {
    sizeHw,
    boxesXyxy: maskBoxesXyxy(all),
    scores: new Float64Array(read.length).fill(1),
    labels: Int32Array.from(read, ({ label }) => label),
    masks: all,
  }
}

function checkColumns(params: Params, context: CheckContext): void {
  if (params.classes.length > 1 && params.class_column === undefined)
    context.problem({ param: 'classes', message: 'there are several classes and no class_column that says which' })
  if ((params.width_column === undefined) !== (params.height_column === undefined))
    context.problem({ message: 'width_column and height_column only make sense together' })
  if (params.width_column === undefined && context.inputs['images'] === undefined)
    context.problem({
      message: 'nothing says how large the images are',
      fix: 'name width_column and height_column, or feed the input images',
    })
  const message = patternProblem(params.group_pattern)
  if (message !== undefined) context.problem({ param: 'group_pattern', message })
}
