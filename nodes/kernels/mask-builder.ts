import type { MaskSet } from './masks.ts'

/**
 * A `MaskSet` under construction: runs are appended mask by mask in ascending order, touching runs of one mask grow
 * together, and the arrays double when full. Every kernel that makes masks ends here, so the canonical form of
 * `masks.ts` is kept in one place.
 */
export interface MaskBuilder {
  readonly sizeHw: readonly [number, number]
  starts: Uint32Array
  ends: Uint32Array
  /** Runs written so far, all masks together. */
  runCount: number
  /** Index of the first run of the mask being written. */
  firstRun: number
  readonly offsets: number[]
}

export function newMaskBuilder(sizeHw: readonly [number, number], runCapacity = 256): MaskBuilder {
  const capacity = Math.max(1, runCapacity)
  return {
    sizeHw: [sizeHw[0], sizeHw[1]],
    starts: new Uint32Array(capacity),
    ends: new Uint32Array(capacity),
    runCount: 0,
    firstRun: 0,
    offsets: [0],
  }
}

/** Makes room for `extra` more runs; afterwards `starts` and `ends` may be other arrays. */
export function reserveRuns(builder: MaskBuilder, extra: number): void {
  const needed = builder.runCount + extra
  if (needed <= builder.starts.length) return
  const capacity = Math.max(needed, builder.starts.length * 2)
  const starts = new Uint32Array(capacity)
  const ends = new Uint32Array(capacity)
  starts.set(builder.starts.subarray(0, builder.runCount))
  ends.set(builder.ends.subarray(0, builder.runCount))
  builder.starts = starts
  builder.ends = ends
}

/** Appends [start, end) to the mask being written; `start` is not before the end of its last run. Empty runs vanish. */
export function addRun(builder: MaskBuilder, start: number, end: number): void {
  if (end <= start) return
  const count = builder.runCount
  if (count > builder.firstRun && builder.ends[count - 1] === start) {
    builder.ends[count - 1] = end
    return
  }
  if (count === builder.starts.length) reserveRuns(builder, 1)
  builder.starts[count] = start
  builder.ends[count] = end
  builder.runCount = count + 1
}

/** Ends the mask being written; the next run belongs to the next one. */
export function endMask(builder: MaskBuilder): void {
  builder.offsets.push(builder.runCount)
  builder.firstRun = builder.runCount
}

/** The masks written; the builder is used up. */
export function finishMasks(builder: MaskBuilder): MaskSet {
  const { sizeHw, starts, ends, runCount } = builder
  const offsets = Uint32Array.from(builder.offsets)
  if (runCount === starts.length) return { sizeHw, starts, ends, offsets }
  return { sizeHw, starts: starts.slice(0, runCount), ends: ends.slice(0, runCount), offsets }
}
