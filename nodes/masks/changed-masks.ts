import type { MaskSet } from '../kernels/masks.ts'
import { maskAreas, maskBoxesXyxy } from '../kernels/rle.ts'
import type { Instances } from '../values/instances.ts'
import { selectInstances } from '../values/select-instances.ts'

/**
 * The same instances with other masks, one for each. Where a mask changed, the box becomes its tight box and a stated
 * area its pixels; an instance whose mask is as it was keeps both.
 */
export function withMasks(instances: Instances, masks: MaskSet): Instances {
  const boxesXyxy = instances.boxesXyxy.slice()
  const areasPx = instances.areasPx?.slice()
  const tight = maskBoxesXyxy(masks)
  const pixels = maskAreas(masks)
  for (let i = 0; i < instances.scores.length; i++) {
    if (sameMask(instances.masks, masks, i)) continue
    boxesXyxy.set(tight.subarray(4 * i, 4 * i + 4), 4 * i)
    if (areasPx) areasPx[i] = pixels[i]!
  }
  return { ...instances, boxesXyxy, masks, ...(areasPx && { areasPx }) }
}

/** Leaves out instances whose mask had pixels and has none now. */
export function withoutEmptied(before: Instances, after: Instances): Instances {
  const kept: number[] = []
  for (let i = 0; i < after.scores.length; i++) {
    const emptied =
      after.masks.offsets[i] === after.masks.offsets[i + 1] && before.masks.offsets[i] !== before.masks.offsets[i + 1]
    if (!emptied) kept.push(i)
  }
  return kept.length === after.scores.length ? after : selectInstances(after, kept)
}

function sameMask(a: MaskSet, b: MaskSet, i: number): boolean {
  const first = a.offsets[i]!
  const other = b.offsets[i]!
  const runs = a.offsets[i + 1]! - first
  if (b.offsets[i + 1]! - other !== runs) return false
  for (let run = 0; run < runs; run++) {
    if (a.starts[first + run] !== b.starts[other + run] || a.ends[first + run] !== b.ends[other + run]) return false
  }
  return true
}
