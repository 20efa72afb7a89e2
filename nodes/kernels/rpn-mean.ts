import type { RpnLevel } from './rpn.ts'
import { weightedMean } from './weighted-mean.ts'

/**
 * Proposal maps of several members averaged before they are decoded: logits and deltas, number by number, summed in
 * double in the order of the members, rounded to float32 once. All members have the same levels, anchors and grids.
 * Source: the first stage of TheoViel's Sartorius solution (equal weights there).
 * @param members [M][levels]
 * @param weights [M], ≥ 0 and not all 0.
 */
export function meanRpnLevels(members: readonly (readonly RpnLevel[])[], weights: readonly number[]): RpnLevel[] {
  const [first] = members
  return first!.map((level, at) => ({
    ...level,
    objectness: weightedMean(
      members.map(levels => levels[at]!.objectness),
      weights,
    ),
    deltas: weightedMean(
      members.map(levels => levels[at]!.deltas),
      weights,
    ),
  }))
}
