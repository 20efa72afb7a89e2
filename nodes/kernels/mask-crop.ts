import { addRun, endMask, finishMasks, newMaskBuilder } from './mask-builder.ts'
import { maskCount } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'

/** Masks in the frame of a window of their frame; what lies outside is gone. Done on runs. */
export function cropMasks(
  masks: MaskSet,
  window: { readonly x: number; readonly y: number; readonly widthPx: number; readonly heightPx: number },
): MaskSet {
  const [height] = masks.sizeHw
  const { x, y, widthPx, heightPx } = window
  const builder = newMaskBuilder([heightPx, widthPx], masks.starts.length)
  for (let i = 0; i < maskCount(masks); i++) {
    for (let run = masks.offsets[i]!; run < masks.offsets[i + 1]!; run++) {
      const last = Math.min(x + widthPx - 1, Math.floor((masks.ends[run]! - 1) / height))
      for (let column = Math.max(x, Math.floor(masks.starts[run]! / height)); column <= last; column++) {
        const top = Math.max(masks.starts[run]! - column * height, y)
        const bottom = Math.min(masks.ends[run]! - column * height, y + heightPx)
        const at = (column - x) * heightPx - y
        if (bottom > top) addRun(builder, at + top, at + bottom)
      }
    }
    endMask(builder)
  }
  return finishMasks(builder)
}
