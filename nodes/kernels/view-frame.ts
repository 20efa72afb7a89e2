import { clipBoxes, type Flip, flipBoxes, scaleBoxes } from './box-geometry.ts'
import { type Letterbox, letterboxOf } from './paste-letterbox.ts'

/**
 * How an image lies in what a network sees: mirrored, then resized to `resizedHw`, then, with a letterbox, put into the
 * middle of a black square. The network's boxes are in pixels of the view: of the square, if there is one.
 */
export interface ViewFrame {
  /** [height, width] of the original image. */
  readonly frameHw: readonly [number, number]
  /** [height, width] of the resized image. */
  readonly resizedHw: readonly [number, number]
  readonly flip: Flip
  /** Side of the black square around it. */
  readonly squarePx?: number
}

/** [height, width] of the view, without the padding to multiples: networks clip their boxes to it. */
export function viewHw({ resizedHw, squarePx }: ViewFrame): readonly [number, number] {
  return squarePx === undefined ? resizedHw : [squarePx, squarePx]
}

/** The square of a view, undefined if it has none. */
export function letterboxIn({ frameHw, squarePx }: ViewFrame): Letterbox | undefined {
  return squarePx === undefined ? undefined : letterboxOf(frameHw, squarePx)
}

/** Boxes of the original image as boxes of the resized, mirrored image; in place. */
export function boxesToResized<T extends Float64Array | Float32Array>(boxesXyxy: T, view: ViewFrame): T {
  const { frameHw, resizedHw, flip } = view
  scaleBoxes(boxesXyxy, resizedHw[1] / frameHw[1], resizedHw[0] / frameHw[0])
  return flipBoxes(boxesXyxy, flip, resizedHw)
}

/** Boxes of the resized image as boxes of the view: moved into the square, if there is one; in place. */
export function boxesIntoSquare<T extends Float64Array | Float32Array>(boxesXyxy: T, view: ViewFrame): T {
  const letterbox = letterboxIn(view)
  return letterbox === undefined ? boxesXyxy : moveBoxes(boxesXyxy, letterbox.left, letterbox.top)
}

/**
 * Boxes of the view as boxes of the original image; in place. What reaches into the black around the image is cut off:
 * a box that lies there becomes one without area at the edge.
 */
export function boxesToFrame<T extends Float64Array | Float32Array>(boxesXyxy: T, view: ViewFrame): T {
  const { frameHw, resizedHw, flip } = view
  const letterbox = letterboxIn(view)
  if (letterbox !== undefined) {
    moveBoxes(boxesXyxy, -letterbox.left, -letterbox.top)
    clipBoxes(boxesXyxy, resizedHw)
  }
  flipBoxes(boxesXyxy, flip, resizedHw)
  return scaleBoxes(boxesXyxy, frameHw[1] / resizedHw[1], frameHw[0] / resizedHw[0])
}

function moveBoxes<T extends Float64Array | Float32Array>(boxesXyxy: T, dx: number, dy: number): T {
  for (let i = 0; i < boxesXyxy.length; i += 2) {
    boxesXyxy[i]! += dx
    boxesXyxy[i + 1]! += dy
  }
  return boxesXyxy
}
