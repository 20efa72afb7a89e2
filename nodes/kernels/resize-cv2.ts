import { cv2Taps, type LinearTaps, resizePlane } from './linear-taps.ts'

/**
 * `cv2.resize(interpolation=INTER_LINEAR)` on bytes, bit for bit: OpenCV 4 and 5.
 *
 * Weights are rounded (half to even) to 1/2048; columns are mixed first, exactly, then rows with
 * `(((w0 · (a >> 4)) >> 16) + ((w1 · (b >> 4)) >> 16) + 2) >> 2`. Halving both sides is a plain mean of four, rounded half
 * up (OpenCV takes its area method there). No antialiasing.
 *
 * @param pixels [h · w · channels] interleaved.
 */
export function resizeCv2(
  pixels: Uint8Array,
  channels: number,
  fromHw: readonly [number, number],
  toHw: readonly [number, number],
): Uint8Array<ArrayBuffer> {
  const [height, width] = fromHw
  const [newHeight, newWidth] = toHw
  if (height === newHeight && width === newWidth) return new Uint8Array(pixels)
  if (height === 2 * newHeight && width === 2 * newWidth) return halve(pixels, channels, newHeight, newWidth)
  const rows = cv2Taps(height, newHeight, 'rows')
  const columns = cv2Taps(width, newWidth, 'columns')
  const rowWeights0 = fixedPoint(rows.weight0)
  const rowWeights1 = fixedPoint(rows.weight1)
  const mixer = columnMixer(columns, channels)
  const result = new Uint8Array(newHeight * newWidth * channels)
  const length = newWidth * channels
  let upper: Int32Array = new Int32Array(length)
  let lower: Int32Array = new Int32Array(length)
  let upperRow = -1
  let lowerRow = -1
  for (let y = 0; y < newHeight; y++) {
    const row0 = rows.index0[y]!
    const row1 = rows.index1[y]!
    if (row0 === lowerRow) {
      ;[upper, lower] = [lower, upper]
      ;[upperRow, lowerRow] = [lowerRow, upperRow]
    }
    if (row0 !== upperRow) mixColumns(upper, pixels, row0 * width * channels, mixer)
    upperRow = row0
    if (row1 !== row0 && row1 !== lowerRow) {
      mixColumns(lower, pixels, row1 * width * channels, mixer)
      lowerRow = row1
    }
    const second = row1 === row0 ? upper : lower
    const weight0 = rowWeights0[y]!
    const weight1 = rowWeights1[y]!
    const at = y * length
    for (let x = 0; x < length; x++) {
      result[at + x] = (((weight0 * (upper[x]! >> 4)) >> 16) + ((weight1 * (second[x]! >> 4)) >> 16) + 2) >> 2
    }
  }
  return result
}

/**
 * The same function on one float32 plane: weights stay float32, nothing is rounded to levels. The numbers of OpenCV's own
 * code; its Intel builds hand floats to IPP, which rounds otherwise (about 1e-6, 2e-5 at worst).
 */
export function resizeCv2Float(
  plane: Float32Array,
  fromHw: readonly [number, number],
  toHw: readonly [number, number],
): Float32Array<ArrayBuffer> {
  if (fromHw[0] === toHw[0] && fromHw[1] === toHw[1]) return plane.slice()
  return resizePlane(plane, fromHw, cv2Taps(fromHw[0], toHw[0], 'rows'), cv2Taps(fromHw[1], toHw[1], 'columns'))
}

/** Taps of the columns spread over interleaved channels, weights in 1/2048. */
interface ColumnMixer {
  readonly index0: Int32Array
  readonly index1: Int32Array
  readonly weight0: Int32Array
  readonly weight1: Int32Array
}

function columnMixer(columns: LinearTaps, channels: number): ColumnMixer {
  const spread = (index: Int32Array) =>
    Int32Array.from(
      { length: index.length * channels },
      (_, k) => index[Math.floor(k / channels)]! * channels + (k % channels),
    )
  const repeat = (weight: Int32Array) =>
    Int32Array.from({ length: weight.length * channels }, (_, k) => weight[Math.floor(k / channels)]!)
  return {
    index0: spread(columns.index0),
    index1: spread(columns.index1),
    weight0: repeat(fixedPoint(columns.weight0)),
    weight1: repeat(fixedPoint(columns.weight1)),
  }
}

function mixColumns(out: Int32Array, pixels: Uint8Array, first: number, mixer: ColumnMixer): void {
  const { index0, index1, weight0, weight1 } = mixer
  for (let x = 0; x < out.length; x++) {
    out[x] = pixels[first + index0[x]!]! * weight0[x]! + pixels[first + index1[x]!]! * weight1[x]!
  }
}

/** Weights in 1/2048, rounded half to even as C's rint does. */
function fixedPoint(weights: Float32Array): Int32Array<ArrayBuffer> {
  return Int32Array.from(weights, weight => {
    const scaled = weight * 2048
    const floor = Math.floor(scaled)
    const rest = scaled - floor
    return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
  })
}

function halve(pixels: Uint8Array, channels: number, newHeight: number, newWidth: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(newHeight * newWidth * channels)
  const stride = 2 * newWidth * channels
  let k = 0
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      for (let c = 0; c < channels; c++) {
        const at = 2 * y * stride + 2 * x * channels + c
        const sum = pixels[at]! + pixels[at + channels]! + pixels[at + stride]! + pixels[at + stride + channels]!
        result[k++] = (sum + 2) >> 2
      }
    }
  }
  return result
}
