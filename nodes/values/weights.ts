import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import type { CheckContext, InputPort } from '../../engine/contract/node.ts'
import { isRecord } from './bad-file.ts'
import { documentCodec } from './json-document.ts'

/**
 * How much each coordinate of an ensemble counts: axis → coordinate id → weight, `{ model: { L1: 2, L3: 0 } }`. What is not
 * named weighs 1, and the weights of several axes multiply. Numbers are finite and from 0.
 */
export type Weights = { readonly [axis: string]: { readonly [id: string]: number } }

const NAME = 'weights'

export const weightsKind: Kind<Weights> = {
  name: NAME,
  description: 'How much each view or member of an ensemble counts: axis → coordinate id → weight; missing = 1.',
  extension: 'json',
  ...documentCodec(NAME, weightsDocumentProblem, (value: Weights) => value),
  print: weights =>
    Object.entries(weights)
      .flatMap(([axis, byId]) => Object.entries(byId).map(([id, weight]) => `${axis}=${id}: ${weight}`))
      .join('\n'),
}

/** What keeps a value from being weights: the first thing that is wrong, with its place. */
export function weightsDocumentProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'it is not a map of axes'
  for (const [axis, byId] of Object.entries(value)) {
    if (!isRecord(byId)) return `the axis ${axis} is not a map of coordinate ids`
    for (const [id, weight] of Object.entries(byId)) {
      if (typeof weight === 'number' && Number.isFinite(weight) && weight >= 0) continue
      return `${axis} / ${id} is ${JSON.stringify(weight)}; expected a number from 0`
    }
  }
  return undefined
}

/** JSON Schema of a weights parameter, without its description and the port it belongs to. */
export const WEIGHTS_SCHEMA = {
  type: 'object',
  additionalProperties: { type: 'object', additionalProperties: { type: 'number', minimum: 0 } },
  default: {},
  'x-port': NAME,
} as const

/** JSON Schema of the weights of a node that knows no influence: who weighs 0 takes no part, and that is all. */
export const PRESENCE_SCHEMA = {
  ...WEIGHTS_SCHEMA,
  'x-key': false,
  description:
    'By axis and coordinate id: { model: { L1: 0 } } leaves a source out. No other number means anything here, so that one map of weights can serve all stages.',
} as const

/** The input that such a parameter may come through instead. */
export const weightsPort: InputPort = {
  kind: NAME,
  per: 'collection',
  optional: true,
  description:
    'The weights as a value another step found, instead of the parameter. What weighs 0 takes no part, but is made all the same.',
}

/**
 * A weights parameter as a node receives it: a number for each folded value or, when the port `weights` is bound, the
 * coordinates of each.
 */
export type FoldWeights = readonly number[] | readonly { readonly [axis: string]: string }[]

/** Those of the folded values that take part. */
export interface Members<T> {
  readonly values: readonly T[]
  /** One for each, all above 0. */
  readonly weights: readonly number[]
  /** Where each stood among all values of the port. */
  readonly places: readonly number[]
}

/**
 * The values of a folded port without those of weight 0, which leave no trace; no weights given means equal ones.
 * @param named what the port `weights` brought.
 * @throws TaskError `bad-value` when a weight is negative or not finite, or none is above 0; `bad-weights` when `named` names
 *   what no value has.
 */
export function membersOf<T>(
  values: readonly T[],
  given: FoldWeights | undefined,
  named: Weights | undefined,
): Members<T> {
  const list = numbersFor(values.length, given, named)
  const problem = weightsProblem(list)
  if (problem !== undefined) throw new TaskError({ code: 'bad-value', message: problem, fix: WEIGHTS_FIX })
  const places = [...list.keys()].filter(place => list[place] !== 0)
  return { values: places.map(place => values[place]!), weights: places.map(place => list[place]!), places }
}

function numbersFor(count: number, given: FoldWeights | undefined, named: Weights | undefined): readonly number[] {
  if (given === undefined) return Array.from({ length: count }, () => 1)
  if (given.length !== count) throw new Error(`internal: ${given.length} weights for ${count} values`)
  if (given.every(one => typeof one === 'number')) return given
  const coordinates = given as readonly { readonly [axis: string]: string }[]
  if (named === undefined) throw new Error('internal: coordinates, and no weights for them')
  checkNames(named, coordinates)
  return coordinates.map(ids =>
    Object.entries(named).reduce((product, [axis, byId]) => product * (byId[ids[axis] ?? ''] ?? 1), 1),
  )
}

/** A name that nothing has is a mistake, here as in a parameter. */
function checkNames(named: Weights, coordinates: readonly { readonly [axis: string]: string }[]): void {
  for (const [axis, byId] of Object.entries(named)) {
    const known = [...new Set(coordinates.flatMap(ids => ids[axis] ?? []))].sort()
    const stranger = Object.keys(byId).find(id => !known.includes(id))
    if (known.length > 0 && stranger === undefined) continue
    const axes = [...new Set(coordinates.flatMap(ids => Object.keys(ids)))].sort()
    throw new TaskError({
      code: 'bad-weights',
      message:
        known.length === 0
          ? `the weights name the axis ${axis}, which the folded input does not have`
          : `the weights name ${axis}=${stranger}, which the folded input does not have`,
      fix: known.length === 0 ? `its axes: ${axes.join(', ') || 'none'}` : `known: ${known.join(', ')}`,
    })
  }
}

/** The rule for numbers while the pipeline is checked: reports at the parameter `weights`. */
export function checkWeights(weights: FoldWeights | undefined, context: CheckContext): void {
  if (!weights?.every(weight => typeof weight === 'number')) return
  const problem = weightsProblem(weights)
  if (problem !== undefined) context.problem({ param: 'weights', message: problem, fix: WEIGHTS_FIX })
}

const WEIGHTS_FIX = 'give at least one view a weight above 0'

function weightsProblem(weights: readonly number[]): string | undefined {
  const fit = weights.every(weight => weight >= 0 && Number.isFinite(weight)) && weights.some(weight => weight > 0)
  return fit ? undefined : `the weights are ${weights.join(', ')}; expected finite numbers from 0, one of them above 0`
}
