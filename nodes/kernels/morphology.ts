import { columnRunsOf } from './column-runs.ts'
import { complementEach } from './mask-algebra.ts'
import { addRun, endMask, finishMasks, newMaskBuilder } from './mask-builder.ts'
import { maskCount } from './mask-sets.ts'
import { moveMasks } from './mask-transform.ts'
import type { MaskSet } from './masks.ts'

/**
 * Growing and shrinking by a symmetric neighbourhood of `radiusPx`:
 * `square` (2r + 1)², `cross` (2r + 1 in each axis), `disk` (dx² + dy² ≤ r², skimage's `disk`).
 */
export interface Neighbourhood {
  readonly shape: 'square' | 'cross' | 'disk'
  /** Whole number ≥ 0. */
  readonly radiusPx: number
}

/** A pixel is set when any pixel of its neighbourhood is; outside the frame is background. */
export function dilateMasks(masks: MaskSet, neighbourhood: Neighbourhood): MaskSet {
  const [height, width] = masks.sizeHw
  const { radiusPx } = neighbourhood
  const halfHeights = halfHeightsOf(neighbourhood)
  const builder = newMaskBuilder(masks.sizeHw, masks.starts.length)
  for (let i = 0; i < maskCount(masks); i++) {
    const runs = columnRunsOf(masks, i)
    const total = runs.columns.length
    let first = 0
    let last = 0
    for (let x = 0; x < width; x++) {
      // Pieces of the columns within the radius.
      while (first < total && runs.columns[first]! < x - radiusPx) first++
      while (last < total && runs.columns[last]! <= x + radiusPx) last++
      if (first === last) {
        if (first === total) break
        x = Math.max(x, runs.columns[first]! - radiusPx - 1)
        continue
      }
      const grown: [number, number][] = []
      for (let k = first; k < last; k++) {
        const half = halfHeights[runs.columns[k]! - x + radiusPx]!
        grown.push([Math.max(0, runs.tops[k]! - half), Math.min(height, runs.bottoms[k]! + half)])
      }
      grown.sort((a, b) => a[0] - b[0])
      let [top, bottom] = grown[0]!
      for (const [nextTop, nextBottom] of grown) {
        if (nextTop > bottom) {
          addRun(builder, x * height + top, x * height + bottom)
          top = nextTop
        }
        bottom = Math.max(bottom, nextBottom)
      }
      addRun(builder, x * height + top, x * height + bottom)
    }
    endMask(builder)
  }
  return finishMasks(builder)
}

/**
 * A pixel stays when its whole neighbourhood is set. `outside` says what lies beyond the frame: `background` (scipy,
 * skimage before 0.23) eats at the edge, `foreground` (OpenCV's default) does not.
 */
export function erodeMasks(
  masks: MaskSet,
  neighbourhood: Neighbourhood,
  outside: 'background' | 'foreground',
): MaskSet {
  if (outside === 'foreground') return complementEach(dilateMasks(complementEach(masks), neighbourhood))
  const [height, width] = masks.sizeHw
  const margin = neighbourhood.radiusPx
  const padded = moveMasks(masks, margin, margin, [height + 2 * margin, width + 2 * margin])
  return moveMasks(erodeMasks(padded, neighbourhood, 'foreground'), -margin, -margin, masks.sizeHw)
}

/** For each dx in [−r, r] how far the neighbourhood reaches up and down. */
function halfHeightsOf({ shape, radiusPx }: Neighbourhood): number[] {
  return Array.from({ length: 2 * radiusPx + 1 }, (_, k) => {
    const dx = k - radiusPx
    if (shape === 'square') return radiusPx
    if (shape === 'cross') return dx === 0 ? radiusPx : 0
    return Math.floor(Math.sqrt(radiusPx * radiusPx - dx * dx))
  })
}
