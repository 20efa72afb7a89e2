import type { Kind } from '../../engine/contract/kind.ts'
import { explainClassDifference } from './class-lists.ts'
import { decodeTensors, encodeTensors } from './safetensors.ts'
import {
  checkBoxes,
  checkFrame,
  checkLabels,
  checkLength,
  checkScores,
  decodeSizeHw,
  encodeSizeHw,
  tensorField,
} from './tensor-fields.ts'

/** Classified boxes of one image, without masks. */
export interface Detections {
  /** [height, width] of the original image. */
  readonly frameHw: readonly [number, number]
  /** [4N] x1, y1, x2, y2: continuous pixels, half-open. */
  readonly boxesXyxy: Float64Array
  /** [N] in [0, 1]. */
  readonly scores: Float64Array
  /** [N] positions in the class list of the static type. */
  readonly labels: Int32Array
}

const NAME = 'detections'

export const detectionsKind: Kind<Detections> = {
  name: NAME,
  description: 'Boxes with class and score, in the frame of the original image.',
  extension: 'safetensors',
  encode: value => {
    const { frameHw, boxesXyxy, scores, labels } = checked(value)
    return encodeTensors(
      {
        frame_hw: encodeSizeHw(frameHw),
        boxes_xyxy: { data: boxesXyxy, shape: [scores.length, 4] },
        scores: { data: scores, shape: [scores.length] },
        labels: { data: labels, shape: [scores.length] },
      },
      { kind: NAME },
    )
  },
  decode: bytes => {
    const { tensors } = decodeTensors(bytes)
    const scores = tensorField(NAME, tensors, 'scores', Float64Array, [undefined]).data
    const boxesXyxy = tensorField(NAME, tensors, 'boxes_xyxy', Float64Array, [scores.length, 4]).data
    const labels = tensorField(NAME, tensors, 'labels', Int32Array, [scores.length]).data
    return checked({ frameHw: decodeSizeHw(NAME, tensors, 'frame_hw'), boxesXyxy, scores, labels })
  },
  explainDifference: explainClassDifference,
}

/** @throws TaskError naming the first detection that breaks a rule of the kind. */
function checked(value: Detections): Detections {
  const { frameHw, boxesXyxy, scores, labels } = value
  checkFrame(NAME, frameHw)
  checkLength(NAME, 'boxes', boxesXyxy, 4 * scores.length)
  checkLength(NAME, 'labels', labels, scores.length)
  checkScores(NAME, scores)
  checkBoxes(NAME, 'box', boxesXyxy, frameHw)
  checkLabels(NAME, labels)
  return value
}
