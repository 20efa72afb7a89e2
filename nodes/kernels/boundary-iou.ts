import { roundHalfEven } from './anchors.ts'
import { differenceEach } from './mask-algebra.ts'
import { maskIou } from './mask-iou.ts'
import type { MaskSet } from './masks.ts'
import { erodeMasks } from './morphology.ts'

/**
 * Boundary IoU (Cheng et al. 2021): IoU of the pixels of each mask within `widthPx` of its contour. Source:
 * `boundary_iou_api` and faster-coco-eval 1.8.0 (`iouType = "boundary"`).
 */

/** Width of the band for a frame: `ratio` of its diagonal, rounded half to even, at least 1. Default ratio 0.02. */
export function boundaryWidthPx(sizeHw: readonly [number, number], ratio = 0.02): number {
  return Math.max(1, roundHalfEven(ratio * Math.sqrt(sizeHw[0] ** 2 + sizeHw[1] ** 2)))
}

/** The pixels of each mask that a square of 2 · widthPx + 1 around them does not lie inside of; the frame's edge cuts. */
export function boundaryMasks(masks: MaskSet, widthPx: number): MaskSet {
  return differenceEach(masks, erodeMasks(masks, { shape: 'square', radiusPx: widthPx }, 'background'))
}

/**
 * [Na · Nb] the smaller of mask IoU and boundary IoU; for crowd columns of `b` the mask IoU alone.
 * @param widthPx default `boundaryWidthPx` of the frame.
 */
export function maskAndBoundaryIou(
  a: MaskSet,
  b: MaskSet,
  options: { readonly crowd?: Uint8Array; readonly widthPx?: number } = {},
): Float64Array {
  const { crowd, widthPx = boundaryWidthPx(a.sizeHw) } = options
  const whole = maskIou(a, b, crowd === undefined ? {} : { crowd })
  const band = maskIou(boundaryMasks(a, widthPx), boundaryMasks(b, widthPx))
  const columns = b.offsets.length - 1
  return whole.map((iou, k) => (crowd?.[k % columns] === 1 ? iou : Math.min(iou, band[k]!)))
}
