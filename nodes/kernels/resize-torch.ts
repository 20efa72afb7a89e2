import { type Flip, mirrorsX, mirrorsY } from './box-geometry.ts'
import type { Letterbox } from './paste-letterbox.ts'

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
 * Normalisation is linear and commutes with interpolation, so bytes are interpolated and normalised last. Positions are
 * rounded to float32 where torch does, rows once before they are blended; values differ from torch's by less than 1e-5
 * of their range.
 * @param square puts the resized picture into a black square.
 */
export function resizeTorch(
  rgb: Uint8Array,
  sizeHw: readonly [number, number],
  resizedHw: readonly [number, number],
  padToMultiple: number,
  normalisation: Normalisation,
  flip: Flip = 'none',
  square?: Pick<Letterbox, 'squarePx' | 'left' | 'top'>,
): InputTensor {
  const [height, width] = sizeHw
  const [outHeight, outWidth] = resizedHw
  const paddedHeight = Math.ceil((square?.squarePx ?? outHeight) / padToMultiple) * padToMultiple
  const paddedWidth = Math.ceil((square?.squarePx ?? outWidth) / padToMultiple) * padToMultiple
  const planeSize = paddedHeight * paddedWidth
  const data = new Float32Array(3 * planeSize)
  const x = axisTaps(width, outWidth, mirrorsX(flip))
  const y = axisTaps(height, outHeight, mirrorsY(flip))
  const scales = [0, 1, 2].map(plane => planeScale(normalisation, plane))
  const [first, second, third] = scales as [PlaneScale, PlaneScale, PlaneScale]
  if (square !== undefined) blacken(data, square.squarePx, paddedHeight, paddedWidth, scales)
  const corner = (square?.top ?? 0) * paddedWidth + (square?.left ?? 0)
  const swapped = normalisation.channelOrder === 'bgr' ? 2 : 0
  let upper = new Float32Array(3 * outWidth)
  let lower = new Float32Array(3 * outWidth)
  let upperRow = -1
  let lowerRow = -1
  for (let row = 0; row < outHeight; row++) {
    const from = y.first[row]!
    const to = y.second[row]!
    if (from !== upperRow) {
      // Rows follow each other: what was the lower row usually becomes the upper one.
      if (from === lowerRow) {
        const swap = upper
        upper = lower
        lower = swap
        lowerRow = upperRow
      } else blendRow(upper, rgb, 3 * from * width, x)
      upperRow = from
    }
    if (to !== lowerRow) {
      blendRow(lower, rgb, 3 * to * width, x)
      lowerRow = to
    }
    const weight = y.weight[row]!
    let at = corner + row * paddedWidth
    for (let i = 0; i < upper.length; i += 3, at++) {
      const above0 = upper[i + swapped]!
      const above1 = upper[i + 1]!
      const above2 = upper[i + 2 - swapped]!
      data[at] = (above0 + (lower[i + swapped]! - above0) * weight) * first.gain + first.offset
      data[at + planeSize] = (above1 + (lower[i + 1]! - above1) * weight) * second.gain + second.offset
      data[at + 2 * planeSize] = (above2 + (lower[i + 2 - swapped]! - above2) * weight) * third.gain + third.offset
    }
  }
  return { dims: [1, 3, paddedHeight, paddedWidth], data }
}

/** The black of a square is part of the picture: byte 0, normalised, unlike the zeros that pad to a multiple. */
function blacken(
  data: Float32Array,
  squarePx: number,
  paddedHeight: number,
  paddedWidth: number,
  scales: readonly PlaneScale[],
): void {
  for (const [plane, { offset }] of scales.entries()) {
    for (let row = 0; row < squarePx; row++) {
      const at = (plane * paddedHeight + row) * paddedWidth
      data.fill(offset, at, at + squarePx)
    }
  }
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

/** One row of pixels at the output's columns, interleaved as they are. */
function blendRow(out: Float32Array, rgb: Uint8Array, base: number, x: AxisTaps): void {
  const { first, second, weight } = x
  for (let column = 0, at = 0; column < weight.length; column++, at += 3) {
    const left = base + 3 * first[column]!
    const right = base + 3 * second[column]!
    const share = weight[column]!
    const red = rgb[left]!
    const green = rgb[left + 1]!
    const blue = rgb[left + 2]!
    out[at] = red + (rgb[right]! - red) * share
    out[at + 1] = green + (rgb[right + 1]! - green) * share
    out[at + 2] = blue + (rgb[right + 2]! - blue) * share
  }
}

interface PlaneScale {
  readonly gain: number
  readonly offset: number
}

/** value = byte · gain + offset. */
function planeScale({ valueRange, mean, std }: Normalisation, plane: number): PlaneScale {
  const [low, high] = valueRange
  const spread = Math.fround(std[plane]!)
  return { gain: (high - low) / 255 / spread, offset: (low - Math.fround(mean[plane]!)) / spread }
}
