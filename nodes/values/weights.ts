import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import type { CheckContext } from '../../engine/contract/node.ts'
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
} as const

/**
 * One weight for each of `count` folded values; no weights given means equal ones.
 * @throws TaskError `bad-value` when a weight is negative or not finite, or none is above 0.
 */
export function foldWeights(weights: readonly number[] | undefined, count: number): readonly number[] {
  const list = weights ?? Array.from({ length: count }, () => 1)
  if (list.length !== count) throw new Error(`internal: ${list.length} weights for ${count} values`)
  const problem = weightsProblem(list)
  if (problem !== undefined) throw new TaskError({ code: 'bad-value', message: problem, fix: WEIGHTS_FIX })
  return list
}

/** The same rule while the pipeline is checked: reports at the parameter `weights`. */
export function checkWeights(weights: readonly number[] | undefined, context: CheckContext): void {
  const problem = weights && weightsProblem(weights)
  if (problem !== undefined) context.problem({ param: 'weights', message: problem, fix: WEIGHTS_FIX })
}

const WEIGHTS_FIX = 'give at least one view a weight above 0'

function weightsProblem(weights: readonly number[]): string | undefined {
  const fit = weights.every(weight => weight >= 0 && Number.isFinite(weight)) && weights.some(weight => weight > 0)
  return fit ? undefined : `the weights are ${weights.join(', ')}; expected finite numbers from 0, one of them above 0`
}
