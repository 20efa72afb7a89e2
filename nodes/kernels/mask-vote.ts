import { addRun, endMask, finishMasks, newMaskBuilder } from './mask-builder.ts'
import { maskCount } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'

/**
 * One mask out of many: a pixel is set when Σ weight · mask / Σ weight passes the threshold. The sums run over the masks
 * in order for every stretch of pixels between two run ends, so they are the numbers a dense loop gets (adding and
 * taking away weights along the way would drift).
 *
 * Source of the rule: mask voting of the 7th-place solution of Open Images 2019 (score-weighted, `> 0.5`). No masks, or
 * weights that add up to 0, give an empty mask.
 */
export function voteMasks(
  masks: MaskSet,
  weights: ArrayLike<number>,
  threshold: number,
  comparison: '>' | '>=' = '>',
): MaskSet {
  const count = maskCount(masks)
  const { starts, ends, offsets } = masks
  const builder = newMaskBuilder(masks.sizeHw, 256)
  let total = 0
  for (let i = 0; i < count; i++) total += weights[i]!
  const next = offsets.slice(0, count)
  let position = 0
  while (total > 0) {
    // The stretch from `position` to the next place where any mask changes.
    let sum = 0
    let change = Number.POSITIVE_INFINITY
    for (let i = 0; i < count; i++) {
      let run = next[i]!
      const last = offsets[i + 1]!
      if (run < last && ends[run]! <= position) next[i] = ++run
      if (run === last) continue
      if (starts[run]! <= position) {
        sum += weights[i]!
        if (ends[run]! < change) change = ends[run]!
      } else if (starts[run]! < change) change = starts[run]!
    }
    if (change === Number.POSITIVE_INFINITY) break
    const share = sum / total
    const set = comparison === '>' ? share > threshold : share >= threshold
    if (set) addRun(builder, position, change)
    position = change
  }
  endMask(builder)
  return finishMasks(builder)
}
