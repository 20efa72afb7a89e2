import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Collection, defineNode, type PathRef } from '../../engine/contract/node.ts'
import { resizeMasksBilinear, resizeMasksNearest } from '../kernels/mask-resize.ts'
import { concatMasks, emptyMasks } from '../kernels/mask-sets.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { badFile } from '../values/bad-file.ts'
import { classesInFacets, labelsById } from '../values/class-lists.ts'
import type { Classes } from '../values/classes.ts'
import { isCovered } from '../values/covered-files.ts'
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
import { collectProblems, type OnProblem, type Problems, problemsParam, problemsPort } from './problems.ts'

interface Params {
  readonly masks: PathRef
  readonly mask_folder: PathRef
  readonly boxes?: PathRef
  readonly image_labels?: PathRef
  readonly other_classes: 'refuse' | 'skip'
  readonly subfolder?: string
  readonly resize: 'bilinear' | 'nearest' | 'bilinear-any'
  readonly problems: OnProblem
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
      subfolder: {
        type: 'string',
        pattern: '^(?!.*\\.\\.).*$',
        examples: ['train-masks-{first}', 'masks'],
        description:
          'Folder below mask_folder where a mask is; {first} stands for the first character of its name: train-masks-{first}. Default: none.',
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
        enum: ['bilinear', 'nearest', 'bilinear-any'],
        default: 'bilinear',
        description:
          'How a mask of another size becomes that of its image: OpenCV’s bilinear and > 0.5, or its nearest. bilinear-any keeps every pixel that is not black afterwards, so that masks grow at their edges (the converters of yu4u and dfan).',
      },
      problems: problemsParam,
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
    problems: problemsPort,
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
    const problems = collectProblems(params.problems)
    const masks = await readMaskRows(params.masks.path, ids, problems)
    const boxes = params.boxes && (await readBoxRows(params.boxes.path, ids, problems))
    const labelRows = params.image_labels && (await readLabelRows(params.image_labels.path, ids, problems))
    const labels = labelsById(classes)
    let skipped = 0
    for await (const { id, value } of images.items) {
      const own = (rows: readonly ObjectRow[] | undefined, path: string) =>
        (rows ?? []).filter(row => isKnown(row, path, labels, params, problems.of(id)))
      const maskRows = own(masks.get(id), params.masks.path)
      const boxRows = own(boxes?.get(id), params.boxes?.path ?? '')
      skipped += (masks.get(id)?.length ?? 0) + (boxes?.get(id)?.length ?? 0) - maskRows.length - boxRows.length
      const rows = boxes ? joinMasksAndBoxes(maskRows, boxRows) : maskRows
      const read = await readMasks(rows, [value.heightPx, value.widthPx], params, problems.of(id))
      const instances = toInstances(read, [value.heightPx, value.widthPx], labels, boxes !== undefined)
      yield { id, outputs: { instances, labels: toTable(labelRows?.get(id) ?? []), problems: problems.take() } }
    }
    if (skipped > 0) context.note(`${skipped} rows of classes outside the class list left out`)
  },
})

function isKnown(
  row: ObjectRow,
  path: string,
  labels: ReadonlyMap<string, number>,
  params: Params,
  problems: Problems,
): boolean {
  if (labels.has(row.classId)) return true
  if (params.other_classes === 'skip') return false
  const where = `row ${row.rowNumber}, column LabelName`
  const message = `there is no class ${row.classId} among the ${labels.size} at the input classes`
  problems.raise('unknown-label', badFile(path, where, message, 'other_classes: skip  leaves such rows out.'))
  return false
}

interface ReadRow {
  readonly row: ObjectRow
  readonly mask: MaskSet
}

/** Rows whose masks can be read, in their order. */
async function readMasks(
  rows: readonly ObjectRow[],
  sizeHw: SizeHw,
  params: Params,
  problems: Problems,
): Promise<ReadRow[]> {
  const read: ReadRow[] = []
  for (const row of rows) {
    if (row.maskPath === undefined) {
      read.push({ row, mask: emptyMasks(sizeHw, 1) })
      continue
    }
    const where = `row ${row.rowNumber}, column MaskPath`
    const below = join(subfolderOf(row.maskPath, params), row.maskPath)
    if (!below.endsWith('.png') || !isCovered(below)) {
      const message = `leads to ${below}; expected a .png below the masks folder, no name on the way beginning with a dot`
      problems.raise('missing-mask', badFile(params.masks.path, where, message))
      continue
    }
    const path = join(params.mask_folder.path, below)
    const kind = existsSync(path) ? 'bad-mask' : 'missing-mask'
    const mask = await problems.attemptAsync(kind, () =>
      readMaskPicture(path, `${basename(params.masks.path)}, ${where}`),
    )
    if (mask === undefined) continue
    problems.remark('mask-size', () => otherProportions(mask.sizeHw, sizeHw, params.masks.path, where))
    read.push({ row, mask: toSize(mask, sizeHw, params.resize) })
  }
  return read
}

function subfolderOf(maskPath: string, { subfolder }: Params): string {
  const name = maskPath.slice(maskPath.lastIndexOf('/') + 1)
  return (subfolder ?? '').replaceAll('{first}', name.slice(0, 1))
}

/** Masks often have another size than their image, but its proportions: within a pixel of the smaller of both. */
function otherProportions([maskHeight, maskWidth]: SizeHw, [height, width]: SizeHw, path: string, where: string) {
  const error = Math.abs(maskHeight * width - maskWidth * height) / Math.max(width, height)
  const slack = Math.max(1, Math.max(maskWidth, maskHeight) / Math.max(width, height))
  if (error <= slack) return undefined
  const sizes = `the mask has ${maskWidth} × ${maskHeight} pixels, its image ${width} × ${height} (width × height)`
  return badFile(path, where, `${sizes}; the proportions differ`)
}

function toInstances(
  read: readonly ReadRow[],
  sizeHw: SizeHw,
  labels: ReadonlyMap<string, number>,
  withGroups: boolean,
): Instances {
  const [height, width] = sizeHw
  return {
    sizeHw,
    boxesXyxy: Float64Array.from(
      read.flatMap(({ row }) => {
        const [x1, y1, x2, y2] = row.boxShares
        return [x1 * width, y1 * height, x2 * width, y2 * height]
      }),
    ),
    scores: new Float64Array(read.length).fill(1),
    labels: Int32Array.from(read, ({ row }) => labels.get(row.classId)!),
    masks: concatMasks([emptyMasks(sizeHw, 0), ...read.map(({ mask }) => mask)]),
    ...(withGroups && { groupOf: Uint8Array.from(read, ({ row }) => (row.groupOf ? 1 : 0)) }),
  }
}

/** Of 255 grey values the first above 0 begins at half of one. */
const BLACK = 0.5 / 255

function toSize(mask: MaskSet, sizeHw: SizeHw, resize: Params['resize']): MaskSet {
  if (mask.sizeHw[0] === sizeHw[0] && mask.sizeHw[1] === sizeHw[1]) return mask
  if (resize === 'nearest') return resizeMasksNearest(mask, sizeHw, 'cv2')
  return resizeMasksBilinear(mask, sizeHw, resize === 'bilinear' ? 0.5 : BLACK, 'cv2')
}

function toTable(rows: readonly LabelRow[]): Table {
  return { columns: ['class', 'confidence'], rows: rows.map(({ classId, confidence }) => [classId, confidence]) }
}
