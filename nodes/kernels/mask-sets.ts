import { lineage, selectedOffsets, selectFromRoot } from './mask-lineage.ts'
import type { MaskSet } from './masks.ts'

/** Masks in the set. */
export function maskCount(masks: MaskSet): number {
  return masks.offsets.length - 1
}

/** `count` masks without a pixel. */
export function emptyMasks(sizeHw: readonly [number, number], count: number): MaskSet {
  return {
    sizeHw: [sizeHw[0], sizeHw[1]],
    starts: new Uint32Array(0),
    ends: new Uint32Array(0),
    offsets: new Uint32Array(count + 1),
  }
}

/**
 * The masks of all sets, in order; of one set, itself.
 * @throws RangeError when the frames differ or the list is empty (no frame to give the result).
 */
export function concatMasks(sets: readonly MaskSet[]): MaskSet {
  const frame = sets[0]?.sizeHw
  if (frame === undefined) throw new RangeError('no mask sets to put together, so no frame size')
  if (sets.length === 1) return sets[0]!
  let runs = 0
  let masks = 0
  for (const set of sets) {
    if (set.sizeHw[0] !== frame[0] || set.sizeHw[1] !== frame[1]) {
      throw new RangeError(`masks of ${sizeText(set.sizeHw)} cannot join masks of ${sizeText(frame)}`)
    }
    runs += set.starts.length
    masks += maskCount(set)
  }
  const starts = new Uint32Array(runs)
  const ends = new Uint32Array(runs)
  const offsets = new Uint32Array(masks + 1)
  let run = 0
  let mask = 0
  for (const set of sets) {
    starts.set(set.starts, run)
    ends.set(set.ends, run)
    for (let i = 0; i < maskCount(set); i++) offsets[mask + i + 1] = run + set.offsets[i + 1]!
    run += set.starts.length
    mask += maskCount(set)
  }
  return { sizeHw: frame, starts, ends, offsets }
}

/** The masks at `indices`, in that order; an index may come more than once. */
export function selectMasks(masks: MaskSet, indices: ArrayLike<number>): MaskSet {
  const origin = masks[lineage]
  return origin === undefined ? copyMasks(masks, indices) : selectFromRoot(origin, indices, copyMasks)
}

function copyMasks(masks: MaskSet, indices: ArrayLike<number>): MaskSet {
  const offsets = selectedOffsets(masks.offsets, indices)
  const runs = offsets[indices.length]!
  const starts = new Uint32Array(runs)
  const ends = new Uint32Array(runs)
  for (let k = 0; k < indices.length; k++) {
    const i = indices[k]!
    starts.set(masks.starts.subarray(masks.offsets[i]!, masks.offsets[i + 1]!), offsets[k]!)
    ends.set(masks.ends.subarray(masks.offsets[i]!, masks.offsets[i + 1]!), offsets[k]!)
  }
  return { sizeHw: masks.sizeHw, starts, ends, offsets }
}

/** h · w. @throws RangeError when a side is not a whole number ≥ 0 or run positions would not fit 32 bits. */
export function frameArea(sizeHw: readonly [number, number]): number {
  const [height, width] = sizeHw
  const area = height * width
  if (!Number.isInteger(height) || !Number.isInteger(width) || height < 0 || width < 0 || area > 0xffffffff) {
    throw new RangeError(`${sizeText(sizeHw)} is not a mask size: whole numbers with at most 4294967295 pixels are`)
  }
  return area
}

/** "480 x 640 (height x width)", for messages. */
export function sizeText(sizeHw: readonly [number, number]): string {
  return `${sizeHw[0]} x ${sizeHw[1]} (height x width)`
}

/**
 * The first thing in which `masks` breaks the rules of `MaskSet`, as a sentence that names the mask, or undefined.
 * For the boundaries of nodes: kernels rely on these rules and check none of them.
 */
export function validateMaskSet(masks: MaskSet): string | undefined {
  const { starts, ends, offsets, sizeHw } = masks
  const [height, width] = sizeHw
  const area = height * width
  if (!Number.isInteger(height) || !Number.isInteger(width) || height < 0 || width < 0 || area > 0xffffffff) {
    return `the frame of the masks is ${sizeText(sizeHw)}; expected whole numbers with at most 4294967295 pixels`
  }
  if (starts.length !== ends.length) return `${starts.length} run starts but ${ends.length} run ends`
  if (offsets.length === 0 || offsets[0] !== 0) return 'mask offsets do not begin with 0'
  for (let i = 0; i + 1 < offsets.length; i++) {
    const first = offsets[i]!
    const last = offsets[i + 1]!
    if (last < first || last > starts.length) return `mask ${i}: its runs ${first} to ${last} do not exist`
    let before = -1
    for (let run = first; run < last; run++) {
      const start = starts[run]!
      const end = ends[run]!
      if (end <= start) return `mask ${i}: run ${run - first} is empty (${start} to ${end})`
      if (start <= before)
        return `mask ${i}: run ${run - first} begins at ${start}, not after the end ${before} of the run before`
      before = end
    }
    if (before > area)
      return `mask ${i}: its last run ends at ${before}; the ${sizeText(sizeHw)} frame has ${area} pixels`
  }
  if (offsets[offsets.length - 1] !== starts.length) {
    return `${starts.length} runs but the masks use ${offsets[offsets.length - 1]}`
  }
  return undefined
}
