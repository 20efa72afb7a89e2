/** Planes of tiles under way to planes of the whole: weighted sums in float32, row-major. */
export interface Stitch {
  readonly sizeHw: readonly [number, number]
  readonly sums: readonly Float32Array[]
  /** Of all planes the same. */
  readonly weights: Float32Array
}

export function newStitch(sizeHw: readonly [number, number], planeCount: number): Stitch {
  const area = sizeHw[0] * sizeHw[1]
  return {
    sizeHw,
    sums: Array.from({ length: planeCount }, () => new Float32Array(area)),
    weights: new Float32Array(area),
  }
}

/**
 * Adds a tile: planes of [heightPx · widthPx] at (x, y). With `ramp` a pixel weighs the distance from its centre to the
 * nearest edge of the tile, so that nobody sees where tiles end; with `mean` 1.
 */
export function addTile(
  { sizeHw, sums, weights }: Stitch,
  planes: readonly Float32Array[],
  window: { readonly x: number; readonly y: number; readonly widthPx: number; readonly heightPx: number },
  blend: 'ramp' | 'mean',
): void {
  const { widthPx, heightPx } = window
  for (let y = 0; y < heightPx; y++) {
    const edgeY = Math.min(y, heightPx - 1 - y) + 0.5
    let at = (window.y + y) * sizeHw[1] + window.x
    for (let x = 0; x < widthPx; x++, at++) {
      const weight = blend === 'mean' ? 1 : Math.min(edgeY, x + 0.5, widthPx - x - 0.5)
      weights[at]! += weight
      for (let k = 0; k < planes.length; k++) sums[k]![at]! += weight * planes[k]![y * widthPx + x]!
    }
  }
}

/** The weighted means, in [0, 1] where the tiles' planes were; 0 where no tile is. The stitch is used up. */
export function finishStitch({ sums, weights }: Stitch): readonly Float32Array[] {
  for (const plane of sums)
    for (let i = 0; i < plane.length; i++) plane[i] = weights[i] === 0 ? 0 : Math.min(1, plane[i]! / weights[i]!)
  return sums
}
