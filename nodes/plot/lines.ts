import { COLOURS, firstOfEachName, GREY, numbers, PLOT_HEIGHT, PLOT_WIDTH, titled } from './layout.ts'
import { drawChart, type Layer } from './svg.ts'

export interface Line {
  readonly name: string
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  /** A band from low to high around the line: both or none. */
  readonly low?: ArrayLike<number>
  readonly high?: ArrayLike<number>
}

export interface LinesChart {
  readonly title: string
  readonly xTitle: string
  readonly yTitle: string
  /** Each name once; the first `MOST_LINES` are drawn and the title says how many there are besides. */
  readonly lines: readonly Line[]
  /** Default: what the numbers need. */
  readonly xRange?: readonly [number, number]
  readonly yRange?: readonly [number, number]
  /** Dots at the points: for lines of few. */
  readonly points?: boolean
  /** A dashed line between the corners of both ranges (default 0 to 1): where x = y. */
  readonly diagonal?: boolean
}

/** More than this cannot be told apart. */
export const MOST_LINES = 21

const DASHES = [
  [1, 0],
  [6, 3],
  [2, 2],
] as const

/** Lines of numbers over numbers: curves, steps, sweeps. Points are joined in their order. */
export function drawLines(chart: LinesChart): Promise<Uint8Array> {
  const all = firstOfEachName(chart.lines)
  const lines = all.slice(0, MOST_LINES)
  const x = {
    ...numbers(
      'x',
      chart.xTitle,
      lines.flatMap(({ x }) => Array.from(x)),
    ),
    scale: scaleOf(chart.xRange),
  }
  const y = {
    ...numbers(
      'y',
      chart.yTitle,
      lines.flatMap(({ y }) => Array.from(y)),
    ),
    scale: scaleOf(chart.yRange),
  }
  const legend = lines.length > 1 ? {} : { legend: null }
  const domain = lines.map(({ name }) => name)
  const range = lines.map((_, i) => [...DASHES[Math.floor(i / COLOURS.length) % DASHES.length]!])
  const color = { field: 'name', type: 'nominal', scale: { domain }, ...legend } as const
  const strokeDash = { field: 'name', type: 'nominal', scale: { domain, range }, ...legend } as const
  const band: Layer = {
    mark: { type: 'area', opacity: 0.18 },
    encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
  }
  const curves: Layer = {
    mark: { type: 'line', strokeWidth: 2, point: chart.points ? { filled: true, size: 36 } : false },
    encoding: { x, y, color, strokeDash, order: { field: 'k', type: 'quantitative' } },
  }
  return drawChart({
    title: titled(chart.title, all.length - lines.length),
    width: PLOT_WIDTH,
    height: PLOT_HEIGHT,
    data: { values: lines.flatMap(pointsOf) },
    layer: [
      ...(chart.diagonal ? [diagonal(chart, x, y)] : []),
      ...(lines.some(({ low, high }) => low && high) ? [band] : []),
      curves,
    ],
  })
}

function pointsOf({ name, x, y, low, high }: Line) {
  return Array.from(x, (at, k) => ({ name, k, x: at, y: y[k]!, ...(low && high && { low: low[k]!, high: high[k]! }) }))
}

function diagonal({ xRange, yRange }: LinesChart, x: Axis, y: Axis): Layer {
  const [left, right] = xRange ?? [0, 1]
  const [bottom, top] = yRange ?? [0, 1]
  const ends = [
    { x: left, y: bottom },
    { x: right, y: top },
  ]
  return { data: { values: ends }, mark: { type: 'line', color: GREY, strokeDash: [4, 4] }, encoding: { x, y } }
}

type Axis = ReturnType<typeof numbers> & { readonly scale: ReturnType<typeof scaleOf> }

function scaleOf(range: readonly [number, number] | undefined): {
  domain?: number[]
  nice?: boolean
  clamp?: boolean
  zero?: boolean
  padding?: number
} {
  return range ? { domain: [...range], nice: false, clamp: true } : { zero: false, padding: 8 }
}
