/**
 * Anchor boxes of one pyramid level, torchvision's convention (AnchorGenerator 0.2x): the base anchor of ratio r = h / w
 * and size s has height s·√r and width s·(1/√r) (float32), its corners [−w, −h, w, h] / 2 are rounded half to even, and
 * it is shifted to (x·stride, y·stride) (the first is centred at 0, 0). The stride is given, not derived from the padded
 * size as torchvision does (57 instead of 64 at a height of 288).
 */
export interface AnchorLevel {
  readonly stridePx: number
  readonly sizesPx: readonly number[]
  /** Height over width. */
  readonly ratios: readonly number[]
}

/** Base anchors [A · 4], ratio-major (all sizes of the first ratio first, as torchvision). */
export function baseAnchors(level: AnchorLevel): Float64Array {
  const out = new Float64Array(4 * level.ratios.length * level.sizesPx.length)
  let at = 0
  for (const ratio of level.ratios) {
    const heightRatio = Math.fround(Math.sqrt(Math.fround(ratio)))
    const widthRatio = Math.fround(1 / heightRatio)
    for (const size of level.sizesPx) {
      const halfWidth = Math.fround(widthRatio * Math.fround(size)) / 2
      const halfHeight = Math.fround(heightRatio * Math.fround(size)) / 2
      out[at] = roundHalfEven(-halfWidth)
      out[at + 1] = roundHalfEven(-halfHeight)
      out[at + 2] = roundHalfEven(halfWidth)
      out[at + 3] = roundHalfEven(halfHeight)
      at += 4
    }
  }
  return out
}

/** Nearest integer, halves to the even one (Python round, torch.round). */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest < 0.5) return floor
  if (rest > 0.5) return floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}
