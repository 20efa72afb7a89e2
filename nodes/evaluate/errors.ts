import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { createErrorBreakdown, type ErrorBreakdown, errorKinds } from '../kernels/error-breakdown.ts'
import type { ErrorKind } from '../kernels/error-kinds.ts'
import type { Instances } from '../values/instances.ts'
import type { Metrics } from '../values/metrics.ts'
import type { Table } from '../values/table.ts'
import { checkSharedClasses, truthClasses } from '../values/truth-classes.ts'
import { walkScenes } from '../values/walk-scenes.ts'

interface Params {
  readonly similarity: 'masks' | 'boxes'
  readonly foreground_iou: number
  readonly background_iou: number
  readonly max_detections: number
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly truth: Collection<Instances>
}

const meanings: Readonly<Record<ErrorKind, string>> = {
  class: 'right place, wrong class',
  location: 'right class, overlaps too little',
  both: 'wrong class and overlaps too little',
  duplicate: 'the object was found already',
  background: 'nothing is there',
  missed: 'an object nobody found, not even wrongly',
}

export const evaluateErrors = defineNode<Params, Inputs>({
  name: 'evaluate/errors',
  version: 1,
  description:
    'What the errors cost (TIDE): wrong detections and missed objects by kind, and the AP that would be gained if all errors of one kind were repaired. Tells whether to work on the classifier, the masks, the duplicates or the recall.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      similarity: { enum: ['masks', 'boxes'], default: 'masks', description: 'What overlaps.' },
      foreground_iou: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.5,
        description: 'A detection is right at IoU ≥ this.',
      },
      background_iou: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.1,
        description: 'A detection with IoU ≤ this to everything is in the background.',
      },
      max_detections: {
        type: 'integer',
        minimum: 1,
        default: 100,
        description: 'Best-scored detections of an image that count, over all classes together.',
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
      description: 'Group AP: AP and the gains with perfect precision or recall; groups `errors` and `gain` by kind.',
    },
    table: { kind: 'table', per: 'collection', description: 'One row for each kind of error.' },
  },
  example: `
errors:
  uses: evaluate/errors
  in: { instances: leaf.instances, truth: truth.instances }
`,
  types: (params, context) => {
    checkSharedClasses(context)
    if (params.background_iou > params.foreground_iou) {
      context.problem({
        param: 'background_iou',
        message: `the background threshold ${params.background_iou} is above the foreground threshold ${params.foreground_iou}`,
        fix: 'Choose it below; TIDE uses 0.1 and 0.5.',
      })
    }
    return {}
  },
  run: async (inputs, params, context) => {
    const { classes, relabel } = truthClasses(context)
    const builder = createErrorBreakdown({
      classCount: classes.length,
      similarity: params.similarity === 'boxes' ? 'bbox' : 'segm',
      foregroundIou: params.foreground_iou,
      backgroundIou: params.background_iou,
      maxDetections: params.max_detections,
    })
    for await (const { found, truth } of walkScenes(inputs, context)) {
      const { labels, scores, boxesXyxy, masks } = relabel(found)
      const excused = truth.groupOf && { ignore: truth.groupOf }
      builder.addImage({ ...truth, ...excused }, { labels, scores, boxesXyxy, masks })
    }
    const breakdown = builder.finish()
    const worst = errorKinds.reduce((a, b) => (breakdown.gains[b] > breakdown.gains[a] ? b : a))
    context.note(`most is lost to ${worst} errors: ${meanings[worst]} (${breakdown.gains[worst].toFixed(4)} AP)`)
    return { metrics: toMetrics(breakdown), table: toTable(breakdown) }
  },
})

function toMetrics(breakdown: ErrorBreakdown): Metrics {
  return {
    AP: {
      AP: breakdown.averagePrecision,
      'gain with perfect precision': breakdown.falsePositiveGain,
      'gain with perfect recall': breakdown.falseNegativeGain,
    },
    errors: breakdown.counts,
    gain: breakdown.gains,
  }
}

function toTable({ counts, gains }: ErrorBreakdown): Table {
  return {
    columns: ['error', 'meaning', 'count', 'AP gained if repaired'],
    rows: errorKinds.map(kind => [kind, meanings[kind], counts[kind], gains[kind]]),
  }
}
