import { readFile } from 'node:fs/promises'
import { describeValue } from '../../engine/base/words.ts'
import { defineNode, type PathRef } from '../../engine/contract/node.ts'
import { concatMasks, emptyMasks } from '../kernels/mask-sets.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { boxToMask } from '../kernels/polygon.ts'
import { maskAreas, maskBoxesXyxy } from '../kernels/rle.ts'
import { badFile, checkFile, isRecord } from '../values/bad-file.ts'
import { type CocoFile, cocoClasses, cocoItemIds, type ItemIdRule, readCocoFile } from '../values/coco-file.ts'
import { segmentationToMask } from '../values/coco-segmentation.ts'
import type { Instances } from '../values/instances.ts'

interface Params {
  readonly path: PathRef
  readonly item_id: ItemIdRule
  readonly class_id: string
  readonly without_mask: 'refuse' | 'box'
}

interface Annotation {
  readonly label: number
  readonly mask: MaskSet
  readonly boxXyxy: readonly number[]
  readonly areaPx: number
  readonly crowd: number
}

export const annotationsCoco = defineNode<Params, Record<string, never>>({
  name: 'annotations/coco',
  version: 1,
  description:
    'Reads ground truth from a COCO instances file: every picture of the file becomes an item, also those without annotations. Polygons are drawn as pycocotools draws them. Labels follow the categories by ascending id.',
  mode: 'scatter',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: { type: 'string', 'x-path': 'file', description: 'JSON with images, categories and annotations.' },
      item_id: {
        enum: ['stem', 'path', 'image-id'],
        default: 'stem',
        description:
          'What names an item. stem: file_name without folders and extension; path: file_name without extension; image-id: the id. It must be what names the same picture elsewhere in the pipeline.',
      },
      class_id: {
        type: 'string',
        default: 'name',
        description:
          'Field of a category that holds the class id: name, id, or any other (mid). Classes meet those of models by it.',
      },
      without_mask: {
        enum: ['refuse', 'box'],
        default: 'refuse',
        description: 'An annotation without segmentation is an error, or gets its box as mask.',
      },
    },
  },
  inputs: {},
  outputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      description: 'The annotations of a picture in the order of the file.',
    },
  },
  example: `
truth:
  uses: annotations/coco
  with: { path: annotations.json, class_id: mid }
`,
  types: async ({ path: { path, sha256 }, class_id: field }, context) => {
    const classes = await checkFile(context, 'path', () =>
      context.memo(`annotations/coco classes by ${field}`, sha256, () => [
        ...cocoClasses(readCocoFile(path, context.readFile(path)), field),
      ]),
    )
    return classes ? { instances: { classes } } : {}
  },
  run: async function* (_inputs, params) {
    const { path } = params.path
    const file = readCocoFile(path, await readFile(path))
    const labels = new Map(file.categories.map(({ id }, label) => [id, label]))
    const itemIds = cocoItemIds(file, params.item_id)
    const byImage = annotationsByImage(file)
    for (const [index, image] of file.images.entries()) {
      const annotations = (byImage.get(image.id) ?? []).map(record =>
        readAnnotation(record, image.sizeHw, labels, params, `${nameOf(record)} of ${image.fileName}`),
      )
      yield { id: itemIds[index]!, outputs: { instances: toInstances(annotations, image.sizeHw) } }
    }
  },
})

type AnnotationRecord = { readonly [field: string]: unknown }

function annotationsByImage({ path, images, annotations }: CocoFile): Map<unknown, AnnotationRecord[]> {
  const byImage = new Map<unknown, AnnotationRecord[]>(images.map(({ id }) => [id, []]))
  for (const [index, record] of annotations.entries()) {
    if (!isRecord(record)) throw badFile(path, `annotations[${index}]`, 'is not an object')
    const list = byImage.get(record['image_id'])
    if (!list) {
      throw badFile(path, nameOf(record, index), `there is no image ${describeValue(record['image_id'])} in the file`)
    }
    list.push(record)
  }
  return byImage
}

/** `annotation 17`, by its id; by its place in the file if the id is no number or text. */
function nameOf({ id }: AnnotationRecord, index?: number): string {
  if (typeof id === 'number' || typeof id === 'string') return `annotation ${id}`
  return index === undefined ? 'an annotation without id' : `annotations[${index}]`
}

function readAnnotation(
  record: AnnotationRecord,
  sizeHw: readonly [number, number],
  labels: ReadonlyMap<number, number>,
  { path: { path }, without_mask: withoutMask }: Params,
  where: string,
): Annotation {
  const label = labels.get(record['category_id'] as number)
  if (label === undefined)
    throw badFile(path, where, `there is no category ${describeValue(record['category_id'])} in the file`)
  const bbox = checkedBox(record['bbox'], sizeHw, path, where)
  const mask = readMask(record['segmentation'], bbox, sizeHw, withoutMask, path, where)
  const area = record['area']
  if (area !== undefined && !(typeof area === 'number' && area >= 0)) {
    throw badFile(path, where, `area is ${JSON.stringify(area)}; expected a number from 0`)
  }
  return {
    label,
    mask,
    boxXyxy: bbox ? [bbox[0]!, bbox[1]!, bbox[0]! + bbox[2]!, bbox[1]! + bbox[3]!] : [...maskBoxesXyxy(mask)],
    areaPx: area ?? maskAreas(mask)[0]!,
    crowd: record['iscrowd'] === 1 || record['iscrowd'] === true ? 1 : 0,
  }
}

/** x, y, width, height as COCO writes it, or undefined if the annotation has none. */
function checkedBox(
  bbox: unknown,
  [height, width]: readonly [number, number],
  path: string,
  where: string,
): readonly number[] | undefined {
  if (bbox === undefined || (Array.isArray(bbox) && bbox.length === 0)) return undefined
  if (!Array.isArray(bbox) || bbox.length !== 4 || !bbox.every(Number.isFinite) || bbox[2] < 0 || bbox[3] < 0) {
    throw badFile(path, where, `bbox is ${JSON.stringify(bbox)}; expected x, y, width and height in pixels`)
  }
  if (bbox[0] > width || bbox[1] > height || bbox[0] + bbox[2] < 0 || bbox[1] + bbox[3] < 0) {
    throw badFile(
      path,
      where,
      `bbox ${JSON.stringify(bbox)} lies outside the picture of ${width} × ${height} pixels`,
      'the annotations are of another picture or another size of it; or remove this one',
    )
  }
  return bbox
}

function readMask(
  segmentation: unknown,
  bbox: readonly number[] | undefined,
  sizeHw: readonly [number, number],
  withoutMask: Params['without_mask'],
  path: string,
  where: string,
): MaskSet {
  const missing =
    segmentation === undefined || segmentation === null || (Array.isArray(segmentation) && segmentation.length === 0)
  if (missing && withoutMask === 'box' && bbox) return boxToMask(bbox, sizeHw)
  if (missing) {
    throw badFile(path, where, 'has no segmentation', bbox ? 'without_mask: box  takes its box as mask' : undefined)
  }
  try {
    return segmentationToMask(segmentation, sizeHw)
  } catch (error) {
    if (error instanceof RangeError) throw badFile(path, where, error.message)
    throw error
  }
}

function toInstances(annotations: readonly Annotation[], sizeHw: readonly [number, number]): Instances {
  return {
    sizeHw,
    boxesXyxy: Float64Array.from(annotations.flatMap(({ boxXyxy }) => boxXyxy)),
    scores: new Float64Array(annotations.length).fill(1),
    labels: Int32Array.from(annotations, ({ label }) => label),
    masks: concatMasks([emptyMasks(sizeHw, 0), ...annotations.map(({ mask }) => mask)]),
    crowd: Uint8Array.from(annotations, ({ crowd }) => crowd),
    areasPx: Float64Array.from(annotations, ({ areaPx }) => areaPx),
  }
}
