import { flipBoxes, scaleBoxes } from '../kernels/box-geometry.ts'
import { decodeRpn, type RpnRules } from '../kernels/rpn.ts'
import type { Proposals } from './proposals.ts'
import type { RpnMaps } from './rpn.ts'

/** Decodes the proposal maps of a view and takes the boxes from the view to the original image. */
export function proposalsFrom(
  { view, levels, coder }: RpnMaps,
  rules: Omit<RpnRules, keyof RpnMaps['coder']>,
): Proposals {
  const { frameHw, resizedHw, flip } = view
  const { boxesXyxy, scores } = decodeRpn(levels, resizedHw, { ...rules, ...coder })
  flipBoxes(boxesXyxy, flip, resizedHw)
  scaleBoxes(boxesXyxy, frameHw[1] / resizedHw[1], frameHw[0] / resizedHw[0])
  return { frameHw, boxesXyxy, scores }
}
