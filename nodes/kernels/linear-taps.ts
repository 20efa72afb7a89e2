/**
 * Along one axis, the two source samples each destination sample is mixed from. Two-dimensional bilinear resizing is one
 * set of taps for the columns and one for the rows, without antialiasing: shrinking skips samples.
 */
export interface LinearTaps {
  readonly index0: Int32Array
  readonly index1: Int32Array
  /** float32, weight of index0; weight1 is that of index1. */
  readonly weight0: Float32Array
  readonly weight1: Float32Array
}

/** The destination samples [first, last) that are wanted. */
export type TapRange = readonly [number, number]

/**
 * `torch.nn.functional.interpolate(mode='bilinear', align_corners=False)` of PyTorch 2, float32: source position
 * ratio · (i + 0.5) − 0.5 with ratio = in / out, all in float32, negative positions are 0; past the last sample it
 * repeats. Equal sizes copy.
 */
export function torchTaps(from: number, to: number, range: TapRange = [0, to]): LinearTaps {
  const taps = newTaps(range)
  const ratio = Math.fround(from / to)
  for (let i = range[0]; i < range[1]; i++) {
    if (from === to) {
      setTap(taps, i - range[0], i, i, 0)
      continue
    }
    const position = Math.max(0, Math.fround(Math.fround(ratio * (i + 0.5)) - 0.5))
    const index = Math.min(Math.floor(position), from - 1)
    const fraction = Math.min(Math.max(Math.fround(position - index), 0), 1)
    setTap(taps, i - range[0], index, index < from - 1 ? index + 1 : index, fraction)
  }
  return taps
}

/**
 * `cv2.resize(interpolation=INTER_LINEAR)` of OpenCV 4 and 5: source position (i + 0.5) · scale − 0.5 in float64 with
 * scale = 1 / (out / in), narrowed to float32; outside the first and last sample it repeats them. OpenCV gives a
 * repeated column weight 1 but keeps both weights of a repeated row, which shows in the last bit.
 */
export function cv2Taps(from: number, to: number, axis: 'columns' | 'rows', range: TapRange = [0, to]): LinearTaps {
  const taps = newTaps(range)
  const scale = 1 / (to / from)
  const last = from - 1
  for (let i = range[0]; i < range[1]; i++) {
    const position = Math.fround((i + 0.5) * scale - 0.5)
    const index = Math.floor(position)
    const repeats = axis === 'columns' && (index < 0 || index >= last)
    const fraction = repeats ? 0 : Math.fround(position - index)
    setTap(taps, i - range[0], Math.min(Math.max(index, 0), last), Math.min(Math.max(index + 1, 0), last), fraction)
  }
  return taps
}

/** One float32 plane, row-major: columns are mixed first, then rows, every product and sum rounded to float32. */
export function resizePlane(
  plane: Float32Array,
  sizeHw: readonly [number, number],
  rows: LinearTaps,
  columns: LinearTaps,
): Float32Array<ArrayBuffer> {
  const width = sizeHw[1]
  const newWidth = columns.index0.length
  const newHeight = rows.index0.length
  const result = new Float32Array(newWidth * newHeight)
  /** Rows of the source already mixed along x; a pair is all that is needed at a time. */
  let upperRow = -1
  let lowerRow = -1
  let upper = new Float32Array(newWidth)
  let lower = new Float32Array(newWidth)
  for (let y = 0; y < newHeight; y++) {
    const row0 = rows.index0[y]!
    const row1 = rows.index1[y]!
    if (row0 === lowerRow) {
      ;[upper, lower] = [lower, upper]
      ;[upperRow, lowerRow] = [lowerRow, upperRow]
    }
    if (row0 !== upperRow) mixRow(upper, plane, row0 * width, columns)
    upperRow = row0
    if (row1 !== row0 && row1 !== lowerRow) {
      mixRow(lower, plane, row1 * width, columns)
      lowerRow = row1
    }
    const weight0 = rows.weight0[y]!
    const weight1 = rows.weight1[y]!
    const second = row1 === row0 ? upper : lower
    const at = y * newWidth
    for (let x = 0; x < newWidth; x++) {
      result[at + x] = Math.fround(Math.fround(upper[x]! * weight0) + Math.fround(second[x]! * weight1))
    }
  }
  return result
}

function mixRow(out: Float32Array, plane: Float32Array, first: number, columns: LinearTaps): void {
  const { index0, index1, weight0, weight1 } = columns
  for (let x = 0; x < out.length; x++) {
    out[x] = Math.fround(
      Math.fround(plane[first + index0[x]!]! * weight0[x]!) + Math.fround(plane[first + index1[x]!]! * weight1[x]!),
    )
  }
}

function newTaps(range: TapRange): LinearTaps {
  const count = Math.max(0, range[1] - range[0])
  return {
    index0: new Int32Array(count),
    index1: new Int32Array(count),
    weight0: new Float32Array(count),
    weight1: new Float32Array(count),
  }
}

function setTap(taps: LinearTaps, i: number, index0: number, index1: number, fraction: number): void {
  taps.index0[i] = index0
  taps.index1[i] = index1
  taps.weight0[i] = 1 - fraction
  taps.weight1[i] = fraction
}
