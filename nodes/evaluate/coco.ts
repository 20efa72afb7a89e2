import { type Collection, defineNode } from '../../engine/contract/node.ts'
import type { CocoCurves } from '../kernels/coco-accumulate.ts'
import { type CocoEvaluator, createCocoEvaluator } from '../kernels/coco-eval.ts'
import { type CocoSettings, cocoSettings } from '../kernels/coco-settings.ts'
import { averagePrecision, averageRecall, cocoStatNames, cocoStats } from '../kernels/coco-summary.ts'
import { classesInFacets, describeClasses, labelsById } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Metrics } from '../values/metrics.ts'
import { selectInstances } from '../values/select-instances.ts'
import type { Table } from '../values/table.ts'
import { walkTogether } from '../values/walk-together.ts'

interface Params {
  readonly max_detections: number
  readonly rules: 'fixed' | 'strict'
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly truth: Collection<Instances>
}

export const evaluateCoco = defineNode<Params, Inputs>({
  name: 'evaluate/coco',
  version: 1,
  description:
    'Average precision and recall of boxes and masks as COCO defines them, over the classes of the truth (met by id; predictions of other classes are left out). Images count in item order, which decides score ties between images. Group-of truth is ignored under fixed rules: found or missed, it does not count.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      max_detections: {
        type: 'integer',
        minimum: 10,
        default: 100,
        description:
          'Best-scored detections of an image and class that count. AR1 and AR10 keep their own caps; AR100 is the recall at this one.',
      },
      rules: {
        enum: ['fixed', 'strict'],
        default: 'fixed',
        description:
          'strict: every number as pycocotools gives it (size of a detection by its box, also for masks). fixed: size of a detection by its mask when masks are compared. AP over all sizes is the same.',
      },
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
      description: 'Groups box and mask with COCO’s twelve numbers; box AP by class, mask AP by class by class id.',
    },
    table: { kind: 'table', per: 'collection', description: 'One row for all classes, then one for each class.' },
  },
  example: `
score:
  uses: evaluate/coco
  in: { instances: leaf.instances, truth: truth.instances }
`,
  types: (_params, context) => {
    const found = classesInFacets(context.inputs['instances']?.[0])
    const truth = classesInFacets(context.inputs['truth']?.[0])
    if (found && truth && found.every(({ id }) => !labelsById(truth).has(id))) {
      context.problem({
        input: 'truth',
        message: `no class is in both: the predictions have ${describeClasses(found)} with ids like ${found[0]?.id}, the truth has ${describeClasses(truth)} with ids like ${truth[0]?.id}`,
        fix: 'Classes meet by id; say which field of the annotations holds the id the models use (class_id: mid).',
      })
    }
    return {}
  },
  run: async ({ instances, truth }, params, context) => {
    const classes = inputClasses(context, 'truth')
    const settings: CocoSettings = { ...cocoSettings, maxDetections: [1, 10, params.max_detections] }
    const options = { classCount: classes.length, rules: params.rules, settings }
    const box = createCocoEvaluator({ ...options, similarity: 'bbox' })
    const mask = createCocoEvaluator({ ...options, similarity: 'segm' })
    const labelMap = labelsInTruth(inputClasses(context, 'instances'), classes)
    let images = 0
    for await (const { first, second } of walkTogether(instances, 'instances', truth, 'truth')) {
      addImage([box, mask], inTruthClasses(first, labelMap), second)
      images++
    }
    const curves = { box: box.accumulate(), mask: mask.accumulate() }
    const metrics = toMetrics(curves, classes, params.rules)
    context.note(
      `box AP ${shown(metrics['box']?.['AP'])}, mask AP ${shown(metrics['mask']?.['AP'])} over ${images} images and ${describeClasses(classes)}`,
    )
    return { metrics, table: toTable(curves, classes) }
  },
})

interface Curves {
  readonly box: CocoCurves
  readonly mask: CocoCurves
}

function addImage(evaluators: readonly CocoEvaluator[], found: Instances, truth: Instances): void {
  for (const evaluator of evaluators) {
    evaluator.addImage({
      truth: { ...truth, ...(truth.groupOf && { ignore: truth.groupOf }) },
      detections: { labels: found.labels, scores: found.scores, boxesXyxy: found.boxesXyxy, masks: found.masks },
    })
  }
}

/** Label in the truth of each label of the predictions; −1 where the truth lacks the class. */
function labelsInTruth(found: ClassList, truth: ClassList): Int32Array {
  const labels = labelsById(truth)
  return Int32Array.from(found, ({ id }) => labels.get(id) ?? -1)
}

function inTruthClasses(found: Instances, labelMap: Int32Array): Instances {
  const kept = [...found.labels.keys()].filter(index => labelMap[found.labels[index]!]! >= 0)
  return selectInstances(
    found,
    kept,
    Int32Array.from(kept, index => labelMap[found.labels[index]!]!),
  )
}

function toMetrics({ box, mask }: Curves, classes: ClassList, rules: Params['rules']): Metrics {
  const twelve = (curves: CocoCurves) => {
    const stats = cocoStats(curves, rules)
    return Object.fromEntries(cocoStatNames.map((name, index) => [name, measured(stats[index]!)]))
  }
  const byClass = (curves: CocoCurves) =>
    Object.fromEntries(classes.map(({ id }, label) => [id, measured(averagePrecision(curves, { label }))]))
  return {
    box: twelve(box),
    mask: twelve(mask),
    'box AP by class': byClass(box),
    'mask AP by class': byClass(mask),
  }
}

function toTable({ box, mask }: Curves, classes: ClassList): Table {
  const areas = box.settings.areaRanges.length
  const numbers = (label?: number) => {
    const of = label === undefined ? {} : { label }
    return [box, mask].flatMap(curves => [
      measured(averagePrecision(curves, of)),
      measured(averagePrecision(curves, { ...of, iou: 0.5 })),
      measured(averageRecall(curves, of)),
    ])
  }
  // The first size range holds every size.
  const truths = classes.map((_, label) => box.positives[label * areas]!)
  return {
    columns: ['class', 'name', 'truths', 'box AP', 'box AP50', 'box AR', 'mask AP', 'mask AP50', 'mask AR'],
    rows: [
      [null, 'all classes', truths.reduce((sum, count) => sum + count, 0), ...numbers()],
      ...classes.map(({ id, name }, label) => [id, name, truths[label]!, ...numbers(label)]),
    ],
  }
}

/** The kernel says −1 where there is no ground truth to measure with. */
function measured(value: number): number | null {
  return value === -1 ? null : value
}

function shown(value: number | null | undefined): string {
  return value === null || value === undefined ? 'undefined' : value.toFixed(4)
}
