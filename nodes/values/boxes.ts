import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Facets, Kind } from '../../engine/contract/kind.ts'
import { explainClassDifference } from './class-lists.ts'
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

/**
 * What a box head says about N proposals: class probabilities, and one box for all classes or one for each class. In
 * the frame of the original, unflipped image, so that views can be averaged number by number.
 */
export interface ProposalBoxes {
  /** [height, width] of the original image. */
  readonly frameHw: readonly [number, number]
  /** K, the length of the class list of the static type. */
  readonly classCount: number
  /** [N · K] softmax over all columns of the head; background and columns without a class are left out, not renormalised. */
  readonly probabilities: Float32Array
  /** [N · B · 4] x1, y1, x2, y2: continuous pixels, half-open. */
  readonly boxesXyxy: Float32Array
  /** B: 1 when the classes share a box, else K. */
  readonly boxesPerProposal: number
}

const NAME = 'boxes'

export const boxesKind: Kind<ProposalBoxes> = {
  name: NAME,
  description: 'Class probabilities and refined boxes for each proposal, in the frame of the original image.',
  extension: 'safetensors',
  encode: value => {
    const { frameHw, classCount, probabilities, boxesXyxy, boxesPerProposal } = checked(value)
    const count = proposalCount(value)
    return encodeTensors(
      {
        frame_hw: encodeSizeHw(frameHw),
        probabilities: { data: probabilities, shape: [count, classCount] },
        boxes_xyxy: { data: boxesXyxy, shape: [count, boxesPerProposal, 4] },
      },
      { kind: NAME },
    )
  },
  decode: bytes => {
    const { tensors } = decodeTensors(bytes)
    const probabilities = tensorField(NAME, tensors, 'probabilities', Float32Array, [undefined, undefined])
    const [count, classCount] = probabilities.shape as [number, number]
    const boxes = tensorField(NAME, tensors, 'boxes_xyxy', Float32Array, [count, undefined, 4])
    return checked({
      frameHw: decodeSizeHw(NAME, tensors, 'frame_hw'),
      classCount,
      probabilities: probabilities.data,
      boxesXyxy: boxes.data,
      boxesPerProposal: boxes.shape[1]!,
    })
  },
  explainDifference: explainBoxesDifference,
}

/** @throws TaskError naming the first proposal that breaks a rule of the kind. */
function checked(value: ProposalBoxes): ProposalBoxes {
  const { frameHw, classCount, probabilities, boxesXyxy, boxesPerProposal } = value
  checkFrame(NAME, frameHw)
  checkLength(NAME, 'boxes', boxesXyxy, 4 * proposalCount(value) * boxesPerProposal)
  checkScores(NAME, probabilities, i => `proposal ${Math.floor(i / classCount)}: class ${i % classCount}`)
  checkBoxes(NAME, 'box of proposal', boxesXyxy, frameHw, boxesPerProposal)
  return value
}

/** N. @throws TaskError `bad-value` when the class count or the boxes per proposal make no sense. */
export function proposalCount({ classCount, probabilities, boxesPerProposal }: ProposalBoxes): number {
  if (classCount < 1 || probabilities.length % classCount !== 0)
    throw bad(`${probabilities.length} probabilities are not a whole number of rows of ${classCount} classes`)
  if (boxesPerProposal !== 1 && boxesPerProposal !== classCount)
    throw bad(`${boxesPerProposal} boxes for each proposal, expected 1 or one for each of the ${classCount} classes`)
  return probabilities.length / classCount
}

function bad(what: string): TaskError {
  return new TaskError({ code: 'bad-value', message: `${NAME}: ${what}` })
}

/** The static type says `class_boxes: shared | per-class`, beside the class list. */
function explainBoxesDifference(a: Facets, b: Facets): string {
  if (a['class_boxes'] === b['class_boxes']) return explainClassDifference(a, b)
  return `${describe(a)} against ${describe(b)}: such boxes cannot be averaged`
}

function describe(facets: Facets): string {
  return facets['class_boxes'] === 'shared' ? 'one box for all classes' : 'one box for each class'
}
