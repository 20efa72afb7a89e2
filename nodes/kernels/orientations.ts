/**
 * The eight ways to lay a picture on the grid, as test-time augmentation uses them, and what they do to boxes. x runs to
 * the right, y down; boxes are x1, y1, x2, y2 in continuous pixels, so mirroring is x → width − x, without − 1.
 *
 * | name | a pixel at (x, y) of a w × h picture goes to | also called |
 * |---|---|---|
 * | `none` | (x, y) | |
 * | `horizontal` | (w − x, y) | |
 * | `vertical` | (x, h − y) | |
 * | `rotate-180` | (w − x, h − y) | mmdetection's `diagonal` flip, which is no transpose |
 * | `transpose` | (y, x) | |
 * | `anti-transpose` | (h − y, w − x) | |
 * | `rotate-90` | (y, w − x) | a quarter turn counter-clockwise (numpy.rot90) |
 * | `rotate-270` | (h − y, x) | a quarter turn clockwise |
 */
export type Orientation =
  | 'none'
  | 'horizontal'
  | 'vertical'
  | 'rotate-180'
  | 'transpose'
  | 'anti-transpose'
  | 'rotate-90'
  | 'rotate-270'

interface Steps {
  /** First mirror x, y, then swap the axes. */
  readonly mirrorX: boolean
  readonly mirrorY: boolean
  readonly swap: boolean
}

const steps: Readonly<Record<Orientation, Steps>> = {
  none: { mirrorX: false, mirrorY: false, swap: false },
  horizontal: { mirrorX: true, mirrorY: false, swap: false },
  vertical: { mirrorX: false, mirrorY: true, swap: false },
  'rotate-180': { mirrorX: true, mirrorY: true, swap: false },
  transpose: { mirrorX: false, mirrorY: false, swap: true },
  'anti-transpose': { mirrorX: true, mirrorY: true, swap: true },
  'rotate-90': { mirrorX: true, mirrorY: false, swap: true },
  'rotate-270': { mirrorX: false, mirrorY: true, swap: true },
}

/** The orientation that brings a picture back. */
export function inverseOrientation(orientation: Orientation): Orientation {
  if (orientation === 'rotate-90') return 'rotate-270'
  if (orientation === 'rotate-270') return 'rotate-90'
  return orientation
}

/** [height, width] of a picture after it was laid so. */
export function orientedSizeHw(sizeHw: readonly [number, number], orientation: Orientation): readonly [number, number] {
  return steps[orientation].swap ? [sizeHw[1], sizeHw[0]] : sizeHw
}

/**
 * Boxes of a picture of `sizeHw` in the frame after it was laid so; a new array. For the way back give the inverse and
 * the size of the laid picture.
 */
export function orientBoxes(
  boxesXyxy: Float64Array,
  orientation: Orientation,
  sizeHw: readonly [number, number],
): Float64Array {
  const { mirrorX, mirrorY, swap } = steps[orientation]
  const [height, width] = sizeHw
  const out = new Float64Array(boxesXyxy.length)
  for (let i = 0; i < out.length; i += 4) {
    const left = mirrorX ? width - boxesXyxy[i + 2]! : boxesXyxy[i]!
    const right = mirrorX ? width - boxesXyxy[i]! : boxesXyxy[i + 2]!
    const top = mirrorY ? height - boxesXyxy[i + 3]! : boxesXyxy[i + 1]!
    const bottom = mirrorY ? height - boxesXyxy[i + 1]! : boxesXyxy[i + 3]!
    out[i] = swap ? top : left
    out[i + 1] = swap ? left : top
    out[i + 2] = swap ? bottom : right
    out[i + 3] = swap ? right : bottom
  }
  return out
}

/**
 * Moves the regions of interest of a mirrored view by − `shiftPx` along each mirrored axis and clips them to the frame,
 * in place. A network with strides does not treat a mirrored picture as the mirror of its treatment; TheoViel's Sartorius
 * solution makes up for it with 0.5 px. Nothing is added back after mapping to the original frame.
 * @param boxesXyxy in the frame of the view, of `sizeHw` (without padding). Axes swapped by the view are not shifted.
 */
export function shiftMirroredRois(
  boxesXyxy: Float64Array,
  orientation: Orientation,
  sizeHw: readonly [number, number],
  shiftPx = 0.5,
): Float64Array {
  const { mirrorX, mirrorY } = steps[orientation]
  for (let i = 0; i < boxesXyxy.length; i++) {
    const horizontal = i % 2 === 0
    if (!(horizontal ? mirrorX : mirrorY)) continue
    const limit = horizontal ? sizeHw[1] : sizeHw[0]
    boxesXyxy[i] = Math.min(Math.max(boxesXyxy[i]! - shiftPx, 0), limit)
  }
  return boxesXyxy
}
