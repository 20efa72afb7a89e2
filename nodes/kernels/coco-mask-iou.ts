import type { MaskSet } from './masks.ts'

/** [N] foreground pixels of each mask. */
export function maskAreas(masks: MaskSet): Float64Array {
  const areas = new Float64Array(masks.offsets.length - 1)
  for (let i = 0; i < areas.length; i++) {
    for (let run = masks.offsets[i]!; run < masks.offsets[i + 1]!; run++)
      areas[i]! += masks.ends[run]! - masks.starts[run]!
  }
  return areas
}

/** [D · G] IoU of some masks with some others of the same frame; crowd: divided by the detection's area. Empties: 0. */
export function pairwiseMaskIou(
  a: MaskSet,
  chosenA: Uint32Array,
  b: MaskSet,
  chosenB: Uint32Array,
  crowd: Uint8Array,
): Float64Array {
  const areasA = maskAreas(a)
  const areasB = maskAreas(b)
  const out = new Float64Array(chosenA.length * chosenB.length)
  for (let i = 0; i < chosenA.length; i++) {
    for (let j = 0; j < chosenB.length; j++) {
      const overlap = runOverlap(a, chosenA[i]!, b, chosenB[j]!)
      if (overlap === 0) continue
      const area = areasA[chosenA[i]!]!
      out[i * chosenB.length + j] = overlap / (crowd[j] === 1 ? area : area + areasB[chosenB[j]!]! - overlap)
    }
  }
  return out
}

function runOverlap(a: MaskSet, i: number, b: MaskSet, j: number): number {
  let at = a.offsets[i]!
  let bt = b.offsets[j]!
  const endA = a.offsets[i + 1]!
  const endB = b.offsets[j + 1]!
  let overlap = 0
  while (at < endA && bt < endB) {
    const low = Math.max(a.starts[at]!, b.starts[bt]!)
    const high = Math.min(a.ends[at]!, b.ends[bt]!)
    if (high > low) overlap += high - low
    if (a.ends[at]! < b.ends[bt]!) at++
    else bt++
  }
  return overlap
}
