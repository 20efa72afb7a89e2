import { maskCount } from './mask-sets.ts'
import type { MaskSet } from './masks.ts'

/** A picture of instance numbers, row-major [h · w]; 0 is background. */
export type LabelMap = Uint8Array | Uint16Array | Int32Array | Uint32Array

export interface LabelledMasks {
  readonly masks: MaskSet
  /** [N] the number each mask had in the map, rising. */
  readonly values: Float64Array
}

/** One mask per number other than 0 that occurs; pixels of one number need not be connected. */
export function labelMapToMasks(map: LabelMap, sizeHw: readonly [number, number]): LabelledMasks {
  const [height, width] = sizeHw
  const runLabels: number[] = []
  const runStarts: number[] = []
  const runEnds: number[] = []
  let label = 0
  let start = 0
  for (let x = 0; x < width; x++) {
    for (let y = 0, at = x; y < height; y++, at += width) {
      const here = map[at]!
      if (here === label) continue
      const position = x * height + y
      if (label !== 0) {
        runLabels.push(label)
        runStarts.push(start)
        runEnds.push(position)
      }
      label = here
      start = position
    }
  }
  if (label !== 0) {
    runLabels.push(label)
    runStarts.push(start)
    runEnds.push(width * height)
  }
  const values = Float64Array.from(new Set(runLabels)).sort()
  const indexOf = new Map(Array.from(values, (value, i) => [value, i]))
  const offsets = new Uint32Array(values.length + 1)
  const owners = Uint32Array.from(runLabels, value => indexOf.get(value)!)
  for (const owner of owners) offsets[owner + 1]!++
  for (let i = 0; i < values.length; i++) offsets[i + 1]! += offsets[i]!
  const next = offsets.slice()
  const starts = new Uint32Array(owners.length)
  const ends = new Uint32Array(owners.length)
  for (let run = 0; run < owners.length; run++) {
    const at = next[owners[run]!]!++
    starts[at] = runStarts[run]!
    ends[at] = runEnds[run]!
  }
  return { masks: { sizeHw: [height, width], starts, ends, offsets }, values }
}

/**
 * Mask i becomes number i + 1. Where masks overlap, `first` keeps the number of the lower index, `last` lets the higher
 * one paint over.
 */
export function masksToLabelMap(masks: MaskSet, overlap: 'first' | 'last'): Uint32Array<ArrayBuffer> {
  const [height, width] = masks.sizeHw
  const map = new Uint32Array(height * width)
  const count = maskCount(masks)
  for (let k = 0; k < count; k++) {
    const i = overlap === 'last' ? k : count - 1 - k
    for (let run = masks.offsets[i]!; run < masks.offsets[i + 1]!; run++) {
      const end = masks.ends[run]!
      let position = masks.starts[run]!
      let x = Math.floor(position / height)
      let y = position - x * height
      while (position < end) {
        const stop = Math.min(height, y + end - position)
        position += stop - y
        for (; y < stop; y++) map[y * width + x] = i + 1
        x++
        y = 0
      }
    }
  }
  return map
}
