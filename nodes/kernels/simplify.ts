/**
 * Douglas–Peucker: the points of a line that stay when every dropped point lies at most `tolerancePx` (>) from the line
 * between the kept ones around it. First and last stay. The numbers of scikit-image's `approximate_polygon`: the distance
 * is to the line where the point projects inside the piece, else to the nearer end; of equal distances the first point
 * wins. A tolerance of 0 or less keeps all. Where two points are equally far but for rounding, the original's choice hangs
 * on its machine's sine and cosine, so there (about one ring in 500) this choice can be another.
 *
 * @param xy x, y, …; a closed line repeats its first point at the end.
 */
export function simplifyLine(xy: Float64Array, tolerancePx: number): Float64Array<ArrayBuffer> {
  const count = xy.length / 2
  if (!(tolerancePx > 0) || count < 3) return xy.slice()
  const kept = new Uint8Array(count)
  kept[0] = 1
  kept[count - 1] = 1
  const pieces = [0, count - 1]
  while (pieces.length > 0) {
    const end = pieces.pop()!
    const start = pieces.pop()!
    const farthest = farthestPoint(xy, start, end, tolerancePx)
    if (farthest < 0) continue
    kept[farthest] = 1
    pieces.push(farthest, end, start, farthest)
  }
  const result: number[] = []
  for (let i = 0; i < count; i++) if (kept[i]) result.push(xy[2 * i]!, xy[2 * i + 1]!)
  return Float64Array.from(result)
}

/** The point between both with the largest distance above the tolerance, or −1. */
function farthestPoint(xy: Float64Array, start: number, end: number, tolerancePx: number): number {
  const x0 = xy[2 * start]!
  const y0 = xy[2 * start + 1]!
  const x1 = xy[2 * end]!
  const y1 = xy[2 * end + 1]!
  const dx = x1 - x0
  const dy = y1 - y0
  // In this form rounding is the original's; it decides between equally far points.
  const angle = -Math.atan2(dy, dx)
  const sine = Math.sin(angle)
  const cosine = Math.cos(angle)
  const offset = x0 * sine + y0 * cosine
  let farthest = -1
  let largest = tolerancePx
  for (let i = start + 1; i < end; i++) {
    const x = xy[2 * i]!
    const y = xy[2 * i + 1]!
    const along0 = (y - y0) * dy + (x - x0) * dx
    const along1 = -(y - y1) * dy - (x - x1) * dx
    const distance =
      along0 > 0 && along1 > 0
        ? Math.abs(y * cosine + x * sine - offset)
        : Math.min(
            Math.sqrt((x - x0) * (x - x0) + (y - y0) * (y - y0)),
            Math.sqrt((x - x1) * (x - x1) + (y - y1) * (y - y1)),
          )
    if (distance > largest) {
      largest = distance
      farthest = i
    }
  }
  return farthest
}
