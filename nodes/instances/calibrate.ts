import { defineNode } from '../../engine/contract/node.ts'
import { calibrateScores } from '../kernels/calibration.ts'
import { type Calibrations, calibrationFor, fitOfClass } from '../values/calibration.ts'
import { classesInFacets, describeClasses, labelsById } from '../values/class-lists.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'

interface Inputs {
  readonly instances: Instances
  readonly calibration: Calibrations
}

export const instancesCalibrate = defineNode<Record<string, never>, Inputs>({
  name: 'instances/calibrate',
  version: 1,
  description:
    'Puts what `calibrate/fit` learned in the place of the scores, class by class (met by id; classes it does not name take its fit of all). An image of the fit gets what the other folds say. Order and everything else stay as they are.',
  mode: 'item',
  lane: 'cpu',
  usesItemId: true,
  params: { type: 'object', additionalProperties: false, properties: {} },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Predictions of the model that was fitted.' },
    calibration: { kind: 'calibration', per: 'collection', description: 'What its scores are worth.' },
  },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The same with calibrated scores.' } },
  example: `
calibrated:
  uses: instances/calibrate
  in: { instances: masks.instances, calibration: calibration.calibration }
`,
  types: (_params, context) => {
    const found = context.inputs['instances']?.[0] ?? {}
    const classes = classesInFacets(found)
    const fitted = classesInFacets(context.inputs['calibration']?.[0])
    if (classes && fitted && !fitted.some(({ id }) => labelsById(classes).has(id))) {
      context.problem({
        input: 'calibration',
        message: `no class is in both: the instances have ${describeClasses(classes)}, the calibration ${describeClasses(fitted)}`,
        fix: 'classes meet by id; take the calibration of this model',
      })
    }
    return { instances: found }
  },
  run: ({ instances, calibration }, _params, context) => {
    const classes = inputClasses(context, 'instances')
    checkLabels(instances.labels, classes, 'input instances')
    const fit = calibrationFor(calibration, context.itemId!)
    const scores = instances.scores.slice()
    for (const label of new Set(instances.labels)) {
      const id = classes[label]!.id
      const own = [...scores.keys()].filter(i => instances.labels[i] === label)
      const calibrated = calibrateScores(
        fitOfClass(fit, id),
        Float64Array.from(own, i => instances.scores[i]!),
      )
      own.forEach((i, k) => {
        scores[i] = calibrated[k]!
      })
    }
    return { instances: { ...instances, scores } }
  },
})
