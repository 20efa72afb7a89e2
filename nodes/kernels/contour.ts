import type { MaskSet } from './masks.ts'
import { maskBoxesXyxy } from './rle.ts'

/**
 * Borders of a mask as OpenCV's `findContours` follows them (Suzuki and Abe 1985; OpenCV 4 and 5), as chain codes.
 * Foreground connects over corners. A hole's border runs over the foreground pixels around the hole.
 */
export interface Border {
  readonly startX: number
  readonly startY: number
  /**
   * Steps from pixel to pixel, back to the start: 0 = right, 1 = right and up, then counter-clockwise to 7 = right and
   * down. Empty for a single pixel.
   */
  readonly codes: Uint8Array
  readonly isHole: boolean
  /** Not inside a hole of another border (`RETR_EXTERNAL`); false for holes. */
  readonly isExternal: boolean
}

/** Change of x and y of each code. */
export const CODE_DX = [1, 1, 0, -1, -1, -1, 0, 1] as const
export const CODE_DY = [0, -1, -1, -1, 0, 1, 1, 1] as const

/**
 * All borders in reading order of their first pixel. Works on the mask's box with a ring of zeros, in which a border
 * pixel carries the number of its border (from 2), negative where the border turns its right side to background.
 */
export function traceBorders(masks: MaskSet, index: number): Border[] {
  const boxes = maskBoxesXyxy({
    sizeHw: masks.sizeHw,
    starts: masks.starts.subarray(masks.offsets[index]!, masks.offsets[index + 1]!),
    ends: masks.ends.subarray(masks.offsets[index]!, masks.offsets[index + 1]!),
    offsets: Uint32Array.of(0, masks.offsets[index + 1]! - masks.offsets[index]!),
  })
  const left = boxes[0]! - 1
  const top = boxes[1]! - 1
  const width = boxes[2]! + 1 - left
  const height = boxes[3]! + 1 - top
  const labels = paintBox(masks, index, left, top, width, height)
  const steps = Int32Array.from({ length: 8 }, (_, code) => CODE_DY[code]! * width + CODE_DX[code]!)
  const borders: Border[] = []
  /** Per border number − 2: the number of the border around it, 0 for the frame. */
  const parents: number[] = []
  for (let y = 1; y < height - 1; y++) {
    let lastSeen = 0
    for (let at = y * width + 1; at < (y + 1) * width; at++) {
      const value = labels[at]!
      const before = labels[at - 1]!
      let start = -1
      if (value === 1 && before === 0) start = at
      else if (value === 0 && before >= 1) start = at - 1
      if (start >= 0) {
        const isHole = start !== at
        // A hole begins at its left neighbour, whose own border is the one just seen.
        if (isHole && before > 1) lastSeen = before
        const around = lastSeen === 0 ? 0 : borders[lastSeen - 2]!.isHole === isHole ? parents[lastSeen - 2]! : lastSeen
        const number = borders.length + 2
        const codes = followBorder(labels, start, steps, isHole, number)
        const startY = Math.floor(start / width)
        borders.push({
          startX: left + start - startY * width,
          startY: top + startY,
          codes,
          isHole,
          isExternal: !isHole && around === 0,
        })
        parents.push(around)
      }
      const now = Math.abs(labels[at]!)
      if (now > 1) lastSeen = now
    }
  }
  return borders
}

/** Goes around one border, marks its pixels with `number` and returns its codes. */
function followBorder(
  labels: Int32Array,
  start: number,
  steps: Int32Array,
  isHole: boolean,
  number: number,
): Uint8Array<ArrayBuffer> {
  // Clockwise from the background neighbour to the first pixel set: the last one of the way round.
  const background = isHole ? 0 : 4
  let code = background
  do code = (code + 7) & 7
  while (labels[start + steps[code]!] === 0 && code !== background)
  if (code === background) {
    labels[start] = -number
    return new Uint8Array(0)
  }
  const final = start + steps[code]!
  const codes: number[] = []
  let at = start
  for (;;) {
    const back = code
    do code = (code + 1) & 7
    while (labels[at + steps[code]!] === 0)
    // Passing code 0 means that the right neighbour was looked at and is background.
    if (code !== 0 && code - 1 < back) labels[at] = -number
    else if (labels[at] === 1) labels[at] = number
    codes.push(code)
    const next = at + steps[code]!
    if (next === start && at === final) return Uint8Array.from(codes)
    at = next
    code = (code + 4) & 7
  }
}

function paintBox(masks: MaskSet, index: number, left: number, top: number, width: number, height: number): Int32Array {
  const [frameHeight] = masks.sizeHw
  const labels = new Int32Array(width * height)
  for (let run = masks.offsets[index]!; run < masks.offsets[index + 1]!; run++) {
    for (let position = masks.starts[run]!; position < masks.ends[run]!; ) {
      const x = Math.floor(position / frameHeight)
      const columnStart = x * frameHeight
      const end = Math.min(masks.ends[run]!, columnStart + frameHeight)
      let at = (position - columnStart - top) * width + x - left
      for (; position < end; position++, at += width) labels[at] = 1
    }
  }
  return labels
}
