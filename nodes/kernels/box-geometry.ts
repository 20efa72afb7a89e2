/**
 * Moving boxes between frames. Boxes are x1, y1, x2, y2 in continuous pixels, half-open. Every function writes in place
 * and returns its argument, so that callers decide what is copied.
 */

type Boxes = Float64Array | Float32Array

/** Which way a view of an image is mirrored; `rotate-180` is both ways, mmdetection's `diagonal`. */
export type Flip = 'none' | 'horizontal' | 'vertical' | 'rotate-180'

/** Is x mirrored? */
export function mirrorsX(flip: Flip): boolean {
  return flip === 'horizontal' || flip === 'rotate-180'
}

/** Is y mirrored? */
export function mirrorsY(flip: Flip): boolean {
  return flip === 'vertical' || flip === 'rotate-180'
}

/** Clamps x to [0, width] and y to [0, height]. */
export function clipBoxes<T extends Boxes>(boxesXyxy: T, sizeHw: readonly [number, number]): T {
  const [height, width] = sizeHw
  for (let i = 0; i < boxesXyxy.length; i += 4) {
    boxesXyxy[i] = Math.min(Math.max(boxesXyxy[i]!, 0), width)
    boxesXyxy[i + 1] = Math.min(Math.max(boxesXyxy[i + 1]!, 0), height)
    boxesXyxy[i + 2] = Math.min(Math.max(boxesXyxy[i + 2]!, 0), width)
    boxesXyxy[i + 3] = Math.min(Math.max(boxesXyxy[i + 3]!, 0), height)
  }
  return boxesXyxy
}

/** Multiplies x by `scaleX` and y by `scaleY`. */
export function scaleBoxes<T extends Boxes>(boxesXyxy: T, scaleX: number, scaleY: number): T {
  for (let i = 0; i < boxesXyxy.length; i += 4) {
    boxesXyxy[i]! *= scaleX
    boxesXyxy[i + 1]! *= scaleY
    boxesXyxy[i + 2]! *= scaleX
    boxesXyxy[i + 3]! *= scaleY
  }
  return boxesXyxy
}

/** Mirrors boxes in a frame: x becomes width − x (no − 1: coordinates are continuous). Its own inverse. */
export function flipBoxes<T extends Boxes>(boxesXyxy: T, flip: Flip, sizeHw: readonly [number, number]): T {
  if (mirrorsX(flip)) mirrorAxis(boxesXyxy, 0, sizeHw[1])
  if (mirrorsY(flip)) mirrorAxis(boxesXyxy, 1, sizeHw[0])
  return boxesXyxy
}

function mirrorAxis(boxesXyxy: Boxes, low: 0 | 1, extent: number): void {
  for (let i = low; i < boxesXyxy.length; i += 4) {
    const first = boxesXyxy[i]!
    boxesXyxy[i] = extent - boxesXyxy[i + 2]!
    boxesXyxy[i + 2] = extent - first
  }
}

/** The boxes at `indices`, copied. */
export function gatherBoxes(boxesXyxy: Boxes, indices: ArrayLike<number>): Float64Array {
  const out = new Float64Array(4 * indices.length)
  for (let i = 0; i < indices.length; i++) {
    const from = 4 * indices[i]!
    out[4 * i] = boxesXyxy[from]!
    out[4 * i + 1] = boxesXyxy[from + 1]!
    out[4 * i + 2] = boxesXyxy[from + 2]!
    out[4 * i + 3] = boxesXyxy[from + 3]!
  }
  return out
}
