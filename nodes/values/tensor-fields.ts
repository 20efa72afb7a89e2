import { TaskError } from '../../engine/base/diagnostic.ts'
import type { NamedTensor, TensorData } from './safetensors.ts'

/** What the kinds that are made of arrays share: shape checks on the way in and out, rules for scores and boxes. */

type ArrayType<T extends TensorData> = { new (length: number): T; readonly name: string }

/**
 * A tensor of a decoded value with its type and shape verified; `undefined` in `shape` leaves that side free.
 * @throws TaskError `bad-file` saying which kind's which tensor is not what it should be.
 */
export function tensorField<T extends TensorData>(
  kind: string,
  tensors: ReadonlyMap<string, NamedTensor>,
  name: string,
  type: ArrayType<T>,
  shape: readonly (number | undefined)[],
): { data: T; shape: readonly number[] } {
  const tensor = tensors.get(name)
  const expected = `${type.name} of shape [${shape.map(side => side ?? 'any').join(', ')}]`
  if (tensor === undefined) throw misfit(kind, `tensor ${name} is missing (${expected})`)
  const fits =
    tensor.data instanceof type &&
    tensor.shape.length === shape.length &&
    shape.every((side, axis) => side === undefined || side === tensor.shape[axis])
  if (!fits) {
    const found = `${tensor.data.constructor.name} of shape [${tensor.shape.join(', ')}]`
    throw misfit(kind, `tensor ${name} is ${found}, expected ${expected}`)
  }
  return { data: tensor.data as T, shape: tensor.shape }
}

/** [height, width] of the frame, stored as U32 [2]. */
export function encodeSizeHw(sizeHw: readonly [number, number]): NamedTensor {
  return { data: Uint32Array.from(sizeHw), shape: [2] }
}

export function decodeSizeHw(
  kind: string,
  tensors: ReadonlyMap<string, NamedTensor>,
  name: string,
): readonly [number, number] {
  const { data } = tensorField(kind, tensors, name, Uint32Array, [2])
  return [data[0]!, data[1]!]
}

/** @throws TaskError `bad-value` unless `data` has `expected` elements. */
export function checkLength(kind: string, field: string, data: ArrayLike<number>, expected: number): void {
  if (data.length !== expected) throw bad(kind, `${field} has ${data.length} elements, expected ${expected}`)
}

/** @throws TaskError `bad-value` on the first score that is not in [0, 1]. */
export function checkScores(kind: string, field: string, scores: ArrayLike<number>): void {
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!
    if (!(score >= 0 && score <= 1)) throw bad(kind, `${field}[${i}] is ${score}, expected a number from 0 to 1`)
  }
}

/** @throws TaskError `bad-value` on the first box with a coordinate that is not finite; `per` boxes belong to one index. */
export function checkBoxes(kind: string, field: string, boxesXyxy: ArrayLike<number>, per = 1): void {
  for (let i = 0; i < boxesXyxy.length; i++) {
    if (Number.isFinite(boxesXyxy[i])) continue
    const box = Array.from({ length: 4 }, (_, side) => boxesXyxy[i - (i % 4) + side])
    throw bad(kind, `${field} ${Math.floor(i / (4 * per))} is [${box.join(', ')}], expected finite numbers`)
  }
}

/** @throws TaskError `bad-value` on the first label below 0. */
export function checkLabels(kind: string, labels: Int32Array): void {
  const at = labels.findIndex(label => label < 0)
  if (at >= 0) throw bad(kind, `labels[${at}] is ${labels[at]}, expected 0 or more`)
}

function bad(kind: string, what: string): TaskError {
  return new TaskError({ code: 'bad-value', message: `${kind}: ${what}` })
}

function misfit(kind: string, what: string): TaskError {
  return new TaskError({ code: 'bad-file', message: `stored ${kind}: ${what}` })
}
