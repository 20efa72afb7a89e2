import { changesOfBits, setRunBits } from './mask-bits.ts'
import { endMask, finishMasks, type MaskBuilder, newMaskBuilder, reserveRuns } from './mask-builder.ts'
import { concatMasks, emptyMasks, maskCount, selectMasks, sizeText } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'

/**
 * Set algebra of masks; equal pixel for pixel to pycocotools' `merge`. Many masks are united in a bit per pixel of the
 * stretch they cover, or, where the stretch is long and the runs are few, as a balanced tree of pairs: n masks of r runs
 * take n · r or n · r · log n steps (a left fold takes n² · r).
 */

type Operation = 'union' | 'intersection' | 'difference'

/** All pixels of at least one mask, as one mask; empty for no masks. */
export function unionOfAll(masks: MaskSet): MaskSet {
  const { starts, ends } = masks
  if (starts.length === 0) return emptyMasks(masks.sizeHw, 1)
  if (maskCount(masks) === 1) return masks
  let low = starts[0]!
  let high = 0
  for (let i = 0; i < maskCount(masks); i++) {
    if (masks.offsets[i] === masks.offsets[i + 1]) continue
    low = Math.min(low, starts[masks.offsets[i]!]!)
    high = Math.max(high, ends[masks.offsets[i + 1]! - 1]!)
  }
  const originWord = low >>> 5
  const words = ((high - 1) >>> 5) - originWord + 1
  if (words > 8 * starts.length) return unionByPairs(masks)
  const bits = new Int32Array(words)
  setRunBits(bits, originWord, starts, ends, 0, starts.length)
  const changes = changesOfBits(bits, originWord, (originWord + words) * 32)
  const runs = changes.length / 2
  const united = { starts: new Uint32Array(runs), ends: new Uint32Array(runs) }
  for (let run = 0; run < runs; run++) {
    united.starts[run] = changes[2 * run]!
    united.ends[run] = changes[2 * run + 1]!
  }
  return { sizeHw: masks.sizeHw, ...united, offsets: Uint32Array.of(0, runs) }
}

/** The pixels that all masks share, as one mask; empty for no masks. */
export function intersectionOfAll(masks: MaskSet): MaskSet {
  let shared = maskCount(masks) === 0 ? emptyMasks(masks.sizeHw, 1) : selectMasks(masks, [0])
  for (let i = 1; i < maskCount(masks) && shared.starts.length > 0; i++) {
    const builder = newMaskBuilder(masks.sizeHw, shared.starts.length)
    combine(builder, shared, 0, masks, i, 'intersection')
    shared = finishMasks(builder)
  }
  return shared
}

/** Mask i of the result is mask i of a with the pixels of mask i of b. @throws RangeError when frames or counts differ. */
export function unionEach(a: MaskSet, b: MaskSet): MaskSet {
  return each(a, b, 'union')
}

/** The pixels of a that are in b, mask by mask. @throws as `unionEach`. */
export function intersectionEach(a: MaskSet, b: MaskSet): MaskSet {
  return each(a, b, 'intersection')
}

/** The pixels of a that are not in b, mask by mask. @throws as `unionEach`. */
export function differenceEach(a: MaskSet, b: MaskSet): MaskSet {
  return each(a, b, 'difference')
}

/** Everything outside each mask. */
export function complementEach(masks: MaskSet): MaskSet {
  const area = masks.sizeHw[0] * masks.sizeHw[1]
  const count = maskCount(masks)
  const full: MaskSet =
    area === 0
      ? emptyMasks(masks.sizeHw, count)
      : {
          sizeHw: masks.sizeHw,
          starts: new Uint32Array(count),
          ends: new Uint32Array(count).fill(area),
          offsets: Uint32Array.from({ length: count + 1 }, (_, i) => i),
        }
  return differenceEach(full, masks)
}

/** @throws RangeError when the masks do not belong to the same frame, or there are not as many of both. */
function each(a: MaskSet, b: MaskSet, operation: Operation): MaskSet {
  if (a.sizeHw[0] !== b.sizeHw[0] || a.sizeHw[1] !== b.sizeHw[1]) {
    throw new RangeError(`masks of ${sizeText(a.sizeHw)} and of ${sizeText(b.sizeHw)} have no ${operation}`)
  }
  if (maskCount(a) !== maskCount(b)) {
    throw new RangeError(`${maskCount(a)} masks and ${maskCount(b)} masks do not make pairs`)
  }
  const builder = newMaskBuilder(a.sizeHw, a.starts.length + b.starts.length)
  for (let i = 0; i < maskCount(a); i++) combine(builder, a, i, b, i, operation)
  return finishMasks(builder)
}

function unionByPairs(masks: MaskSet): MaskSet {
  let level = masks
  while (maskCount(level) > 1) {
    const count = maskCount(level)
    const builder = newMaskBuilder(level.sizeHw, level.starts.length)
    for (let i = 0; i + 1 < count; i += 2) combine(builder, level, i, level, i + 1, 'union')
    const pairs = finishMasks(builder)
    level = count % 2 === 0 ? pairs : concatMasks([pairs, selectMasks(level, [count - 1])])
  }
  return level
}

/** Appends one mask: mask i of a combined with mask j of b. */
function combine(builder: MaskBuilder, a: MaskSet, i: number, b: MaskSet, j: number, operation: Operation): void {
  const lastA = a.offsets[i + 1]!
  const lastB = b.offsets[j + 1]!
  let runA = a.offsets[i]!
  let runB = b.offsets[j]!
  reserveRuns(builder, lastA - runA + lastB - runB)
  if (operation === 'union') union(builder, a, runA, lastA, b, runB, lastB)
  else if (operation === 'intersection') {
    const { starts, ends } = builder
    let count = builder.runCount
    while (runA < lastA && runB < lastB) {
      const endA = a.ends[runA]!
      const endB = b.ends[runB]!
      const start = Math.max(a.starts[runA]!, b.starts[runB]!)
      const end = Math.min(endA, endB)
      if (start < end) {
        starts[count] = start
        ends[count++] = end
      }
      if (endA <= endB) runA++
      if (endB <= endA) runB++
    }
    builder.runCount = count
  } else difference(builder, a, runA, lastA, b, runB, lastB)
  endMask(builder)
}

function union(
  builder: MaskBuilder,
  a: MaskSet,
  firstA: number,
  lastA: number,
  b: MaskSet,
  firstB: number,
  lastB: number,
): void {
  const { starts, ends } = builder
  let count = builder.runCount
  let runA = firstA
  let runB = firstB
  let open = -1
  let reach = -1
  while (runA < lastA || runB < lastB) {
    const takeA = runB === lastB || (runA < lastA && a.starts[runA]! <= b.starts[runB]!)
    const start = takeA ? a.starts[runA]! : b.starts[runB]!
    const end = takeA ? a.ends[runA++]! : b.ends[runB++]!
    if (start > reach) {
      if (open >= 0) {
        starts[count] = open
        ends[count++] = reach
      }
      open = start
      reach = end
    } else if (end > reach) reach = end
  }
  if (open >= 0) {
    starts[count] = open
    ends[count++] = reach
  }
  builder.runCount = count
}

function difference(
  builder: MaskBuilder,
  a: MaskSet,
  firstA: number,
  lastA: number,
  b: MaskSet,
  firstB: number,
  lastB: number,
): void {
  const { starts, ends } = builder
  let count = builder.runCount
  let runB = firstB
  for (let runA = firstA; runA < lastA; runA++) {
    let start = a.starts[runA]!
    const end = a.ends[runA]!
    while (runB < lastB && b.ends[runB]! <= start) runB++
    for (let cut = runB; cut < lastB && b.starts[cut]! < end; cut++) {
      if (b.starts[cut]! > start) {
        starts[count] = start
        ends[count++] = b.starts[cut]!
      }
      start = b.ends[cut]!
    }
    if (start < end) {
      starts[count] = start
      ends[count++] = end
    }
  }
  builder.runCount = count
}
