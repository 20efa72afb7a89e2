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

/**
 * @param name what to call the value at an index.
 * @throws TaskError `bad-value` on the first score that is not in [0, 1].
 */
export function checkScores(
  kind: string,
  scores: Float64Array | Float32Array,
  name: (index: number) => string = index => `scores[${index}]`,
): void {
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!
    if (!(score >= 0 && score <= 1)) throw bad(kind, `${name(i)} is ${score}, expected a number from 0 to 1`)
  }
}

/** @throws TaskError `bad-value` unless the frame is of whole pixels, at least one, at most what runs can number. */
export function checkFrame(kind: string, [height, width]: readonly [number, number]): void {
  if (isSide(height) && isSide(width) && height * width <= 0xffffffff) return
  throw bad(
    kind,
    `the frame is ${height} × ${width} (height × width), expected whole numbers from 1 with at most 4294967295 pixels`,
  )
}

function isSide(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}

/** Boxes may end beyond the frame (annotations do, rounding does), but not lie beyond it by more than this. */
const BEYOND_PX = 1

/**
 * @param per boxes that belong to one index.
 * @throws TaskError `bad-value` on the first box with a coordinate that is not finite, with a negative side, or wholly
 * outside the frame, which means that it belongs to another one.
 */
export function checkBoxes(
  kind: string,
  field: string,
  boxesXyxy: Float64Array | Float32Array,
  frameHw: readonly [number, number],
  per = 1,
): void {
  const [height, width] = frameHw
  for (let i = 0; i < boxesXyxy.length; i += 4) {
    const x1 = boxesXyxy[i]!
    const y1 = boxesXyxy[i + 1]!
    const x2 = boxesXyxy[i + 2]!
    const y2 = boxesXyxy[i + 3]!
    const across = x1 <= x2 && x2 >= -BEYOND_PX && x1 <= width + BEYOND_PX
    const down = y1 <= y2 && y2 >= -BEYOND_PX && y1 <= height + BEYOND_PX
    // Infinity − Infinity is NaN, so one test covers all four.
    if (across && down && x1 - x1 + x2 - x2 + y1 - y1 + y2 - y2 === 0) continue
    const box = [x1, y1, x2, y2]
    throw bad(kind, `${field} ${Math.floor(i / (4 * per))} is [${box.join(', ')}], ${boxProblem(box, frameHw)}`)
  }
}

function boxProblem(box: readonly number[], [height, width]: readonly [number, number]): string {
  if (!box.every(Number.isFinite)) return 'expected finite numbers'
  if (box[0]! > box[2]! || box[1]! > box[3]!) return 'which has a negative size; expected x1 ≤ x2 and y1 ≤ y2'
  return `which lies outside its frame of ${width} × ${height} pixels (width × height)`
}

/** @throws TaskError `bad-value` on the first label below 0. */
export function checkLabels(kind: string, labels: Int32Array): void {
  const at = labels.findIndex(label => label < 0)
  if (at >= 0) throw bad(kind, `labels[${at}] is ${labels[at]}, expected 0 or more`)
}

function bad(kind: string, what: string): TaskError {
  return new TaskError({ code: 'bad-value', message: `${kind}: ${what}` })
}

/** A stored value that is not what its kind says. */
export function misfit(kind: string, what: string): TaskError {
  return new TaskError({ code: 'bad-file', message: `stored ${kind}: ${what}` })
}
