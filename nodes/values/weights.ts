import { TaskError } from '../../engine/base/diagnostic.ts'

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
  const list = Array.isArray(weights) ? (weights as readonly number[]) : Array.from({ length: count }, () => 1)
  if (list.length !== count) throw new Error(`internal: ${list.length} weights for ${count} values`)
  if (list.some(weight => !(weight >= 0 && Number.isFinite(weight))) || !list.some(weight => weight > 0))
    throw new TaskError({
      code: 'bad-value',
      message: `the weights are ${list.join(', ')}; expected finite numbers from 0, one of them above 0`,
      fix: 'give at least one view a weight above 0',
    })
  return list
}
