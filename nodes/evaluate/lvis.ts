import { readFile } from 'node:fs/promises'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Collection, defineNode, type PathRef } from '../../engine/contract/node.ts'
import { averagePrecision } from '../kernels/coco-summary.ts'
import {
  createLvisEvaluator,
  type LvisEvaluator,
  type LvisFrequency,
  lvisStatNames,
  lvisStats,
} from '../kernels/lvis-eval.ts'
import { checkFile } from '../values/bad-file.ts'
import { labelsById } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Metrics } from '../values/metrics.ts'
import type { Table } from '../values/table.ts'
import { checkSharedClasses, truthClasses } from '../values/truth-classes.ts'
import { walkScenes } from '../values/walk-scenes.ts'
import { cocoCurves, measured } from './coco-report.ts'
import { drawCurves } from './curves.ts'
import { type IntervalParams, intervalParams, withIntervals } from './intervals.ts'
import { type LvisLists, readLvisLists } from './lvis-lists.ts'

interface Params extends IntervalParams {
  readonly path: PathRef
  readonly item_id: 'stem' | 'image-id'
  readonly class_id: string
  readonly max_detections: number
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly truth: Collection<Instances>
}

export const evaluateLvis = defineNode<Params, Inputs>({
  name: 'evaluate/lvis',
  version: 2,
  description:
    'Average precision of boxes and masks as LVIS defines it: at most 300 detections of an image, only classes that were looked for in it, unmatched detections of incompletely annotated classes ignored; also by how rare classes are.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: {
        type: 'string',
        'x-path': 'file',
        description:
          'The LVIS annotation file: neg_category_ids and not_exhaustive_category_ids of its images, frequency of its categories.',
      },
      item_id: {
        enum: ['stem', 'image-id'],
        default: 'image-id',
        description: 'What names an item: the id of the image, or its file name without folders and extension.',
      },
      class_id: {
        type: 'string',
        default: 'name',
        description: 'Field of a category that holds the class id, as where the truth was read.',
      },
      max_detections: {
        type: 'integer',
        minimum: 1,
        default: 300,
        description: 'Best-scored detections of an image that count, over all classes together.',
      },
      ...intervalParams,
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Predictions.' },
    truth: { kind: 'instances', per: 'item', description: 'Ground truth; its classes are those evaluated.' },
  },
  outputs: {
    metrics: {
      kind: 'metrics',
      per: 'collection',
      description: 'Groups box and mask with the thirteen numbers of LVIS; low and high with bootstrap.',
    },
    table: { kind: 'table', per: 'collection', description: 'One row for each class: frequency, truths, AP.' },
    curves: {
      kind: 'file',
      per: 'collection',
      extension: 'svg',
      description: 'Precision by recall at IoU 0.5, 0.75 and over all thresholds, mean over classes.',
    },
  },
  example: `
score:
  uses: evaluate/lvis
  with: { path: lvis_v1_val.json }
  in: { instances: leaf.instances, truth: truth.instances }
`,
  types: async (params, context) => {
    checkSharedClasses(context)
    const { path, sha256 } = params.path
    await checkFile(context, 'path', () =>
      context.memo(`evaluate/lvis lists by ${params.item_id} and ${params.class_id}`, sha256, () => {
        return readLvisLists(path, context.readFile(path), params.item_id, params.class_id).images.size
      }),
    )
    return {}
  },
  run: async (inputs, params, context) => {
    const { classes, relabel } = truthClasses(context)
    const { path } = params.path
    const lists = readLvisLists(path, await readFile(path), params.item_id, params.class_id)
    const frequencies = classes.map(({ id }) => frequencyOf(lists, id, params))
    const options = { classCount: classes.length, maxDetections: params.max_detections }
    const evaluators = {
      box: createLvisEvaluator({ ...options, similarity: 'bbox' }),
      mask: createLvisEvaluator({ ...options, similarity: 'segm' }),
    }
    let images = 0
    for await (const { id, found, truth } of walkScenes(inputs, context)) {
      const { labels, scores, boxesXyxy, masks } = relabel(found)
      const { crowd: _, groupOf, ...own } = truth
      const image = {
        truth: { ...own, ...(groupOf && { ignore: groupOf }) },
        detections: { labels, scores, boxesXyxy, masks },
        ...listsOf(lists, id, classes, params),
      }
      for (const evaluator of Object.values(evaluators)) evaluator.addImage(image)
      images++
    }
    const results = accumulate(evaluators)
    const metrics = withIntervals(
      repeats => toMetrics(repeats ? accumulate(evaluators, repeats) : results, frequencies),
      images,
      params,
    )
    context.note(
      `LVIS box AP ${metrics['box']?.['AP']?.toFixed(4)}, mask AP ${metrics['mask']?.['AP']?.toFixed(4)} over ${images} images`,
    )
    return {
      metrics,
      table: toTable(results, classes, frequencies),
      curves: await drawCurves('LVIS: precision by recall, mean over classes', cocoCurves(results)),
    }
  },
})

type Results = { readonly [group in 'box' | 'mask']: ReturnType<LvisEvaluator['accumulate']> }

function accumulate(evaluators: { readonly [group in keyof Results]: LvisEvaluator }, repeats?: Uint32Array): Results {
  return { box: evaluators.box.accumulate(repeats), mask: evaluators.mask.accumulate(repeats) }
}

function frequencyOf({ frequencies }: LvisLists, classId: string, { path, class_id }: Params): LvisFrequency {
  const frequency = frequencies.get(classId)
  if (frequency !== undefined) return frequency
  throw new TaskError({
    code: 'bad-value',
    message: `the class ${classId} of the truth is no category of ${path.path}, whose ${class_id} are like ${[...frequencies.keys()][0]}`,
    fix: 'class_id must name the field that holds the class ids of the truth',
  })
}

function listsOf(lists: LvisLists, id: string, classes: ClassList, params: Params) {
  const own = lists.images.get(id)
  if (own === undefined) {
    throw new TaskError({
      code: 'bad-value',
      message: `item ${id} is no image of ${params.path.path}; its first image is the item ${[...lists.images.keys()][0]}`,
      fix: `item_id: ${params.item_id === 'stem' ? 'image-id' : 'stem'}`,
    })
  }
  const labels = labelsById(classes)
  const known = (ids: readonly string[]) => new Set(ids.flatMap(classId => labels.get(classId) ?? []))
  return { absentClasses: known(own.absent), incompleteClasses: known(own.incomplete) }
}

function toMetrics(results: Results, frequencies: readonly LvisFrequency[]): Metrics {
  return Object.fromEntries(
    Object.entries(results).map(([group, curves]) => {
      const stats = lvisStats(curves, frequencies)
      return [group, Object.fromEntries(lvisStatNames.map((name, index) => [name, measured(stats[index]!)]))]
    }),
  )
}

function toTable({ box, mask }: Results, classes: ClassList, frequencies: readonly LvisFrequency[]): Table {
  const areas = box.settings.areaRanges.length
  return {
    columns: ['class', 'name', 'frequency', 'truths', 'box AP', 'mask AP'],
    rows: classes.map(({ id, name }, label) => [
      id,
      name,
      frequencies[label]!,
      box.positives[label * areas]!,
      measured(averagePrecision(box, { label })),
      measured(averagePrecision(mask, { label })),
    ]),
  }
}
