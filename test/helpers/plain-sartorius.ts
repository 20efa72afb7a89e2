import { type DenseMask, pixel } from './dense-masks.ts'

/**
 * The post-processing of TheoViel's Sartorius solution read plainly: dense arrays, no shortcuts, written from the
 * description of the program and not from the kernels it is compared with.
 */

export interface PlainObject {
  readonly mask: DenseMask
  readonly score: number
}

export interface PlainRules {
  readonly confidence: number
  readonly iou: number
  readonly smallPx: number
  /** What its tuning code does, or its inference code. */
  readonly small: 'all' | 'smallest'
  readonly corrupt: boolean
}

const area = ({ pixels }: DenseMask) => pixels.reduce((sum, value) => sum + value, 0)

function iou(a: DenseMask, b: DenseMask): number {
  let shared = 0
  let either = 0
  for (let i = 0; i < a.pixels.length; i++) {
    shared += a.pixels[i]! & b.pixels[i]!
    either += a.pixels[i]! | b.pixels[i]!
  }
  return either === 0 ? 0 : shared / either
}

export function plainProcess(objects: readonly PlainObject[], rules: PlainRules): PlainObject[] {
  // A stable ascending argsort, read backwards: of equal scores the later object comes first.
  const ascending = objects.map((_, i) => i).sort((a, b) => objects[a]!.score - objects[b]!.score || a - b)
  const sorted = ascending.reverse().map(i => objects[i]!)
  let left = sorted.filter(({ score }) => score >= rules.confidence)
  const picked: PlainObject[] = []
  while (left.length > 0) {
    const best = left[0]!
    const overlaps = left.map(other => iou(best.mask, other.mask))
    if (overlaps[0]! > rules.iou) picked.push(best)
    left = left.filter((_, i) => i > 0 && overlaps[i]! <= rules.iou)
  }
  const kept = withoutSmall(picked, rules)
  const drawn = kept.map(object => (rules.corrupt ? { ...object, mask: plainCorrupt(object.mask) } : object))
  return drawn.map((object, i) => {
    const pixels = object.mask.pixels.slice()
    for (const earlier of drawn.slice(0, i)) for (const at of pixels.keys()) if (earlier.mask.pixels[at]) pixels[at] = 0
    return { ...object, mask: { ...object.mask, pixels } }
  })
}

function withoutSmall(objects: readonly PlainObject[], { smallPx, small }: PlainRules): readonly PlainObject[] {
  const areas = objects.map(({ mask }) => area(mask))
  if (smallPx <= 0 || !areas.some(one => one <= smallPx)) return objects
  const least = Math.min(...areas)
  return objects.filter((_, i) => (small === 'smallest' ? areas[i]! > least : areas[i]! > smallPx))
}

type Point = readonly [x: number, y: number]

/** E, NE, N, NW, W, SW, S, SE. */
const STEPS: readonly Point[] = [
  [1, 0],
  [1, -1],
  [0, -1],
  [-1, -1],
  [-1, 0],
  [-1, 1],
  [0, 1],
  [1, 1],
]

/** Every border, of holes too, filled as if it were convex; the union. */
export function plainCorrupt(mask: DenseMask): DenseMask {
  const pixels = new Uint8Array(mask.pixels.length)
  for (const contour of plainContours(mask)) fillAsConvex({ ...mask, pixels }, contour)
  return { ...mask, pixels }
}

/** Suzuki's border following with the marks of OpenCV; points where the direction changes. */
function plainContours(mask: DenseMask): Point[][] {
  const marks = new Map<string, number>()
  const at = ([x, y]: Point) => marks.get(`${x},${y}`) ?? pixel(mask, x, y)
  const step = ([x, y]: Point, code: number): Point => [x + STEPS[code]![0], y + STEPS[code]![1]]
  const contours: Point[][] = []
  let border = 1
  for (let y = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++) {
      const start: Point = [x, y]
      const outer = at(start) === 1 && at([x - 1, y]) === 0
      const hole = !outer && at(start) >= 1 && at([x + 1, y]) === 0
      if (outer || hole) contours.push(follow(start, hole, ++border))
    }
  }
  return contours

  function follow(start: Point, hole: boolean, number: number): Point[] {
    const from = hole ? 0 : 4
    let code = from
    do code = (code + 7) % 8
    while (at(step(start, code)) === 0 && code !== from)
    if (code === from) {
      marks.set(`${start}`, -number)
      return [start]
    }
    const first = step(start, code)
    const points: Point[] = []
    let current = start
    let last = (code + 4) % 8
    for (;;) {
      const back = code
      do code++
      while (at(step(current, code % 8)) === 0)
      code %= 8
      if (code > 0 && code - 1 < back) marks.set(`${current}`, -number)
      else if (at(current) === 1) marks.set(`${current}`, number)
      if (code !== last) points.push(current)
      last = code
      const next = step(current, code)
      if (`${next}` === `${start}` && `${current}` === `${first}`) return points
      current = next
      code = (code + 4) % 8
    }
  }
}

function fillAsConvex(canvas: DenseMask, points: readonly Point[]): void {
  const count = points.length
  const set = (x: number, y: number) => {
    if (x >= 0 && x < canvas.width) canvas.pixels[y * canvas.width + x] = 1
  }
  for (const [i, point] of points.entries())
    for (const [x, y] of line(points[(i + count - 1) % count]!, point)) set(x, y)
  if (count < 3) return
  const top = Math.min(...points.map(([, y]) => y))
  const bottom = Math.max(...points.map(([, y]) => y))
  const start = points.findIndex(([, y]) => y === top)
  const sides = [1, count - 1].map(stride => ({ stride, vertex: start, until: top, x: -65536, slope: 0 }))
  let budget = count
  for (let y = top; y <= bottom; y++) {
    for (const side of sides) {
      if (y < side.until) continue
      let passed = side.vertex
      for (;;) {
        if (budget-- <= 0) break
        const next = (passed + side.stride) % count
        const [nextX, nextY] = points[next]!
        if (nextY > y) {
          const distance = (nextX - points[passed]![0]) * 65536
          side.slope = Math.trunc((2 * distance + (nextY - y)) / (2 * (nextY - y)))
          side.x = points[passed]![0] * 65536
          side.until = nextY
          side.vertex = next
          break
        }
        passed = next
      }
    }
    if (budget < 0) return
    const ends = sides.map(({ x }) => Math.floor((x + 32768) / 65536)).sort((a, b) => a - b)
    for (let x = ends[0]!; x <= ends[1]!; x++) set(x, y)
    for (const side of sides) side.x += side.slope
  }
}

/** 8-connected, both ends, from left to right. */
function line(a: Point, b: Point): Point[] {
  const [[x1, y1], [x2, y2]] = a[0] <= b[0] ? [a, b] : [b, a]
  const [dx, dy] = [x2 - x1, Math.abs(y2 - y1)]
  const down = Math.sign(y2 - y1)
  const points: Point[] = []
  let [x, y] = [x1, y1]
  let error = Math.max(dx, dy) - 2 * Math.min(dx, dy)
  for (let k = 0; k <= Math.max(dx, dy); k++) {
    points.push([x, y])
    const both = error < 0
    if (both || dx >= dy) x++
    if (both || dx < dy) y += down
    error += 2 * (both ? Math.max(dx, dy) : 0) - 2 * Math.min(dx, dy)
  }
  return points
}
