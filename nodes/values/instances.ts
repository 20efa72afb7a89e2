import type { MaskSet } from '../kernels/masks.ts'

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
