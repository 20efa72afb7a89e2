import { TaskError } from '../../engine/base/diagnostic.ts'
import type { CheckContext, InputPort, ParamSchema } from '../../engine/contract/node.ts'
import { type Selection, wholeDivision } from './selection.ts'

/**
 * What is fitted to images is judged on others: the held-out parts of a cross-validation come as a folded input, what is
 * said of an image comes from a fit that never saw it. Without folds a step has to say that it is content with less.
 */

export const foldsPort: InputPort = {
  kind: 'selection',
  per: 'collection',
  many: 'folded',
  optional: true,
  mixedFacets: true,
  description:
    'The held-out part of each fold (`over: [fold]`, `splits/folds.valid`): every item is in exactly one. What is reported of an item then comes from a fit without its fold.',
}

export const inSampleSchema: ParamSchema = {
  type: 'boolean',
  default: false,
  description: 'Without `folds`: report numbers on the very images of the fit, which flatter it.',
}

/** Refuses a step without folds that does not say `in_sample`, and one that says both. */
export function checkHeldOut(inSample: boolean, context: CheckContext): void {
  const folds = context.inputs['folds']
  if (folds === undefined && !inSample) {
    context.problem({
      input: 'folds',
      message: 'this would be judged on the images it is fitted on',
      fix: 'bind `folds` to the held-out parts of a cross-validation (`over: [fold]`, `in: { folds: folds.valid }`), or say `in_sample: true`',
    })
  }
  if (folds !== undefined && inSample) {
    context.problem({
      param: 'in_sample',
      message: '`folds` is bound, so nothing is judged in-sample',
      fix: 'leave out one',
    })
  }
  if (folds?.length === 1) {
    context.problem({
      input: 'folds',
      message: 'there is one fold, so nothing is left to fit on',
      fix: 'fold at least two held-out parts',
    })
  }
}

/** Parameters of steps that tune on predictions of models. */
export const outOfFoldParams: { readonly [name: string]: ParamSchema } = {
  held_out: {
    type: 'boolean',
    default: false,
    description:
      'You know that no model saw the images it predicts here (trained on other data, or predicted by fold elsewhere). Default: steps with items: folds.valid for every fold must show it.',
  },
  in_sample: {
    type: 'boolean',
    default: false,
    description: 'Tune although models may have been trained on these images; the scores flatter then.',
  },
}

/** Refuses a step without folds, or with predictions that nothing shows to be out of fold, unless it is told so. */
export function checkOutOfFold(
  { in_sample: inSample, held_out: heldOut }: { readonly in_sample: boolean; readonly held_out: boolean },
  ports: readonly string[],
  context: CheckContext,
): void {
  checkHeldOut(inSample, context)
  if (inSample || heldOut || context.inputs['folds'] === undefined) return
  if (ports.some(port => wholeDivision(context.selectedBy(port)) !== undefined)) return
  context.problem({
    code: 'not-out-of-fold',
    message: `nothing shows that ${ports.map(port => `\`${port}\``).join(' or ')} is made of predictions out of fold: models may have been trained on these images`,
    fix: 'predict each fold with `items: folds.valid` by the model trained without it and unite them; say `held_out: true` if you know they are, or `in_sample: true` if they are not',
  })
}

/**
 * [ids] the fold that holds each item out.
 * @throws TaskError naming the item that is in none, or in several.
 */
export function foldOfItems(ids: readonly string[], folds: readonly Selection[]): readonly number[] {
  const foldOf = new Map<string, number>()
  for (const [fold, { ids: held }] of folds.entries()) {
    for (const id of held) {
      const other = foldOf.get(id)
      if (other !== undefined) throw bad(`item ${id} is held out by the folds ${other} and ${fold}`)
      foldOf.set(id, fold)
    }
  }
  return ids.map(id => foldOf.get(id) ?? fail(id))
}

function fail(id: string): never {
  throw bad(`item ${id} is held out by no fold`)
}

function bad(message: string): TaskError {
  const fix = 'every item is in exactly one held-out part, as splits/folds makes them of the same items'
  return new TaskError({ code: 'bad-value', message, fix })
}
