/** Which log-size deltas are limited to `clampLog`: torchvision and detectron2 from above, mmdetection on both sides. */
export type DeltaClamp = 'upper' | 'both'

/** log(1000 / 16), the limit all three libraries use. */
export const CLAMP_LOG_SIZE = Math.log(1000 / 16)

/**
 * Applies one (dx, dy, dw, dh) to one box and writes x1, y1, x2, y2 to `out[at…]`, in doubles:
 * centre += delta / weight · side, side ·= exp(min(delta / weight, clampLog)); corners = centre ∓ side / 2 (no − 1).
 * mmdetection's stds are 1 / weight.
 */
export function decodeDelta(
  out: Float64Array | Float32Array,
  at: number,
  boxesXyxy: Float64Array | Float32Array,
  box: number,
  deltas: Float32Array | Float64Array,
  delta: number,
  weights: readonly [number, number, number, number],
  clampLog: number,
  clamp: DeltaClamp = 'upper',
): void {
  const x1 = boxesXyxy[box]!
  const y1 = boxesXyxy[box + 1]!
  const width = boxesXyxy[box + 2]! - x1
  const height = boxesXyxy[box + 3]! - y1
  let logWidth = deltas[delta + 2]! / weights[2]
  let logHeight = deltas[delta + 3]! / weights[3]
  if (logWidth > clampLog) logWidth = clampLog
  if (logHeight > clampLog) logHeight = clampLog
  if (clamp === 'both') {
    if (logWidth < -clampLog) logWidth = -clampLog
    if (logHeight < -clampLog) logHeight = -clampLog
  }
  const centreX = x1 + 0.5 * width + (deltas[delta]! / weights[0]) * width
  const centreY = y1 + 0.5 * height + (deltas[delta + 1]! / weights[1]) * height
  const halfWidth = 0.5 * width * Math.exp(logWidth)
  const halfHeight = 0.5 * height * Math.exp(logHeight)
  out[at] = centreX - halfWidth
  out[at + 1] = centreY - halfHeight
  out[at + 2] = centreX + halfWidth
  out[at + 3] = centreY + halfHeight
}

/**
 * Decodes K deltas for each of N boxes: `deltas` [N · 4K] (class-major) on `boxesXyxy` [4N] → [N · K · 4]. The same
 * arithmetic as `decodeDelta`.
 */
export function decodeDeltas(
  deltas: Float32Array | Float64Array,
  boxesXyxy: Float64Array | Float32Array,
  perBox: number,
  weights: readonly [number, number, number, number],
  clampLog: number = CLAMP_LOG_SIZE,
  clamp: DeltaClamp = 'upper',
): Float64Array {
  const count = boxesXyxy.length / 4
  const out = new Float64Array(4 * count * perBox)
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < perBox; k++) {
      const at = 4 * (i * perBox + k)
      decodeDelta(out, at, boxesXyxy, 4 * i, deltas, at, weights, clampLog, clamp)
    }
  }
  return out
}
