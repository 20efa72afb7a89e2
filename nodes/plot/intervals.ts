import { COLOURS, firstOfEachName, GREY, MOST_ROWS, names, numbers, PLOT_WIDTH, ROW_HEIGHT, titled } from './layout.ts'
import { drawChart, type Layer } from './svg.ts'

export interface IntervalRow {
  readonly name: string
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface IntervalsChart {
  readonly title: string
  readonly valueTitle: string
  /** Each name once; the first `MOST_ROWS` are drawn and the title says how many there are besides. */
  readonly rows: readonly IntervalRow[]
  /** A dashed line at this value: what the rows are compared with. */
  readonly reference?: number
}

/** Rows of values, each with its interval. */
export function drawIntervals(chart: IntervalsChart): Promise<Uint8Array> {
  const all = firstOfEachName(chart.rows)
  const rows = all.slice(0, MOST_ROWS)
  const values = rows.map(({ name, value, low, high }) => ({ name, value, low, high }))
  const drawn = rows.flatMap(({ value, low, high }) => [value, low, high])
  const x = { ...numbers('value', chart.valueTitle, drawn), scale: { zero: false, padding: 8 } }
  const y = names(rows.map(({ name }) => name))
  const reference: Layer = {
    data: { values: [{ value: chart.reference }] },
    mark: { type: 'rule', color: GREY, strokeDash: [4, 4] },
    encoding: { x },
  }
  return drawChart({
    title: titled(chart.title, all.length - rows.length),
    width: PLOT_WIDTH,
    height: { step: ROW_HEIGHT + 4 },
    data: { values },
    layer: [
      ...(chart.reference === undefined ? [] : [reference]),
      {
        mark: { type: 'rule', strokeWidth: 2, color: COLOURS[0] },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y },
      },
      { mark: { type: 'point', filled: true, size: 50, opacity: 1 }, encoding: { x, y } },
    ],
  })
}
