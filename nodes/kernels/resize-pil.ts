/**
 * `Image.resize(size, BILINEAR)` of Pillow on bytes, bit for bit (modes L and RGB): a triangle filter that widens when
 * shrinking (antialias), columns first, then rows, rounded to bytes in between, weights in 1/2^22. Checked with Pillow
 * 9 to 12; Pillow 13 does some shrinks rows first, which can differ by 1.
 *
 * @param pixels [h · w · channels] interleaved.
 */
export function resizePil(
  pixels: Uint8Array,
  channels: number,
  fromHw: readonly [number, number],
  toHw: readonly [number, number],
): Uint8Array<ArrayBuffer> {
  const [height, width] = fromHw
  const [newHeight, newWidth] = toHw
  let rows: Uint8Array = pixels
  if (width !== newWidth) {
    const filter = triangleFilter(width, newWidth)
    const mixed = new Uint8Array(height * newWidth * channels)
    let k = 0
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < newWidth; x++) {
        const first = (y * width + filter.first[x]!) * channels
        for (let c = 0; c < channels; c++) mixed[k++] = mix(pixels, first + c, channels, filter, x)
      }
    }
    rows = mixed
  }
  if (height === newHeight) return rows === pixels ? new Uint8Array(pixels) : (rows as Uint8Array<ArrayBuffer>)
  const filter = triangleFilter(height, newHeight)
  const stride = newWidth * channels
  const result = new Uint8Array(newHeight * stride)
  const sums = new Int32Array(stride)
  for (let y = 0; y < newHeight; y++) {
    sums.fill(HALF)
    for (let t = 0; t < filter.count[y]!; t++) {
      const weight = filter.weights[y * filter.width + t]!
      const first = (filter.first[y]! + t) * stride
      for (let x = 0; x < stride; x++) sums[x]! += rows[first + x]! * weight
    }
    for (let x = 0; x < stride; x++) result[y * stride + x] = clip(sums[x]!)
  }
  return result
}

const BITS = 22
const HALF = 1 << (BITS - 1)

interface TriangleFilter {
  /** Most taps of any sample. */
  readonly width: number
  readonly first: Int32Array
  readonly count: Int32Array
  /** [to · width] in 1/2^22. */
  readonly weights: Int32Array
}

function triangleFilter(from: number, to: number): TriangleFilter {
  const scale = from / to
  const support = Math.max(scale, 1)
  const width = Math.ceil(support) * 2 + 1
  const first = new Int32Array(to)
  const count = new Int32Array(to)
  const weights = new Int32Array(to * width)
  const exact = new Float64Array(width)
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale
    const low = Math.max(0, Math.trunc(centre - support + 0.5))
    const taps = Math.min(from, Math.trunc(centre + support + 0.5)) - low
    let sum = 0
    for (let t = 0; t < taps; t++) {
      const distance = Math.abs((t + low - centre + 0.5) * (1 / support))
      exact[t] = distance < 1 ? 1 - distance : 0
      sum += exact[t]!
    }
    for (let t = 0; t < taps; t++) {
      weights[i * width + t] = Math.trunc(0.5 + (sum === 0 ? exact[t]! : exact[t]! / sum) * (1 << BITS))
    }
    first[i] = low
    count[i] = taps
  }
  return { width, first, count, weights }
}

function mix(pixels: Uint8Array, first: number, step: number, filter: TriangleFilter, i: number): number {
  let sum = HALF
  const at = i * filter.width
  for (let t = 0, k = first; t < filter.count[i]!; t++, k += step) sum += pixels[k]! * filter.weights[at + t]!
  return clip(sum)
}

function clip(sum: number): number {
  const value = sum >> BITS
  return Math.max(0, Math.min(value, 255))
}
