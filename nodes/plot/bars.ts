import { MOST_ROWS, names, numbers, PLOT_WIDTH, ROW_HEIGHT, titled } from './layout.ts'
import { drawChart } from './svg.ts'

export interface Bar {
  readonly name: string
  readonly value: number
  /** Bars of one name are drawn end to end, each part in its colour. */
  readonly part?: string
}

export interface BarsChart {
  readonly title: string
  readonly valueTitle: string
  /** A row for each name, in order of first appearance; the first `MOST_ROWS` are drawn and the title says how many there are besides. */
  readonly bars: readonly Bar[]
}

/** Rows of bars that begin at 0: counts by class. */
export function drawBars(chart: BarsChart): Promise<Uint8Array> {
  const all = [...new Set(chart.bars.map(({ name }) => name))]
  const rows = all.slice(0, MOST_ROWS)
  const parts = [...new Set(chart.bars.flatMap(({ part }) => part ?? []))]
  const shown = new Set(rows)
  const values = chart.bars
    .filter(({ name }) => shown.has(name))
    .map(({ name, value, part = '' }) => ({ name, value, part, place: parts.indexOf(part) }))
  const totals = new Map<string, number>()
  for (const { name, value } of values) totals.set(name, (totals.get(name) ?? 0) + value)
  return drawChart({
    title: titled(chart.title, all.length - rows.length),
    width: PLOT_WIDTH,
    height: { step: ROW_HEIGHT },
    data: { values },
    mark: { type: 'bar' },
    encoding: {
      x: {
        ...numbers('value', chart.valueTitle, [0, ...totals.values()]),
        stack: 'zero',
      },
      y: names(rows),
      ...(parts.length > 0 && {
        color: { field: 'part', type: 'nominal', scale: { domain: parts } } as const,
        order: { field: 'place', type: 'quantitative' } as const,
      }),
    },
  })
}
