import { type Collection, defineNode, type PathRef } from '../../engine/contract/node.ts'
import { badFile } from '../values/bad-file.ts'
import { labelsById } from '../values/class-lists.ts'
import { numberCell, readCsvRecords } from '../values/csv-records.ts'
import { ancestorsOfEach, type Hierarchy } from '../values/hierarchy.ts'
import type { ImageRef } from '../values/image.ts'
import type { Table } from '../values/table.ts'

interface Params {
  readonly masks: readonly PathRef[]
  readonly keep: 'all' | 'leaves' | 'parents'
  readonly classes?: readonly string[]
  readonly expand: boolean
  readonly other_classes: 'refuse' | 'skip'
}

interface Inputs {
  readonly hierarchy: Hierarchy
  readonly images?: Collection<ImageRef>
}

type Row = readonly (string | number)[]

const FILE_COLUMNS = ['MaskPath', 'ImageID', 'LabelName', 'BoxXMin', 'BoxXMax', 'BoxYMin', 'BoxYMax'] as const
const SIDES = ['BoxXMin', 'BoxYMin', 'BoxXMax', 'BoxYMax'] as const

export const annotationsOpenImagesTable = defineNode<Params, Inputs>({
  name: 'annotations/open-images-table',
  version: 1,
  description:
    'Reads masks files of Open Images as rows, without a look at any picture: the annotations of the leaf or of the parent classes, the latter with a copy of every row for each ancestor of its class. For lists of training images; annotations/open-images reads the masks themselves.',
  mode: 'collection',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['masks'],
    properties: {
      masks: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        'x-path': 'file',
        description:
          'CSVs with MaskPath, ImageID, LabelName, BoxXMin, BoxXMax, BoxYMin, BoxYMax; read one after the other.',
      },
      keep: {
        enum: ['all', 'leaves', 'parents'],
        default: 'all',
        description: 'Rows to keep: of all classes, of those that are nobody’s parent, or of the others.',
      },
      classes: {
        type: 'array',
        items: { type: 'string' },
        description: 'Class ids to keep, of those that keep lets pass. Default: all.',
      },
      expand: {
        type: 'boolean',
        default: false,
        description: 'Each row is followed by a copy for every ancestor of its class, before keep and classes choose.',
      },
      other_classes: {
        enum: ['refuse', 'skip'],
        default: 'refuse',
        description: 'A row of a class that the hierarchy lacks is an error, or left out.',
      },
    },
  },
  inputs: {
    hierarchy: { kind: 'hierarchy', per: 'collection', description: 'The classes and who is whose parent.' },
    images: {
      kind: 'image',
      per: 'item',
      optional: true,
      description: 'Gives sizes: boxes are in pixels then, and rows of images that are not there are left out.',
    },
  },
  outputs: {
    table: {
      kind: 'table',
      per: 'collection',
      description:
        'image, class, x1, y1, x2, y2 (shares of the sides, or pixels), mask (its file), with images also width and height; in the order of the files.',
    },
  },
  example: `
leaf_rows:
  uses: annotations/open-images-table
  with: { masks: [challenge-2019-train-segmentation-masks.csv], keep: leaves }
  in: { hierarchy: classes.hierarchy }
`,
  run: async ({ hierarchy, images }, params, context) => {
    const sizes = images && (await sizesOf(images))
    const become = targetsOf(hierarchy, params)
    const rows: Row[] = []
    const seen = new Set<string>()
    let unsized = 0
    let unknown = 0
    for (const { path } of params.masks) {
      for await (const { rowNumber, cells } of readCsvRecords(path, FILE_COLUMNS)) {
        const targets = become.get(cells.LabelName)
        if (!targets) {
          if (params.other_classes === 'refuse') throw unknownClass(path, rowNumber, cells.LabelName, become.size)
          unknown++
          continue
        }
        const size = sizes ? sizes.get(cells.ImageID) : [1, 1]
        if (!size) {
          unsized++
          continue
        }
        const [width, height] = size as [number, number]
        const [x1, y1, x2, y2] = SIDES.map(side => numberCell(path, rowNumber, side, cells[side])) as [
          number,
          number,
          number,
          number,
        ]
        const box = [x1 * width, y1 * height, x2 * width, y2 * height]
        for (const target of targets) {
          rows.push([cells.ImageID, target, ...box, cells.MaskPath, ...(sizes ? [width, height] : [])])
        }
        if (targets.length > 0) seen.add(cells.ImageID)
      }
    }
    context.note(`${rows.length} annotations of ${seen.size} images`)
    if (unsized > 0) context.note(`${unsized} rows of images that are not at the input images left out`)
    if (unknown > 0) context.note(`${unknown} rows of classes outside the hierarchy left out`)
    const columns = ['image', 'class', 'x1', 'y1', 'x2', 'y2', 'mask', ...(sizes ? ['width', 'height'] : [])]
    return { table: { columns, rows } satisfies Table }
  },
})

/** For every class of the hierarchy the classes its rows become. */
function targetsOf(hierarchy: Hierarchy, { keep, classes, expand }: Params): Map<string, readonly string[]> {
  const ids = hierarchy.classes.map(({ id }) => id)
  const parents = new Set(hierarchy.parents.flat())
  const wanted = classes && new Set(classes)
  const ancestors = ancestorsOfEach(hierarchy)
  const kept = (label: number) =>
    (keep === 'all' || parents.has(label) === (keep === 'parents')) && (!wanted || wanted.has(ids[label]!))
  return new Map(
    [...labelsById(hierarchy.classes)].map(([id, label]) => {
      const all = expand ? [label, ...ancestors[label]!] : [label]
      return [id, all.filter(kept).map(target => ids[target]!)]
    }),
  )
}

async function sizesOf(images: Collection<ImageRef>): Promise<Map<string, readonly [number, number]>> {
  const sizes = new Map<string, readonly [number, number]>()
  for await (const { id, value } of images.items) sizes.set(id, [value.widthPx, value.heightPx])
  return sizes
}

function unknownClass(path: string, rowNumber: number, id: string, classes: number) {
  return badFile(
    path,
    `row ${rowNumber}, column LabelName`,
    `there is no class ${id} among the ${classes} of the hierarchy`,
    'other_classes: skip  leaves such rows out.',
  )
}
