import { addRun, type MaskBuilder } from './mask-builder.ts'

/**
 * A soft mask after resampling, as far as it differs from 0: the pixels [top, top + h) × [left, left + w) of a frame.
 * The region may reach out of the frame; what lies outside is dropped when it is written.
 */
export interface SoftRegion {
  readonly left: number
  readonly top: number
  /** [h, w] */
  readonly sizeHw: readonly [number, number]
  /** [h · w] row-major; the threshold is rounded to float32 for float32 values. */
  readonly values: Float32Array | Float64Array
}

/** How a soft value becomes foreground. */
export interface Binarise {
  readonly threshold: number
  readonly comparison: '>' | '>='
  /**
   * `u8-truncate`: the value is first stored as `trunc(value · 255)` (float32 product) and compared with
   * threshold · 255. At 0.45 and `>` the first level accepted is 115, that is 0.45098.
   */
  readonly quantise: 'none' | 'u8-truncate'
}

/** Appends the region's foreground to the mask being written. */
export function addRegion(builder: MaskBuilder, region: SoftRegion, binarise: Binarise): void {
  const [frameHeight, frameWidth] = builder.sizeHw
  const [height, width] = region.sizeHw
  const values = binarise.quantise === 'none' ? region.values : levels(region.values)
  const limit =
    binarise.quantise === 'u8-truncate'
      ? binarise.threshold * 255
      : values instanceof Float32Array
        ? Math.fround(binarise.threshold)
        : binarise.threshold
  const equalCounts = binarise.comparison === '>='
  const firstX = Math.max(0, -region.left)
  const lastX = Math.min(width, frameWidth - region.left)
  const firstY = Math.max(0, -region.top)
  const lastY = Math.min(height, frameHeight - region.top)
  for (let x = firstX; x < lastX; x++) {
    const top = (region.left + x) * frameHeight + region.top
    let start = -1
    for (let y = firstY; y < lastY; y++) {
      const value = values[y * width + x]!
      if (value > limit || (equalCounts && value === limit)) {
        if (start < 0) start = y
      } else if (start >= 0) {
        addRun(builder, top + start, top + y)
        start = -1
      }
    }
    if (start >= 0) addRun(builder, top + start, top + lastY)
  }
}

function levels(values: SoftRegion['values']): Float32Array {
  return Float32Array.from(values, value => Math.trunc(Math.fround(value * 255)))
}
