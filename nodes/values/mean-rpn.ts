import { TaskError } from '../../engine/base/diagnostic.ts'
import { meanRpnLevels } from '../kernels/rpn-mean.ts'
import type { RpnMaps } from './rpn.ts'
import { type FoldWeights, membersOf, type Weights } from './weights.ts'

/**
 * The mean of the proposal maps of several members that saw the same view of the same picture. That their anchors agree
 * is in the static type.
 * @throws TaskError when views differ: mirrored maps have their anchors at other places, resized ones other grids.
 */
export function meanRpn(all: readonly RpnMaps[], given: FoldWeights | undefined, named: Weights | undefined): RpnMaps {
  const { values: members, weights } = membersOf(all, given, named)
  const [first] = members as [RpnMaps, ...RpnMaps[]]
  for (const [index, member] of members.entries()) {
    const difference = viewDifference(first, member)
    if (difference === undefined) continue
    throw new TaskError({
      code: 'bad-value',
      message: `the proposal maps of member 0 and member ${index} cannot be averaged: ${difference}`,
      fix: 'select one view of each member: { from: propose.rpn, where: { scale: …, flip: none } }',
    })
  }
  const levels = meanRpnLevels(
    members.map(member => member.levels),
    weights,
  )
  return { ...first, levels }
}

function viewDifference(a: RpnMaps, b: RpnMaps): string | undefined {
  if (a.view.flip !== b.view.flip) return `flip ${a.view.flip} against ${b.view.flip}`
  const sizes = [a.view.frameHw, b.view.frameHw, a.view.resizedHw, b.view.resizedHw].map(
    ([height, width]) => `${width} × ${height} px`,
  )
  if (sizes[0] !== sizes[1]) return `images of ${sizes[0]} against ${sizes[1]}`
  if (sizes[2] !== sizes[3]) return `views of ${sizes[2]} against ${sizes[3]}`
  if (a.view.squarePx !== b.view.squarePx) {
    return `${a.view.squarePx ?? 'no'} px of black square against ${b.view.squarePx ?? 'no'}`
  }
  const at = a.levels.findIndex(
    ({ objectness, deltas }, level) =>
      objectness.length !== b.levels[level]?.objectness.length || deltas.length !== b.levels[level].deltas.length,
  )
  return at < 0 ? undefined : `level ${at} has a grid of another size`
}
