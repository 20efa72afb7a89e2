import { gatherBoxes } from '../kernels/box-geometry.ts'
import { decodeRpn, type RpnRules } from '../kernels/rpn.ts'
import { boxesToFrame, viewHw } from '../kernels/view-frame.ts'
import type { Proposals } from './proposals.ts'
import type { RpnMaps } from './rpn.ts'

/**
 * Decodes the proposal maps of a view and takes the boxes from the view to the original image. Those that lie wholly in
 * the black of a letterbox are left out.
 */
export function proposalsFrom(
  { view, levels, coder }: RpnMaps,
  rules: Omit<RpnRules, keyof RpnMaps['coder']>,
): Proposals {
  const { frameHw } = view
  const { boxesXyxy, scores } = decodeRpn(levels, viewHw(view), { ...rules, ...coder })
  boxesToFrame(boxesXyxy, view)
  if (view.squarePx === undefined) return { frameHw, boxesXyxy, scores }
  const inside = indicesWithArea(boxesXyxy)
  return { frameHw, boxesXyxy: gatherBoxes(boxesXyxy, inside), scores: Float64Array.from(inside, i => scores[i]!) }
}

function indicesWithArea(boxesXyxy: Float64Array): number[] {
  return Array.from({ length: boxesXyxy.length / 4 }, (_, i) => i).filter(
    i => boxesXyxy[4 * i + 2]! > boxesXyxy[4 * i]! && boxesXyxy[4 * i + 3]! > boxesXyxy[4 * i + 1]!,
  )
}
