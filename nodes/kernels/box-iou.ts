/**
 * Overlap of boxes (x1, y1, x2, y2, continuous pixels, half-open, width = x2 − x1), in doubles. A box with a negative
 * side has area 0. IoU of two boxes without area is 0.
 */

type Boxes = Float64Array | Float32Array

/** [N] areas in square pixels. */
export function boxAreas(boxesXyxy: Boxes): Float64Array {
  const areas = new Float64Array(boxesXyxy.length / 4)
  for (let i = 0; i < areas.length; i++) {
    const width = boxesXyxy[4 * i + 2]! - boxesXyxy[4 * i]!
    const height = boxesXyxy[4 * i + 3]! - boxesXyxy[4 * i + 1]!
    areas[i] = width > 0 && height > 0 ? width * height : 0
  }
  return areas
}

/**
 * [Na · Nb] IoU of every box of `a` with every box of `b`, row-major (a's index first).
 * @param crowd [Nb] where 1, the divisor is the area of a's box alone (COCO's rule for crowd regions in `b`).
 */
export function boxIou(a: Boxes, b: Boxes, options: { readonly crowd?: Uint8Array } = {}): Float64Array {
  const rows = a.length / 4
  const columns = b.length / 4
  const areasA = boxAreas(a)
  const areasB = boxAreas(b)
  const crowd = options.crowd
  const out = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++) {
    const x1 = a[4 * i]!
    const y1 = a[4 * i + 1]!
    const x2 = a[4 * i + 2]!
    const y2 = a[4 * i + 3]!
    const area = areasA[i]!
    for (let j = 0; j < columns; j++) {
      const width = Math.min(x2, b[4 * j + 2]!) - Math.max(x1, b[4 * j]!)
      if (!(width > 0)) continue
      const height = Math.min(y2, b[4 * j + 3]!) - Math.max(y1, b[4 * j + 1]!)
      if (!(height > 0)) continue
      const overlap = width * height
      out[i * columns + j] = overlap / (crowd?.[j] === 1 ? area : area + areasB[j]! - overlap)
    }
  }
  return out
}

/** Area shared by box i of `a` and box j of `b`, px². */
export function boxOverlap(a: Boxes, i: number, b: Boxes, j: number): number {
  const width = Math.min(a[4 * i + 2]!, b[4 * j + 2]!) - Math.max(a[4 * i]!, b[4 * j]!)
  if (!(width > 0)) return 0
  const height = Math.min(a[4 * i + 3]!, b[4 * j + 3]!) - Math.max(a[4 * i + 1]!, b[4 * j + 1]!)
  return height > 0 ? width * height : 0
}

/** Area of box i, px². */
export function boxArea(boxesXyxy: Boxes, i: number): number {
  const width = boxesXyxy[4 * i + 2]! - boxesXyxy[4 * i]!
  const height = boxesXyxy[4 * i + 3]! - boxesXyxy[4 * i + 1]!
  return width > 0 && height > 0 ? width * height : 0
}

/** IoU of box i of `a` and box j of `b`; 0 if they share nothing. */
export function pairIou(a: Boxes, i: number, b: Boxes, j: number): number {
  const overlap = boxOverlap(a, i, b, j)
  return overlap === 0 ? 0 : overlap / (boxArea(a, i) + boxArea(b, j) - overlap)
}
