import { readFile } from 'node:fs/promises'
import { describeValue } from '../../engine/base/words.ts'
import { defineNode, type PathRef } from '../../engine/contract/node.ts'
import { concatMasks, emptyMasks } from '../kernels/mask-sets.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { boxToMask } from '../kernels/polygon.ts'
import { maskAreas, maskBoxesXyxy } from '../kernels/rle.ts'
import { badFile, checkFile, isRecord } from '../values/bad-file.ts'
import {
  type CocoFile,
  classesByFileName,
  cocoClasses,
  cocoItemIds,
  type ItemIdRule,
  readCocoFile,
} from '../values/coco-file.ts'
import { segmentationSizeProblem, segmentationToMask } from '../values/coco-segmentation.ts'
import type { Instances } from '../values/instances.ts'
import { patternProblem } from '../values/matched-parts.ts'
import { collectProblems, type OnProblem, type Problems, problemsParam, problemsPort } from './problems.ts'

interface Params {
  readonly path: PathRef
  readonly item_id: ItemIdRule
  readonly class_id: string
  readonly class_pattern?: string
  readonly without_mask: 'refuse' | 'box'
  readonly problems: OnProblem
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
      class_pattern: {
        type: 'string',
        description:
          'Regular expression on the file names: what its parentheses match, joined with _, is the class of all annotations of an image, whatever their category (LIVECell, where all are cells: ^([^_]+)_). Classes are in order of their ids. Default: classes are the categories.',
      },
      without_mask: {
        enum: ['refuse', 'box'],
        default: 'refuse',
        description: 'An annotation without segmentation is an error, or gets its box as mask.',
      },
      problems: problemsParam,
    },
  },
  inputs: {},
  outputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      description: 'The annotations of a picture in the order of the file.',
    },
    problems: problemsPort,
  },
  example: `
truth:
  uses: annotations/coco
  with: { path: annotations.json, class_id: mid }
`,
  types: async ({ path: { path, sha256 }, class_id: field, class_pattern: pattern }, context) => {
    const problem = pattern === undefined ? undefined : patternProblem(pattern)
    if (problem !== undefined) {
      context.problem({ param: 'class_pattern', message: problem })
      return {}
    }
    const classes = await checkFile(context, 'path', () =>
      context.memo(`annotations/coco classes by ${pattern ?? field}`, sha256, () => {
        const file = readCocoFile(path, context.readFile(path))
        return [
          ...(pattern === undefined ? cocoClasses(file, field) : classesByFileName(file, new RegExp(pattern)).classes),
        ]
      }),
    )
    return classes ? { instances: { classes } } : {}
  },
  run: async function* (_inputs, params) {
    const { path } = params.path
    const file = readCocoFile(path, await readFile(path))
    const labels = new Map(file.categories.map(({ id }, label) => [id, label]))
    const named =
      params.class_pattern === undefined ? undefined : classesByFileName(file, new RegExp(params.class_pattern))
    const itemIds = cocoItemIds(file, params.item_id)
    const problems = collectProblems(params.problems)
    const byImage = annotationsByImage(file, problems)
    for (const [index, image] of file.images.entries()) {
      const id = itemIds[index]!
      const annotations = (byImage.get(image.id) ?? []).flatMap(
        record =>
          readAnnotation(
            record,
            image.sizeHw,
            labels,
            params,
            `${nameOf(record)} of ${image.fileName}`,
            problems.of(id),
          ) ?? [],
      )
      const label = named?.byImage[index]
      const own = label === undefined ? annotations : annotations.map(one => ({ ...one, label }))
      const instances = toInstances(own, image.sizeHw)
      yield { id, outputs: { instances, problems: problems.take() } }
    }
  },
})

type AnnotationRecord = { readonly [field: string]: unknown }

function annotationsByImage(
  { path, images, annotations }: CocoFile,
  problems: Problems,
): Map<unknown, AnnotationRecord[]> {
  const byImage = new Map<unknown, AnnotationRecord[]>(images.map(({ id }) => [id, []]))
  for (const [index, record] of annotations.entries()) {
    if (!isRecord(record)) {
      problems.raise('bad-row', badFile(path, `annotations[${index}]`, 'is not an object'))
      continue
    }
    const list = byImage.get(record['image_id'])
    if (list) list.push(record)
    else {
      const message = `there is no image ${describeValue(record['image_id'])} in the file`
      problems.raise('unknown-image', badFile(path, nameOf(record, index), message))
    }
  }
  return byImage
}

/** `annotation 17`, by its id; by its place in the file if the id is no number or text. */
function nameOf({ id }: AnnotationRecord, index?: number): string {
  if (typeof id === 'number' || typeof id === 'string') return `annotation ${id}`
  return index === undefined ? 'an annotation without id' : `annotations[${index}]`
}

/** Undefined when something is wrong with it and `problems` goes on. */
function readAnnotation(
  record: AnnotationRecord,
  sizeHw: readonly [number, number],
  labels: ReadonlyMap<string | number, number>,
  { path: { path }, without_mask: withoutMask }: Params,
  where: string,
  problems: Problems,
): Annotation | undefined {
  const label = problems.attempt('unknown-label', () => labelOf(record, labels, path, where))
  if (label === undefined) return undefined
  const box = problems.attempt('bad-box', () => ({ xywh: checkedBox(record['bbox'], sizeHw, path, where) }))
  if (box === undefined) return undefined
  const bbox = box.xywh
  const mask = problems.attempt(maskProblemKind(record['segmentation'], sizeHw), () =>
    readMask(record['segmentation'], bbox, sizeHw, withoutMask, path, where),
  )
  if (mask === undefined) return undefined
  problems.remark('outside-frame', () => outsideFrame(record['segmentation'], sizeHw, path, where))
  const areaPx = problems.attempt('bad-row', () => checkedArea(record['area'], path, where) ?? maskAreas(mask)[0]!)
  if (areaPx === undefined) return undefined
  return {
    label,
    mask,
    boxXyxy: bbox ? [bbox[0]!, bbox[1]!, bbox[0]! + bbox[2]!, bbox[1]! + bbox[3]!] : [...maskBoxesXyxy(mask)],
    areaPx,
    crowd: record['iscrowd'] === 1 || record['iscrowd'] === true ? 1 : 0,
  }
}

function labelOf(
  record: AnnotationRecord,
  labels: ReadonlyMap<string | number, number>,
  path: string,
  where: string,
): number {
  const label = labels.get(record['category_id'] as number)
  if (label !== undefined) return label
  throw badFile(path, where, `there is no category ${describeValue(record['category_id'])} in the file`)
}

function checkedArea(area: unknown, path: string, where: string): number | undefined {
  if (area === undefined || (typeof area === 'number' && area >= 0)) return area
  throw badFile(path, where, `area is ${JSON.stringify(area)}; expected a number from 0`)
}

function maskProblemKind(segmentation: unknown, sizeHw: readonly [number, number]) {
  if (isMissing(segmentation)) return 'missing-mask'
  return segmentationSizeProblem(segmentation, sizeHw) === undefined ? 'bad-mask' : 'mask-size'
}

/** Polygons are cut off at the edge of the picture; one that reaches further than its last pixel is of another picture. */
function outsideFrame(
  segmentation: unknown,
  [height, width]: readonly [number, number],
  path: string,
  where: string,
): ReturnType<typeof badFile> | undefined {
  if (!Array.isArray(segmentation)) return undefined
  const xy = (segmentation as readonly (readonly number[])[]).flat()
  const beyond = xy.findIndex((value, i) => value < -1 || value > (i % 2 === 0 ? width : height) + 1)
  if (beyond < 0) return undefined
  const message = `a polygon reaches ${beyond % 2 === 0 ? 'x' : 'y'} = ${xy[beyond]}; the picture has ${width} × ${height} pixels`
  return badFile(path, where, message)
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
  const missing = isMissing(segmentation)
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

function isMissing(segmentation: unknown): boolean {
  return (
    segmentation === undefined || segmentation === null || (Array.isArray(segmentation) && segmentation.length === 0)
  )
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
