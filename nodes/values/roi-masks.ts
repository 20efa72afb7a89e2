import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import { explainClassDifference } from './class-lists.ts'
import { decodeTensors, encodeTensors } from './safetensors.ts'
import { checkScores, tensorField } from './tensor-fields.ts'

/** For each detection the M × M foreground probabilities of its own class over its box; unflipped. */
export interface RoiMasks {
  /** M. */
  readonly sizePx: number
  /** [N · M · M] row-major, in [0, 1]. */
  readonly probabilities: Float32Array
}

const NAME = 'roi-masks'

export const roiMasksKind: Kind<RoiMasks> = {
  name: NAME,
  description: 'A small square of foreground probabilities for each detection, relative to its box.',
  extension: 'safetensors',
  encode: value => {
    const count = roiMaskCount(checked(value))
    return encodeTensors(
      { probabilities: { data: value.probabilities, shape: [count, value.sizePx, value.sizePx] } },
      { kind: NAME },
    )
  },
  decode: bytes => {
    const { tensors } = decodeTensors(bytes)
    const field = tensorField(NAME, tensors, 'probabilities', Float32Array, [undefined, undefined, undefined])
    const value = { sizePx: field.shape[1]!, probabilities: field.data }
    if (field.shape[1] !== field.shape[2])
      throw new TaskError({
        code: 'bad-file',
        message: `stored ${NAME}: shape [${field.shape.join(', ')}] is not square`,
      })
    return checked(value)
  },
  explainDifference: (a, b) =>
    a['mask_size_px'] === b['mask_size_px']
      ? explainClassDifference(a, b)
      : `masks of ${a['mask_size_px']} px against ${b['mask_size_px']} px: they cannot be averaged cell by cell`,
}

/** @throws TaskError naming the first mask that holds something else than probabilities. */
function checked(value: RoiMasks): RoiMasks {
  roiMaskCount(value)
  const { sizePx, probabilities } = value
  checkScores(NAME, probabilities, index => {
    const cell = index % (sizePx * sizePx)
    return `mask ${Math.floor(index / (sizePx * sizePx))}: row ${Math.floor(cell / sizePx)}, column ${cell % sizePx}`
  })
  return value
}

/** N. @throws TaskError `bad-value` unless the probabilities are a whole number of M × M squares. */
export function roiMaskCount({ sizePx, probabilities }: RoiMasks): number {
  const count = probabilities.length / (sizePx * sizePx)
  if (!Number.isSafeInteger(sizePx) || sizePx < 1 || !Number.isInteger(count))
    throw new TaskError({
      code: 'bad-value',
      message: `${NAME}: ${probabilities.length} probabilities are not a whole number of ${sizePx} × ${sizePx} squares`,
    })
  return count
}
