import type { Kind } from '../../engine/contract/kind.ts'
import { decodeTensors, encodeTensors } from './safetensors.ts'
import {
  checkBoxes,
  checkFrame,
  checkLength,
  checkScores,
  decodeSizeHw,
  encodeSizeHw,
  tensorField,
} from './tensor-fields.ts'

/** Regions that may hold an object, without class, best first; in the frame of the original, unflipped image. */
export interface Proposals {
  /** [height, width] of the original image. */
  readonly frameHw: readonly [number, number]
  /** [4N] x1, y1, x2, y2: continuous pixels, half-open. */
  readonly boxesXyxy: Float64Array
  /** [N] objectness in [0, 1]. */
  readonly scores: Float64Array
}

const NAME = 'proposals'

export const proposalsKind: Kind<Proposals> = {
  name: NAME,
  description: 'Class-agnostic boxes with an objectness score, in the frame of the original image.',
  extension: 'safetensors',
  encode: value => {
    const { frameHw, boxesXyxy, scores } = checked(value)
    return encodeTensors(
      {
        frame_hw: encodeSizeHw(frameHw),
        boxes_xyxy: { data: boxesXyxy, shape: [scores.length, 4] },
        scores: { data: scores, shape: [scores.length] },
      },
      { kind: NAME },
    )
  },
  decode: bytes => {
    const { tensors } = decodeTensors(bytes)
    const scores = tensorField(NAME, tensors, 'scores', Float64Array, [undefined]).data
    const boxesXyxy = tensorField(NAME, tensors, 'boxes_xyxy', Float64Array, [scores.length, 4]).data
    return checked({ frameHw: decodeSizeHw(NAME, tensors, 'frame_hw'), boxesXyxy, scores })
  },
}

/** @throws TaskError naming the first proposal that breaks a rule of the kind. */
function checked(value: Proposals): Proposals {
  const { frameHw, boxesXyxy, scores } = value
  checkFrame(NAME, frameHw)
  checkLength(NAME, 'boxes', boxesXyxy, 4 * scores.length)
  checkScores(NAME, scores)
  checkBoxes(NAME, 'box', boxesXyxy, frameHw)
  return value
}
