/** Edits of interleaved pixels, row-major: windows, painted boxes, samples spread to 8 bits. */

/** The window [x, x + width) × [y, y + height) of a picture, which lies inside it; a copy. */
export function cropPixels<T extends Uint8Array | Uint16Array | Float32Array>(
  pixels: T,
  channels: number,
  sizeHw: readonly [number, number],
  window: { readonly x: number; readonly y: number; readonly widthPx: number; readonly heightPx: number },
): T {
  const rowLength = window.widthPx * channels
  const out = new (pixels.constructor as new (length: number) => T)(rowLength * window.heightPx)
  for (let row = 0; row < window.heightPx; row++) {
    const from = ((window.y + row) * sizeHw[1] + window.x) * channels
    out.set(pixels.subarray(from, from + rowLength), row * rowLength)
  }
  return out
}

/** Paints boxes [4N] x1, y1, x2, y2 (whole pixels, half-open, clipped to the picture) in place; later over earlier. */
export function fillBoxes(
  rgb: Uint8Array,
  [height, width]: readonly [number, number],
  boxesXyxy: readonly number[],
  colour: readonly [number, number, number],
): void {
  for (let i = 0; i + 3 < boxesXyxy.length; i += 4) {
    const left = Math.max(0, boxesXyxy[i]!)
    const right = Math.min(width, boxesXyxy[i + 2]!)
    const bottom = Math.min(height, boxesXyxy[i + 3]!)
    for (let y = Math.max(0, boxesXyxy[i + 1]!); y < bottom; y++) {
      for (let at = 3 * (y * width + left); at < 3 * (y * width + right); at += 3) rgb.set(colour, at)
    }
  }
}

/**
 * Samples of any range to bytes: floor(255 · (v − low) / (high − low)) clipped to 0 … 255, by channel. Where low = high,
 * a sample ≤ low is 0 and one above 255. NaN is 0.
 */
export function stretchSamples(
  samples: Uint8Array | Uint16Array | Float32Array,
  channels: number,
  low: readonly number[],
  high: readonly number[],
): Uint8Array {
  const out = new Uint8Array(samples.length)
  for (let i = 0; i < samples.length; i++) {
    const channel = i % channels
    const above = samples[i]! - low[channel]!
    if (!(above > 0)) continue
    out[i] = Math.min(255, Math.floor((255 * above) / (high[channel]! - low[channel]!)))
  }
  return out
}
