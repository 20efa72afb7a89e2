import { join } from 'node:path'
import { type Collection, defineNode, type PathRef } from '../../engine/contract/node.ts'
import { resizeMasksBilinear, resizeMasksNearest } from '../kernels/mask-resize.ts'
import { concatMasks, emptyMasks } from '../kernels/mask-sets.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { badFile } from '../values/bad-file.ts'
import { classesInFacets, labelsById } from '../values/class-lists.ts'
import type { Classes } from '../values/classes.ts'
import type { ImageRef } from '../values/image.ts'
import type { Instances } from '../values/instances.ts'
import type { Table } from '../values/table.ts'
import { readMaskPicture } from './mask-picture.ts'
import {
  joinMasksAndBoxes,
  type LabelRow,
  type ObjectRow,
  readBoxRows,
  readLabelRows,
  readMaskRows,
} from './open-images-rows.ts'

interface Params {
  readonly masks: PathRef
  readonly mask_folder: PathRef
  readonly boxes?: PathRef
  readonly image_labels?: PathRef
  readonly other_classes: 'refuse' | 'skip'
  readonly resize: 'bilinear' | 'nearest'
}

interface Inputs {
  readonly images: Collection<ImageRef>
  readonly classes: Classes
}

type SizeHw = readonly [number, number]

export const annotationsOpenImages = defineNode<Params, Inputs>({
  name: 'annotations/open-images',
  version: 1,
  description:
    'Reads ground truth in the layout of Open Images 2019 for the images at its input, also for those without annotations. Masks are resized to their image. With a boxes file, instances carry the group-of mark, and a box that no mask belongs to becomes an instance without a pixel.',
  mode: 'scatter',
  lane: 'io',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['masks', 'mask_folder'],
    properties: {
      masks: {
        type: 'string',
        'x-path': 'file',
        description: 'CSV with MaskPath, ImageID, LabelName, BoxXMin, BoxXMax, BoxYMin, BoxYMax.',
      },
      mask_folder: {
        type: 'string',
        'x-path': 'folder',
        'x-files': ['**/*.png'],
        description: 'Folder below which MaskPath is; every grey value above 0 is foreground.',
      },
      boxes: {
        type: 'string',
        'x-path': 'file',
        description: 'CSV with ImageID, LabelName, XMin, XMax, YMin, YMax, IsGroupOf. Default: masks only.',
      },
      image_labels: {
        type: 'string',
        'x-path': 'file',
        description: 'CSV with ImageID, LabelName, Confidence: what was verified to be in an image or not.',
      },
      other_classes: {
        enum: ['refuse', 'skip'],
        default: 'refuse',
        description: 'A row of a class that the class list lacks is an error, or left out.',
      },
      resize: {
        enum: ['bilinear', 'nearest'],
        default: 'bilinear',
        description:
          'How a mask of another size becomes that of its image: OpenCV’s bilinear and > 0.5, or its nearest.',
      },
    },
  },
  inputs: {
    images: { kind: 'image', per: 'item', description: 'The images to read annotations for; item id = ImageID.' },
    classes: { kind: 'classes', per: 'collection', description: 'The classes that may occur; met by id.' },
  },
  outputs: {
    instances: { kind: 'instances', per: 'item', description: 'Rows of the masks file, then boxes without mask.' },
    labels: {
      kind: 'table',
      per: 'item',
      description:
        'Verified classes of the image: class, confidence (1 there, 0 not there). Empty without image_labels.',
    },
  },
  example: `
truth:
  uses: annotations/open-images
  with:
    masks: val-segmentation-masks.csv
    mask_folder: val_masks
    boxes: val-bbox.csv
  in: { images: images.images, classes: classes.classes }
`,
  types: (_params, context) => {
    const classes = classesInFacets(context.inputs['classes']?.[0])
    return classes ? { instances: { classes } } : {}
  },
  run: async function* ({ images, classes: { classes } }, params, context) {
    const ids = new Set(images.ids)
    const masks = await readMaskRows(params.masks.path, ids)
    const boxes = params.boxes && (await readBoxRows(params.boxes.path, ids))
    const labelRows = params.image_labels && (await readLabelRows(params.image_labels.path, ids))
    const labels = labelsById(classes)
    let skipped = 0
    for await (const { id, value } of images.items) {
      const own = (rows: readonly ObjectRow[] | undefined, path: string) =>
        (rows ?? []).filter(row => isKnown(row, path, labels, params))
      const maskRows = own(masks.get(id), params.masks.path)
      const boxRows = own(boxes?.get(id), params.boxes?.path ?? '')
      skipped += (masks.get(id)?.length ?? 0) + (boxes?.get(id)?.length ?? 0) - maskRows.length - boxRows.length
      const rows = boxes ? joinMasksAndBoxes(maskRows, boxRows) : maskRows
      const instances = await toInstances(rows, [value.heightPx, value.widthPx], labels, params, boxes !== undefined)
      yield { id, outputs: { instances, labels: toTable(labelRows?.get(id) ?? []) } }
    }
    if (skipped > 0) context.note(`${skipped} rows of classes outside the class list left out`)
  },
})

function isKnown(row: ObjectRow, path: string, labels: ReadonlyMap<string, number>, params: Params): boolean {
  if (labels.has(row.classId)) return true
  if (params.other_classes === 'skip') return false
  throw badFile(
    path,
    `row ${row.rowNumber}, column LabelName`,
    `there is no class ${row.classId} among the ${labels.size} at the input classes`,
    'other_classes: skip  leaves such rows out.',
  )
}

async function toInstances(
  rows: readonly ObjectRow[],
  sizeHw: SizeHw,
  labels: ReadonlyMap<string, number>,
  params: Params,
  withGroups: boolean,
): Promise<Instances> {
  const [height, width] = sizeHw
  const masks: MaskSet[] = [emptyMasks(sizeHw, 0)]
  for (const { maskPath } of rows) {
    masks.push(
      maskPath === undefined
        ? emptyMasks(sizeHw, 1)
        : toSize(await readMaskPicture(join(params.mask_folder.path, maskPath)), sizeHw, params.resize),
    )
  }
  return {
    sizeHw,
    boxesXyxy: Float64Array.from(
      rows.flatMap(({ boxShares: [x1, y1, x2, y2] }) => [x1 * width, y1 * height, x2 * width, y2 * height]),
    ),
    scores: new Float64Array(rows.length).fill(1),
    labels: Int32Array.from(rows, ({ classId }) => labels.get(classId)!),
    masks: concatMasks(masks),
    ...(withGroups && { groupOf: Uint8Array.from(rows, ({ groupOf }) => (groupOf ? 1 : 0)) }),
  }
}

function toSize(mask: MaskSet, sizeHw: SizeHw, resize: Params['resize']): MaskSet {
  if (mask.sizeHw[0] === sizeHw[0] && mask.sizeHw[1] === sizeHw[1]) return mask
  return resize === 'nearest' ? resizeMasksNearest(mask, sizeHw, 'cv2') : resizeMasksBilinear(mask, sizeHw, 0.5, 'cv2')
}

function toTable(rows: readonly LabelRow[]): Table {
  return { columns: ['class', 'confidence'], rows: rows.map(({ classId, confidence }) => [classId, confidence]) }
}
