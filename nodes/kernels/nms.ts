import { argsortDescending } from './order.ts'

export interface NmsOptions {
  /** [N] boxes suppress each other only within their group (class, pyramid level). Absent: one group. */
  readonly groups?: Int32Array
  /** Stop when this many have survived, over all groups together. */
  readonly max?: number
}

/**
 * Greedy non-maximum suppression: walk the boxes by score descending (ties by index); a box survives unless its IoU with
 * a survivor of its group is > `iouThreshold` (torchvision.ops.nms and batched_nms, but in doubles). Boxes without area
 * suppress nothing and are not suppressed.
 *
 * Lazy: a box is compared with the survivors before it, so a cap ends the walk early; the result is the same as that of
 * the full run cut to `max`.
 * @returns indices of the survivors, in that order.
 */
export function greedyNms(
  boxesXyxy: Float64Array | Float32Array,
  scores: Float64Array | Float32Array,
  iouThreshold: number,
  options: NmsOptions = {},
): Uint32Array {
  const order = argsortDescending(scores)
  const groups = options.groups
  const max = Math.min(options.max ?? order.length, order.length)
  const kept = new Uint32Array(max)
  // Survivors as x1, y1, x2, y2, area side by side; those of one group linked from the newest to the oldest.
  const survivors = new Float64Array(5 * max)
  const older = new Int32Array(max)
  const newest = new Map<number, number>()
  let count = 0
  for (let rank = 0; rank < order.length && count < max; rank++) {
    const index = order[rank]!
    const group = groups === undefined ? 0 : groups[index]!
    const x1 = boxesXyxy[4 * index]!
    const y1 = boxesXyxy[4 * index + 1]!
    const x2 = boxesXyxy[4 * index + 2]!
    const y2 = boxesXyxy[4 * index + 3]!
    const area = (x2 - x1) * (y2 - y1)
    const link = newest.get(group) ?? -1
    let at = link
    while (at >= 0) {
      const base = 5 * at
      const left = survivors[base]!
      const right = survivors[base + 2]!
      const width = Math.min(x2, right) - Math.max(x1, left)
      if (width > 0) {
        const top = survivors[base + 1]!
        const bottom = survivors[base + 3]!
        const height = Math.min(y2, bottom) - Math.max(y1, top)
        if (height > 0) {
          const overlap = width * height
          if (overlap / (area + survivors[base + 4]! - overlap) > iouThreshold) break
        }
      }
      at = older[at]!
    }
    if (at >= 0) continue
    survivors[5 * count] = x1
    survivors[5 * count + 1] = y1
    survivors[5 * count + 2] = x2
    survivors[5 * count + 3] = y2
    survivors[5 * count + 4] = area
    older[count] = link
    newest.set(group, count)
    kept[count++] = index
  }
  return kept.slice(0, count)
}
