import type { MaskNmsResult } from './mask-nms.ts'
import { concatMasks, selectMasks } from './mask-sets.ts'
import { voteMasks } from './mask-vote.ts'
import type { MaskSet } from './masks.ts'

/**
 * Masks of the survivors of mask NMS, corrected by what they suppressed: where a survivor suppressed at least 2 masks
 * whose scores add up to > its own, its mask becomes the vote of itself and them, Σ score · mask / Σ score > 0.5.
 * Nothing else changes, scores included. Source: `--mask_voting` of nms_on_csvs.py, 7th place of Open Images 2019.
 * @returns one mask for each survivor, in their order.
 */
export function voteSuppressed(masks: MaskSet, scores: Float64Array, { kept, suppressedBy }: MaskNmsResult): MaskSet {
  const victims = new Map<number, number[]>()
  suppressedBy.forEach((by, index) => {
    if (by < 0 || by === index) return
    const list = victims.get(by)
    if (list) list.push(index)
    else victims.set(by, [index])
  })
  const voted = Array.from(kept, survivor => {
    const own = victims.get(survivor) ?? []
    const against = own.reduce((sum, index) => sum + scores[index]!, 0)
    if (own.length < 2 || against <= scores[survivor]!) return selectMasks(masks, [survivor])
    const voters = [survivor, ...own]
    return voteMasks(
      selectMasks(masks, voters),
      voters.map(index => scores[index]!),
      0.5,
    )
  })
  return voted.length > 0 ? concatMasks(voted) : selectMasks(masks, [])
}
