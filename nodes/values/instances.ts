import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import { withLineage } from '../kernels/mask-lineage.ts'
import { validateMaskSet } from '../kernels/mask-sets.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { maskAreas } from '../kernels/rle.ts'
import { explainClassDifference } from './class-lists.ts'
import { decodeTensors, encodeTensors, type NamedTensor } from './safetensors.ts'
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

/**
 * Detections with masks, or the ground truth, of one image: struct of arrays, N instances. Labels are positions in the
 * class list of the static type.
 */
export interface Instances {
  /** [height, width] of the frame: the original image. */
  readonly sizeHw: readonly [number, number]
  /** [4N] x1, y1, x2, y2: continuous pixels, half-open. */
  readonly boxesXyxy: Float64Array
  /** [N] in [0, 1]; 1 in ground truth. */
  readonly scores: Float64Array
  /** [N] 0-based, background never inside. */
  readonly labels: Int32Array
  readonly masks: MaskSet
  /** [N] 1 = a crowd region (COCO `iscrowd`). Only ground truth. */
  readonly crowd?: Uint8Array
  /** [N] area as the annotation states it, px²; evaluation uses it for size ranges. Only ground truth. */
  readonly areasPx?: Float64Array
  /** [N] 1 = one box around several objects (Open Images `IsGroupOf`). Only ground truth. */
  readonly groupOf?: Uint8Array
}

const NAME = 'instances'

export const instancesKind: Kind<Instances> = {
  name: NAME,
  description: 'Boxes, scores, labels and masks of one image; also ground truth.',
  extension: 'safetensors',
  encode: value => {
    const { boxesXyxy, scores, labels, masks, crowd, areasPx, groupOf } = checked(value)
    const shape = [scores.length]
    return encodeTensors(
      {
        size_hw: encodeSizeHw(value.sizeHw),
        boxes_xyxy: { data: boxesXyxy, shape: [scores.length, 4] },
        scores: { data: scores, shape },
        labels: { data: labels, shape },
        mask_starts: { data: masks.starts, shape: [masks.starts.length] },
        mask_ends: { data: masks.ends, shape: [masks.ends.length] },
        mask_offsets: { data: masks.offsets, shape: [masks.offsets.length] },
        ...(crowd && { crowd: { data: crowd, shape } }),
        ...(areasPx && { areas_px: { data: areasPx, shape } }),
        ...(groupOf && { group_of: { data: groupOf, shape } }),
      },
      { kind: NAME },
    )
  },
  decode: bytes => {
    const { tensors } = decodeTensors(bytes)
    const scores = tensorField(NAME, tensors, 'scores', Float64Array, [undefined]).data
    const N = scores.length
    const sizeHw = decodeSizeHw(NAME, tensors, 'size_hw')
    const starts = tensorField(NAME, tensors, 'mask_starts', Uint32Array, [undefined]).data
    return checked({
      sizeHw,
      boxesXyxy: tensorField(NAME, tensors, 'boxes_xyxy', Float64Array, [N, 4]).data,
      scores,
      labels: tensorField(NAME, tensors, 'labels', Int32Array, [N]).data,
      masks: {
        sizeHw,
        starts,
        ends: tensorField(NAME, tensors, 'mask_ends', Uint32Array, [starts.length]).data,
        offsets: tensorField(NAME, tensors, 'mask_offsets', Uint32Array, [N + 1]).data,
      },
      ...optionalMarks(tensors, N),
    })
  },
  explainDifference: explainClassDifference,
  forRepeatedUse: value => ({ ...value, masks: withLineage(value.masks, maskAreas(value.masks)) }),
}

function optionalMarks(
  tensors: ReadonlyMap<string, NamedTensor>,
  count: number,
): Pick<Instances, 'crowd' | 'areasPx' | 'groupOf'> {
  return {
    ...(tensors.has('crowd') && { crowd: tensorField(NAME, tensors, 'crowd', Uint8Array, [count]).data }),
    ...(tensors.has('areas_px') && { areasPx: tensorField(NAME, tensors, 'areas_px', Float64Array, [count]).data }),
    ...(tensors.has('group_of') && { groupOf: tensorField(NAME, tensors, 'group_of', Uint8Array, [count]).data }),
  }
}

/** @throws TaskError naming the instance that breaks a rule of the kind. */
function checked(value: Instances): Instances {
  const { sizeHw, boxesXyxy, scores, labels, masks, crowd, areasPx, groupOf } = value
  checkFrame(NAME, sizeHw)
  const N = scores.length
  checkLength(NAME, 'boxes', boxesXyxy, 4 * N)
  checkLength(NAME, 'labels', labels, N)
  checkLength(NAME, 'mask offsets', masks.offsets, N + 1)
  if (crowd) checkLength(NAME, 'crowd', crowd, N)
  if (areasPx) checkLength(NAME, 'areas', areasPx, N)
  if (groupOf) checkLength(NAME, 'groupOf', groupOf, N)
  checkScores(NAME, scores)
  checkBoxes(NAME, 'box', boxesXyxy, sizeHw)
  checkLabels(NAME, labels)
  const badArea = areasPx?.findIndex(areaPx => !(areaPx >= 0 && Number.isFinite(areaPx))) ?? -1
  if (badArea >= 0) throw bad(`areas[${badArea}] is ${areasPx?.[badArea]}, expected 0 or more`)
  if (masks.sizeHw[0] !== sizeHw[0] || masks.sizeHw[1] !== sizeHw[1]) {
    throw bad(`the masks are ${masks.sizeHw.join(' × ')}, their frame is ${sizeHw.join(' × ')} (height × width)`)
  }
  const problem = validateMaskSet(masks)
  if (problem) throw bad(problem)
  return value
}

function bad(message: string): TaskError {
  return new TaskError({ code: 'bad-value', message: `${NAME}: ${message}` })
}
