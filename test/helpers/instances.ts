import { concatMasks, emptyMasks } from '../../nodes/kernels/mask-sets.ts'
import type { MaskSet } from '../../nodes/kernels/masks.ts'
import { boxToMask } from '../../nodes/kernels/polygon.ts'
import type { Instances } from '../../nodes/values/instances.ts'

export interface BoxSpec {
  readonly label?: number
  readonly score?: number
  /** x1, y1, x2, y2 in whole pixels; its mask is the filled box. */
  readonly box: readonly [number, number, number, number]
}

/** Instances whose masks are filled boxes. */
export function boxInstances(sizeHw: readonly [number, number], specs: readonly BoxSpec[]): Instances {
  return {
    sizeHw,
    boxesXyxy: Float64Array.from(specs.flatMap(({ box }) => box)),
    scores: Float64Array.from(specs, ({ score }) => score ?? 1),
    labels: Int32Array.from(specs, ({ label }) => label ?? 0),
    masks: boxMasks(
      sizeHw,
      specs.map(({ box }) => box),
    ),
  }
}

export function boxMasks(sizeHw: readonly [number, number], boxes: readonly BoxSpec['box'][]): MaskSet {
  const one = ([x1, y1, x2, y2]: BoxSpec['box']) => boxToMask([x1, y1, x2 - x1, y2 - y1], sizeHw)
  return concatMasks([emptyMasks(sizeHw, 0), ...boxes.map(one)])
}
