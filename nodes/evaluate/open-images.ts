import { type Collection, defineNode, type RunContext } from '../../engine/contract/node.ts'
import { monotonePrecision } from '../kernels/average-precision.ts'
import { createOpenImagesEvaluator, type OpenImagesResult } from '../kernels/open-images-eval.ts'
import { expandImageLabels } from '../kernels/open-images-labels.ts'
import { describeClasses, labelsById } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import { ancestorsOfEach, type Hierarchy } from '../values/hierarchy.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { defined, type Metrics } from '../values/metrics.ts'
import { selectInstances } from '../values/select-instances.ts'
import type { Table } from '../values/table.ts'
import { checkSharedClasses } from '../values/truth-classes.ts'
import { walkScenes } from '../values/walk-scenes.ts'
import { drawCurves } from './curves.ts'
import { type IntervalParams, intervalParams, withIntervals } from './intervals.ts'

interface Params extends IntervalParams {
  readonly mode: 'boxes' | 'masks'
  readonly iou: number
  readonly group_of_weight?: number
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly truth: Collection<Instances>
  readonly labels?: Collection<Table>
  readonly hierarchy?: Hierarchy
}

export const evaluateOpenImages = defineNode<Params, Inputs>({
  name: 'evaluate/open-images',
  version: 2,
  description:
    'Mean average precision at one IoU by the rules of the Open Images challenges: only classes verified in an image or annotated there count, groups excuse detections inside them, objects without a mask excuse detections of their box. Predictions count as they are: give them their parent classes first (hierarchy/expand).',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      mode: {
        enum: ['masks', 'boxes'],
        default: 'masks',
        description: 'masks: the instance segmentation challenge; boxes: the detection challenge.',
      },
      iou: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.5,
        description: 'A detection finds what it overlaps by at least this (≥).',
      },
      group_of_weight: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        description: 'What a found group counts, beside 1 for an object. Default: 0 for masks, 1 for boxes.',
      },
      ...intervalParams,
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Predictions, parent classes included.' },
    truth: { kind: 'instances', per: 'item', description: 'Ground truth; one without a pixel has a box only.' },
    labels: {
      kind: 'table',
      per: 'item',
      optional: true,
      description: 'Verified classes of each image: columns class (id) and confidence (1 there, 0 not there).',
    },
    hierarchy: {
      kind: 'hierarchy',
      per: 'collection',
      optional: true,
      description: 'Adds to truth and labels their parent classes. Leave it out when the truth has them already.',
    },
  },
  outputs: {
    metrics: {
      kind: 'metrics',
      per: 'collection',
      description: 'Group `open images`: mAP, classes, truths; `AP by class` by class id; low and high with bootstrap.',
    },
    table: { kind: 'table', per: 'collection', description: 'One row for all classes, then one for each class.' },
    curves: { kind: 'file', per: 'collection', extension: 'svg', description: 'Precision by recall of each class.' },
  },
  example: `
score:
  uses: evaluate/open-images
  with: { mode: masks }
  in: { instances: all.instances, truth: truth.instances, labels: truth.labels, hierarchy: classes.hierarchy }
`,
  types: (_params, context) => {
    checkSharedClasses(context)
    return {}
  },
  run: async (inputs, params, context) => {
    const { labels, hierarchy } = inputs
    const evaluated = evaluatedClasses(context, hierarchy)
    const { classes } = evaluated
    const verified = await verifiedLabels(labels, evaluated)
    const evaluator = createOpenImagesEvaluator({
      classCount: classes.length,
      mode: params.mode,
      iouThreshold: params.iou,
      ...(params.group_of_weight !== undefined && { groupOfWeight: params.group_of_weight }),
    })
    let images = 0
    for await (const { id, found, truth } of walkScenes(inputs, context)) {
      const copies = copyTo(found, evaluated.ofFound)
      evaluator.addImage({
        truth: copyTo(truth, evaluated.ofTruth),
        verifiedLabels: verified.get(id) ?? [],
        detections: {
          labels: copies.labels,
          scores: copies.scores,
          ...(params.mode === 'boxes' ? { boxesXyxy: copies.boxesXyxy } : { masks: copies.masks }),
        },
      })
      images++
    }
    const result = evaluator.accumulate()
    const metrics = withIntervals(
      repeats => toMetrics(repeats ? evaluator.accumulate(repeats) : result, classes),
      images,
      params,
    )
    context.note(
      `Open Images mAP ${Number.isNaN(result.mean) ? 'undefined' : result.mean.toFixed(4)} over ${images} images and ${describeClasses(classes)}`,
    )
    return { metrics, table: toTable(result, classes), curves: await toCurves(result, classes, params) }
  },
})

interface Evaluated {
  readonly classes: ClassList
  /** For each label of the input, the labels here that it counts for; none when the class is not evaluated. */
  readonly ofTruth: readonly (readonly number[])[]
  readonly ofFound: readonly (readonly number[])[]
  /** For each label here, every label above it. */
  readonly ancestors: readonly (readonly number[])[]
}

/** The classes of the truth and, with a hierarchy, what is above them. */
function evaluatedClasses(context: RunContext, hierarchy: Hierarchy | undefined): Evaluated {
  const own = inputClasses(context, 'truth')
  const ownIds = labelsById(own)
  const inHierarchy = labelsById(hierarchy?.classes ?? [])
  const above = hierarchy === undefined ? [] : ancestorsOfEach(hierarchy)
  const aboveIds = (id: string) => (above[inHierarchy.get(id) ?? -1] ?? []).map(label => hierarchy!.classes[label]!.id)
  const reached = new Set(own.flatMap(({ id }) => aboveIds(id)))
  const classes = [...own, ...(hierarchy?.classes ?? []).filter(({ id }) => reached.has(id) && !ownIds.has(id))]
  const labels = labelsById(classes)
  const ancestors = classes.map(({ id }) => aboveIds(id).map(up => labels.get(up)!))
  return {
    classes,
    ancestors,
    ofTruth: own.map((_, label) => [label, ...ancestors[label]!]),
    ofFound: inputClasses(context, 'instances').map(({ id }) => (labels.has(id) ? [labels.get(id)!] : [])),
  }
}

function copyTo(instances: Instances, targets: readonly (readonly number[])[]): Instances {
  const indices: number[] = []
  const labels: number[] = []
  instances.labels.forEach((label, index) => {
    for (const target of targets[label]!) {
      indices.push(index)
      labels.push(target)
    }
  })
  return selectInstances(instances, indices, Int32Array.from(labels))
}

/** Verified labels by image, parents and children added. */
async function verifiedLabels(
  tables: Collection<Table> | undefined,
  { classes, ancestors }: Evaluated,
): Promise<Map<string, number[]>> {
  const labels = labelsById(classes)
  const verified = new Map<string, number[]>()
  if (tables === undefined) return verified
  for await (const { id, value } of tables.items) {
    const classColumn = value.columns.indexOf('class')
    const confidenceColumn = value.columns.indexOf('confidence')
    const of = (confident: boolean) =>
      value.rows
        .filter(row => Number(row[confidenceColumn]) > 0 === confident)
        .map(row => labels.get(String(row[classColumn])) ?? -1)
        .filter(label => label >= 0)
    verified.set(id, expandImageLabels({ positive: of(true), negative: of(false) }, ancestors))
  }
  return verified
}

function toMetrics({ mean, averagePrecision, positives }: OpenImagesResult, classes: ClassList): Metrics {
  const measured = averagePrecision.filter(value => !Number.isNaN(value)).length
  const truths = positives.reduce((sum, count) => sum + count, 0)
  return {
    'open images': { mAP: defined(mean), classes: measured, truths },
    'AP by class': Object.fromEntries(classes.map(({ id }, label) => [id, defined(averagePrecision[label])])),
  }
}

function toTable({ mean, averagePrecision, positives }: OpenImagesResult, classes: ClassList): Table {
  const truths = positives.reduce((sum, count) => sum + count, 0)
  return {
    columns: ['class', 'name', 'truths', 'AP'],
    rows: [
      [null, 'all classes', truths, defined(mean)],
      ...classes.map(({ id, name }, label) => [id, name, positives[label]!, defined(averagePrecision[label])]),
    ],
  }
}

function toCurves({ curves }: OpenImagesResult, classes: ClassList, { mode, iou }: Params): Promise<Uint8Array> {
  const drawn = classes.flatMap(({ name }, label) => {
    const curve = curves.get(label)
    if (curve === undefined) return []
    return [{ name, recall: curve.recall, precision: monotonePrecision(curve.precision) }]
  })
  return drawCurves(`Open Images, ${mode}: precision by recall at IoU ${iou}`, drawn)
}
