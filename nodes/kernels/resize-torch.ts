import type { Flip } from './box-geometry.ts'

/** From 8-bit RGB to the numbers a network was trained on. */
export interface Normalisation {
  /** Order of the planes. */
  readonly channelOrder: 'rgb' | 'bgr'
  /** What 0 and 255 become before the mean is taken off, [0, 1] or [0, 255]. */
  readonly valueRange: readonly [number, number]
  /** [3] in the order of the planes. */
  readonly mean: readonly number[]
  /** [3] in the order of the planes. */
  readonly std: readonly number[]
}

/** A network input. */
export interface InputTensor {
  /** [1, 3, height, width], padded. */
  readonly dims: readonly [1, 3, number, number]
  readonly data: Float32Array
}

/**
 * Size after resizing so that the shorter side is `shorterSidePx`, or the longer one `longerSidePx` where that is less:
 * torchvision's GeneralizedRCNNTransform 0.2x. The scale is a float32 quotient, the product with each side is taken in
 * double and rounded down (0.7 in float32 · 320 is 223.99…, so 223).
 */
export function torchResizedHw(
  sizeHw: readonly [number, number],
  shorterSidePx: number,
  longerSidePx: number,
): readonly [number, number] {
  const [height, width] = sizeHw
  const scale = Math.min(
    Math.fround(shorterSidePx / Math.min(height, width)),
    Math.fround(longerSidePx / Math.max(height, width)),
  )
  return [Math.max(1, Math.floor(height * scale)), Math.max(1, Math.floor(width * scale))]
}

/**
 * Mirror → normalise → resize → pad in one pass, row-major HWC bytes to NCHW float32. Bilinear with half-pixel centres,
 * no antialias, edges clamped, ratio in / out per axis (torch.nn.functional.interpolate, align_corners false); the zeros
 * of the padding lie right and below and come after normalisation.
 *
 * Positions are rounded to float32 where torch does; sums are in double, so values differ from it by less than 1e-5.
 */
export function resizeTorch(
  rgb: Uint8Array,
  sizeHw: readonly [number, number],
  resizedHw: readonly [number, number],
  padToMultiple: number,
  normalisation: Normalisation,
  flip: Flip = 'none',
): InputTensor {
  const [height, width] = sizeHw
  const [outHeight, outWidth] = resizedHw
  const paddedHeight = Math.ceil(outHeight / padToMultiple) * padToMultiple
  const paddedWidth = Math.ceil(outWidth / padToMultiple) * padToMultiple
  const data = new Float32Array(3 * paddedHeight * paddedWidth)
  const tables = normalisationTables(normalisation)
  const x = axisTaps(width, outWidth, flip === 'horizontal')
  const y = axisTaps(height, outHeight, flip === 'vertical')
  for (let plane = 0; plane < 3; plane++) {
    const channel = normalisation.channelOrder === 'rgb' ? plane : 2 - plane
    const table = tables[plane]!
    let upper = new Float64Array(outWidth)
    let lower = new Float64Array(outWidth)
    let upperRow = -1
    let lowerRow = -1
    for (let row = 0; row < outHeight; row++) {
      const first = y.first[row]!
      const second = y.second[row]!
      if (first !== upperRow) {
        // Rows follow each other: what was the lower row usually becomes the upper one.
        if (first === lowerRow) {
          const swap = upper
          upper = lower
          lower = swap
          lowerRow = upperRow
        } else blendRow(upper, rgb, first * width * 3 + channel, x, table)
        upperRow = first
      }
      const weight = y.weight[row]!
      const at = (plane * paddedHeight + row) * paddedWidth
      if (weight === 0) {
        data.set(upper, at)
        continue
      }
      if (second !== lowerRow) {
        blendRow(lower, rgb, second * width * 3 + channel, x, table)
        lowerRow = second
      }
      for (let column = 0; column < outWidth; column++) {
        const above = upper[column]!
        data[at + column] = above + (lower[column]! - above) * weight
      }
    }
  }
  return { dims: [1, 3, paddedHeight, paddedWidth], data }
}

/** For each output position the two source positions and the weight of the second. */
interface AxisTaps {
  readonly first: Uint32Array
  readonly second: Uint32Array
  readonly weight: Float64Array
}

function axisTaps(size: number, outSize: number, mirrored: boolean): AxisTaps {
  const first = new Uint32Array(outSize)
  const second = new Uint32Array(outSize)
  const weight = new Float64Array(outSize)
  const ratio = Math.fround(size / outSize)
  for (let i = 0; i < outSize; i++) {
    const position = Math.max(0, Math.fround(Math.fround((i + 0.5) * ratio) - 0.5))
    const low = Math.min(Math.floor(position), size - 1)
    const high = Math.min(low + 1, size - 1)
    first[i] = mirrored ? size - 1 - low : low
    second[i] = mirrored ? size - 1 - high : high
    weight[i] = high === low ? 0 : Math.fround(position - low)
  }
  return { first, second, weight }
}

function blendRow(out: Float64Array, rgb: Uint8Array, base: number, x: AxisTaps, table: Float32Array): void {
  const { first, second, weight } = x
  for (let column = 0; column < out.length; column++) {
    const left = table[rgb[base + 3 * first[column]!]!]!
    out[column] = left + (table[rgb[base + 3 * second[column]!]!]! - left) * weight[column]!
  }
}

/** One table of 256 floats for each plane, with the roundings of float32 arithmetic. */
function normalisationTables({ valueRange, mean, std }: Normalisation): Float32Array[] {
  const [low, high] = valueRange
  return [0, 1, 2].map(plane => {
    const average = Math.fround(mean[plane]!)
    const spread = Math.fround(std[plane]!)
    return Float32Array.from({ length: 256 }, (_, byte) => {
      const value = high === 255 && low === 0 ? byte : Math.fround(low + (byte / 255) * (high - low))
      return Math.fround(value - average) / spread
    })
  })
}
