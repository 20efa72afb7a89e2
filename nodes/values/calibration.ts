import type { Kind } from '../../engine/contract/kind.ts'
import type { Calibration } from '../kernels/calibration.ts'
import { isRecord } from './bad-file.ts'
import { explainClassDifference } from './class-lists.ts'
import { documentCodec } from './json-document.ts'

/** Maps from the scores of one model to scores that mean the same for every model. */
export interface Calibrations {
  readonly method: 'temperature' | 'isotonic' | 'rank'
  /** The first is fitted to all items; fit k + 1, if there are folds, to all but those of fold k. */
  readonly fits: readonly ClassCalibrations[]
  /** Items that were fitted to, by id: the fold that held each out. Empty without folds. */
  readonly folds: { readonly [item: string]: number }
}

export interface ClassCalibrations {
  /** For classes that are not named. */
  readonly others: Calibration
  readonly classes: { readonly [classId: string]: Calibration }
}

const NAME = 'calibration'

export const calibrationKind: Kind<Calibrations> = {
  name: NAME,
  description: 'What the scores of a model mean, by class: a temperature, or scores and the values in their place.',
  extension: 'json',
  ...documentCodec(NAME, calibrationProblem, plain),
  explainDifference: explainClassDifference,
}

/** The fit that never saw the item; that of all items for one it does not know. */
export function calibrationFor({ fits, folds }: Calibrations, item: string): ClassCalibrations {
  const fold = Object.hasOwn(folds, item) ? folds[item] : undefined
  return fits[fold === undefined ? 0 : fold + 1]!
}

/** That of a class; of all classes for one that is not named. */
export function fitOfClass({ others, classes }: ClassCalibrations, classId: string): Calibration {
  return Object.hasOwn(classes, classId) ? classes[classId]! : others
}

function plain({ method, fits, folds }: Calibrations) {
  const one = (calibration: Calibration) =>
    'temperature' in calibration
      ? { temperature: calibration.temperature }
      : { scores: Array.from(calibration.scores), values: Array.from(calibration.values) }
  return {
    method,
    fits: fits.map(({ others, classes }) => ({
      others: one(others),
      classes: Object.fromEntries(Object.entries(classes).map(([id, calibration]) => [id, one(calibration)])),
    })),
    folds: { ...folds },
  }
}

/** What keeps a value from being calibrations: the first thing that is wrong, with its place. */
export function calibrationProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'it is not a map'
  const { method, fits, folds } = value
  if (!['temperature', 'isotonic', 'rank'].includes(method as string))
    return `the method is ${JSON.stringify(method)}, expected temperature, isotonic or rank`
  if (!Array.isArray(fits) || fits.length === 0) return 'there is no list of fits'
  for (const [place, fit] of fits.entries()) {
    if (!isRecord(fit) || !isRecord(fit['classes'])) return `fit ${place} has no map of classes`
    for (const [id, one] of [['others', fit['others']], ...Object.entries(fit['classes'])] as const) {
      const wrong = mapProblem(one)
      if (wrong !== undefined) return `fit ${place}, ${id}: ${wrong}`
    }
  }
  if (!isRecord(folds)) return 'there is no map of folds'
  const odd = Object.entries(folds).find(
    ([, fold]) => !Number.isInteger(fold) || fits[(fold as number) + 1] === undefined,
  )
  return odd && `item ${odd[0]} is of fold ${JSON.stringify(odd[1])}; there are ${fits.length - 1} folds`
}

function mapProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'there is no calibration'
  if ('temperature' in value) {
    const { temperature } = value
    const fit = typeof temperature === 'number' && Number.isFinite(temperature) && temperature > 0
    return fit ? undefined : `the temperature is ${JSON.stringify(temperature)}, expected a number above 0`
  }
  const { scores, values } = value as { readonly scores?: unknown; readonly values?: unknown }
  if (!isList(scores) || !isList(values)) return 'there is no temperature, and no scores with values'
  if (scores.length !== values.length) return `${scores.length} scores for ${values.length} values`
  for (let k = 0; k < scores.length; k++) {
    if (!(values[k]! >= 0 && values[k]! <= 1)) return `value ${k} is ${values[k]}, expected 0 to 1`
    if (!Number.isFinite(scores[k]!)) return `score ${k} is ${scores[k]}, expected a number`
    if (k > 0 && scores[k]! <= scores[k - 1]!) return `score ${k} is ${scores[k]}, not above the one before`
    if (k > 0 && values[k]! < values[k - 1]!) return `value ${k} is ${values[k]}, below the one before`
  }
  return undefined
}

function isList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(entry => typeof entry === 'number')
}
