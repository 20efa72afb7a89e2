import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { type Calibration, calibrateScores, fitIsotonic, fitRanks, fitTemperature } from '../kernels/calibration.ts'
import { reliability } from '../kernels/reliability.ts'
import { type Calibrations, type ClassCalibrations, fitOfClass } from '../values/calibration.ts'
import { classesInFacets } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import { checkHeldOut, foldOfItems, foldsPort, inSampleSchema } from '../values/held-out.ts'
import type { Instances } from '../values/instances.ts'
import type { Selection } from '../values/selection.ts'
import { checkSharedClasses, truthClasses } from '../values/truth-classes.ts'
import { walkScenes } from '../values/walk-scenes.ts'
import { type Judged, joinJudged, judgeImage } from './judged.ts'
import { classesTable, drawReliability, reliabilityMetrics, reliabilityTable } from './report.ts'

interface Params {
  readonly method: Calibrations['method']
  readonly by: 'class' | 'all'
  readonly min_detections: number
  readonly iou: number
  readonly compare: 'masks' | 'boxes'
  readonly bins: number
  readonly in_sample: boolean
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly truth: Collection<Instances>
  readonly folds?: readonly Selection[]
}

export const calibrateFit = defineNode<Params, Inputs>({
  name: 'calibrate/fit',
  version: 1,
  description:
    'Learns what the scores of one model are worth, by class, so that scores of several models can meet in one NMS; `instances/calibrate` applies it. Say `matrix: { model: … }` to fit each model by itself. With `folds`, an item of the fit is later calibrated by what the other folds say.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      method: {
        enum: ['temperature', 'isotonic', 'rank'],
        default: 'temperature',
        description:
          'temperature: σ(logit(score) / T), one number, for few detections. isotonic: the share that is right at this score, never falling; ties can arise. rank: the place of the score among all of the model, without looking at the truth.',
      },
      by: { enum: ['class', 'all'], default: 'class', description: 'A fit for each class, or one for all.' },
      min_detections: {
        type: 'integer',
        minimum: 1,
        default: 50,
        description: 'Classes with fewer detections take the fit of all classes together.',
      },
      iou: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.5,
        description:
          'A detection is right when it takes an object of its class at IoU ≥ this, best scores first (COCO).',
      },
      compare: { enum: ['masks', 'boxes'], default: 'masks', description: 'What overlaps.' },
      bins: { type: 'integer', minimum: 2, maximum: 100, default: 10, description: 'Bins of the reliability table.' },
      in_sample: inSampleSchema,
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Predictions of one model, before NMS with others.' },
    truth: { kind: 'instances', per: 'item', description: 'Ground truth; its classes are those fitted.' },
    folds: foldsPort,
  },
  outputs: {
    calibration: { kind: 'calibration', per: 'collection', description: 'For `instances/calibrate`.' },
    table: {
      kind: 'table',
      per: 'collection',
      description:
        'Reliability: by bin of the score, how many detections, their mean score and the share that is right.',
    },
    classes: { kind: 'table', per: 'collection', description: 'Detections and calibration error of each class.' },
    metrics: {
      kind: 'metrics',
      per: 'collection',
      description:
        'Groups before and after: ECE, MCE, Brier, detections, accuracy, score. `temperature by class` with that method.',
    },
    plot: { kind: 'file', per: 'collection', extension: 'svg', description: 'Share right by score, before and after.' },
  },
  example: `calibration:
  uses: calibrate/fit
  over: [fold]
  with: { method: isotonic }
  in: { instances: masks.instances, truth: truth.instances, folds: folds.valid }
`,
  types: ({ in_sample: inSample }, context) => {
    checkSharedClasses(context)
    checkHeldOut(inSample, context)
    const classes = classesInFacets(context.inputs['truth']?.[0])
    return { calibration: classes ? { classes } : {} }
  },
  run: async (inputs, params, context) => {
    const { classes, relabel } = truthClasses(context)
    const rules = { classCount: classes.length, iou: params.iou, compare: params.compare }
    const ids: string[] = []
    const images: (readonly Judged[])[] = []
    for await (const { id, found, truth } of walkScenes(inputs, context)) {
      ids.push(id)
      images.push(judgeImage(relabel(found), truth, rules))
    }
    const folds = inputs.folds ?? []
    const foldOf = folds.length > 0 ? foldOfItems(ids, folds) : []
    const fitTo = (chosen: readonly (readonly Judged[])[]) => fitClasses(joinImages(chosen, classes), classes, params)
    const fits = [fitTo(images), ...folds.map((_, fold) => fitTo(images.filter((_, i) => foldOf[i] !== fold)))]
    const calibration: Calibrations = {
      method: params.method,
      fits,
      folds: Object.fromEntries(foldOf.map((fold, i) => [ids[i]!, fold])),
    }
    const after = images.map((image, i) => calibrated(image, classes, fits[(foldOf[i] ?? -1) + 1]!))
    const report = { before: joinImages(images, classes), after: joinImages(after, classes) }
    const all = { before: joinJudged(report.before), after: joinJudged(report.after) }
    const measured = {
      before: reliability(all.before.scores, all.before.right, params.bins),
      after: reliability(all.after.scores, all.after.right, params.bins),
    }
    context.note(
      `calibration error ${measured.before.ece.toFixed(4)}, after it ${measured.after.ece.toFixed(4)} (${folds.length > 0 ? 'out of fold' : 'in-sample'}), over ${all.before.scores.length} detections in ${ids.length} images`,
    )
    return {
      calibration,
      table: reliabilityTable(measured),
      classes: classesTable(report, classes, fits[0]!, params.bins),
      metrics: reliabilityMetrics(measured, classes, fits[0]!),
      plot: await drawReliability(measured, params.method),
    }
  },
})

/** [classes] the detections of all images. */
function joinImages(images: readonly (readonly Judged[])[], classes: ClassList): readonly Judged[] {
  return classes.map((_, label) => joinJudged(images.map(image => image[label]!)))
}

function fitClasses(byClass: readonly Judged[], classes: ClassList, params: Params): ClassCalibrations {
  const own = classes.flatMap(({ id }, label) => {
    const judged = byClass[label]!
    const enough = params.by === 'class' && judged.scores.length >= params.min_detections
    return enough ? [[id, fitOne(judged, params.method)] as const] : []
  })
  return { others: fitOne(joinJudged(byClass), params.method), classes: Object.fromEntries(own) }
}

function fitOne({ scores, right }: Judged, method: Calibrations['method']): Calibration {
  if (method === 'temperature') return { temperature: fitTemperature(scores, right) }
  return method === 'isotonic' ? fitIsotonic(scores, right) : fitRanks(scores)
}

function calibrated(image: readonly Judged[], classes: ClassList, fit: ClassCalibrations): readonly Judged[] {
  return image.map(({ scores, right }, label) => ({
    scores: calibrateScores(fitOfClass(fit, classes[label]!.id), scores),
    right,
  }))
}
