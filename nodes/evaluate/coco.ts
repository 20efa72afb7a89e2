import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { maskAndBoundaryIou } from '../kernels/boundary-iou.ts'
import { type CocoEvaluator, type CocoImage, createCocoEvaluator } from '../kernels/coco-eval.ts'
import { type CocoSettings, cocoSettings } from '../kernels/coco-settings.ts'
import { selectMasks } from '../kernels/mask-sets.ts'
import { describeClasses } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import type { Instances } from '../values/instances.ts'
import { checkSharedClasses, truthClasses } from '../values/truth-classes.ts'
import { type CocoResults, cocoCurves, cocoMetrics, cocoTable } from './coco-report.ts'
import { drawCurves } from './curves.ts'
import { type IntervalParams, intervalParams, withIntervals } from './intervals.ts'
import { byScenes } from './scene-parts.ts'

interface Params extends IntervalParams {
  readonly max_detections: number
  readonly rules: 'fixed' | 'strict'
  readonly boundary: boolean
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly truth: Collection<Instances>
}

export const evaluateCoco = defineNode<Params, Inputs>({
  name: 'evaluate/coco',
  version: 2,
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
      boundary: {
        type: 'boolean',
        default: false,
        description:
          'Also measure boundary AP: a mask overlaps no more than its contour band, 2 % of the diagonal wide, does.',
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
      description:
        'Groups box, mask and, if asked, boundary with COCO’s twelve numbers; `box AP by class` and so on by class id; with bootstrap, a low and a high group for each.',
    },
    table: { kind: 'table', per: 'collection', description: 'One row for all classes, then one for each class.' },
    curves: {
      kind: 'file',
      per: 'collection',
      extension: 'svg',
      description: 'Precision by recall at IoU 0.5, 0.75 and over all thresholds, mean over classes.',
    },
  },
  example: `
score:
  uses: evaluate/coco
  in: { instances: leaf.instances, truth: truth.instances }
`,
  types: (_params, context) => {
    checkSharedClasses(context)
    return {}
  },
  ...byScenes<Params, ImageParts>({
    of: ({ found, truth }, params, context) => {
      const { classes, relabel } = truthClasses(context)
      const image = asImage(relabel(found), truth)
      const measured = Object.entries(evaluatorsOf(classes, params)).map(([group, one]) => [group, one.measure(image)])
      return Object.fromEntries(measured)
    },
    reduce: async (images, params, context) => {
      const { classes } = truthClasses(context)
      const evaluators = evaluatorsOf(classes, params)
      for (const image of images) {
        for (const [group, evaluator] of Object.entries(evaluators)) evaluator.addMeasured(image[group]!)
      }
      const results = accumulate(evaluators)
      const metrics = withIntervals(
        repeats => cocoMetrics(repeats ? accumulate(evaluators, repeats) : results, classes, params.rules),
        images.length,
        params,
      )
      context.note(
        `box AP ${shown(metrics['box']?.['AP'])}, mask AP ${shown(metrics['mask']?.['AP'])} over ${images.length} images and ${describeClasses(classes)}`,
      )
      return {
        metrics,
        ...(context.wanted.has('table') && { table: cocoTable(results, classes) }),
        ...(context.wanted.has('curves') && {
          curves: await drawCurves('COCO: precision by recall, mean over classes', cocoCurves(results)),
        }),
      }
    },
  }),
})

type ImageParts = { readonly [group: string]: ReturnType<CocoEvaluator['measure']> }

function evaluatorsOf(classes: ClassList, params: Params): { readonly [group: string]: CocoEvaluator } {
  const settings: CocoSettings = { ...cocoSettings, maxDetections: [1, 10, params.max_detections] }
  const options = { classCount: classes.length, rules: params.rules, settings }
  return {
    box: createCocoEvaluator({ ...options, similarity: 'bbox' }),
    mask: createCocoEvaluator({ ...options, similarity: 'segm' }),
    ...(params.boundary && { boundary: createCocoEvaluator({ ...options, similarity: 'given' }) }),
  }
}

function accumulate(evaluators: { readonly [group: string]: CocoEvaluator }, repeats?: Uint32Array): CocoResults {
  return Object.fromEntries(Object.entries(evaluators).map(([group, one]) => [group, one.accumulate(repeats)]))
}

function asImage(found: Instances, truth: Instances): CocoImage {
  const { labels, scores, boxesXyxy, masks } = found
  return {
    truth: { ...truth, ...(truth.groupOf && { ignore: truth.groupOf }) },
    detections: { labels, scores, boxesXyxy, masks },
    ious: (chosen, truths) =>
      maskAndBoundaryIou(selectMasks(masks, chosen), selectMasks(truth.masks, truths), {
        crowd: Uint8Array.from(truths, g => truth.crowd?.[g] ?? 0),
      }),
  }
}

function shown(value: number | null | undefined): string {
  return value === null || value === undefined ? 'undefined' : value.toFixed(4)
}
