/**
 * The pixels that a line touches, by the rules of GDAL 3.10 for the outlines of polygons (`all_touched`). Between pixels it
 * walks from left to right; lines within 1/100 px of a row or column stay in it, and those on an edge of pixels (closer than
 * 1/10,000 px) touch nothing, so that a polygon on the grid does not grow.
 */
export type TouchPixel = (x: number, y: number) => void

const ON_EDGE_PX = 1e-4
const STRAIGHT_PX = 0.01
const LEAST_STEP_PX = 1e-9

export function touchLine(
  from: readonly [number, number],
  to: readonly [number, number],
  [height, width]: readonly [number, number],
  touch: TouchPixel,
): void {
  // From left to right.
  const [[x1, y1], [x2, y2]] = from[0] > to[0] ? [to, from] : [from, to]
  if ((y1 < 0 && y2 < 0) || (y1 > height && y2 > height) || (x1 < 0 && x2 < 0) || (x1 > width && x2 > width)) return
  if (Math.floor(x1) === Math.floor(x2) || Math.abs(x1 - x2) < STRAIGHT_PX) {
    if (isOnEdge(x1) && isOnEdge(x2)) return
    const x = Math.floor(x2)
    if (x < 0 || x >= width) return
    const last = Math.min(Math.floor(Math.max(y1, y2) - ON_EDGE_PX), height - 1)
    for (let y = Math.max(0, Math.floor(Math.min(y1, y2))); y <= last; y++) touch(x, y)
    return
  }
  if (Math.floor(y1) === Math.floor(y2) || Math.abs(y1 - y2) < STRAIGHT_PX) {
    if (isOnEdge(y1) && isOnEdge(y2)) return
    const y = Math.floor(y1)
    if (y < 0 || y >= height) return
    const last = Math.min(Math.floor(x2 - ON_EDGE_PX), width - 1)
    for (let x = Math.max(0, Math.floor(x1)); x <= last; x++) touch(x, y)
    return
  }
  touchSlope(x1, y1, x2, y2, height, width, touch)
}

function touchSlope(
  startX: number,
  startY: number,
  lastX: number,
  lastY: number,
  height: number,
  width: number,
  touch: TouchPixel,
): void {
  const slope = (lastY - startY) / (lastX - startX)
  let [x, y, endX, endY] = [startX, startY, lastX, lastY]
  if (endX > width) {
    endY -= (endX - width) * slope
    endX = width
  }
  if (x < 0) {
    y -= x * slope
    x = 0
  }
  if (endY > y) {
    if (y < 0) {
      x -= y / slope
      y = 0
    }
    if (endY >= height) endX = Math.min(width, endX + (height - endY) / slope)
  } else {
    if (y >= height) {
      x += (height - y) / slope
      y = height
    }
    if (endY < 0) endX -= endY / slope
  }
  while (x >= 0 && x < endX) {
    const column = Math.floor(x)
    const row = Math.floor(y)
    if (row >= 0 && row < height && column < width) touch(column, row)
    const stepX = Math.floor(x + 1) - x
    const stepY = stepX * slope
    if (Math.floor(y + stepY) === row) {
      x += stepX
      y += stepY
      continue
    }
    const toNextRow = slope < 0 ? Math.min(row - y, -LEAST_STEP_PX) : Math.max(row + 1 - y, LEAST_STEP_PX)
    x += toNextRow / slope
    y += toNextRow
  }
}

function isOnEdge(position: number): boolean {
  return Math.abs(position - Math.round(position)) < ON_EDGE_PX
}
