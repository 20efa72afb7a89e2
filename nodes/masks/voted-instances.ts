import type { MaskNmsResult } from '../kernels/mask-nms.ts'
import { voteSuppressed } from '../kernels/mask-voting.ts'
import type { Instances } from '../values/instances.ts'
import { selectInstances } from '../values/select-instances.ts'
import { withMasks } from './changed-masks.ts'

/** The survivors of mask NMS with masks corrected by what they suppressed; without those that end without a pixel. */
export function votedInstances(all: Instances, survivors: Instances, result: MaskNmsResult): Instances {
  const voted = withMasks(survivors, voteSuppressed(all.masks, all.scores, result))
  const seen = [...voted.scores.keys()].filter(i => voted.masks.offsets[i]! < voted.masks.offsets[i + 1]!)
  return selectInstances(voted, seen)
}
