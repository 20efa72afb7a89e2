import { numbers, PLOT_HEIGHT, PLOT_WIDTH } from './layout.ts'
import { drawChart } from './svg.ts'

export interface HistogramChart {
  readonly title: string
  readonly xTitle: string
  readonly yTitle: string
  /** [bins + 1] rising. */
  readonly edges: ArrayLike<number>
  /** [bins] */
  readonly counts: ArrayLike<number>
  /** Places edges by their logarithm; all must be > 0. */
  readonly logarithmic?: boolean
}

/** Counts between edges, as blocks that touch. */
export function drawHistogram(chart: HistogramChart): Promise<Uint8Array> {
  const { edges, counts } = chart
  const domain = [edges[0] ?? 0, edges[edges.length - 1] ?? 1]
  const scale = chart.logarithmic
    ? ({ type: 'log', domain, nice: false } as const)
    : { domain, nice: false, zero: false }
  return drawChart({
    title: chart.title,
    width: PLOT_WIDTH,
    height: PLOT_HEIGHT,
    data: { values: Array.from(counts, (count, k) => ({ from: edges[k]!, to: edges[k + 1]!, count, base: 0 })) },
    mark: { type: 'rect', stroke: '#ffffff', strokeWidth: 0.5 },
    encoding: {
      x: { ...numbers('from', chart.xTitle, []), scale },
      x2: { field: 'to' },
      y: numbers('count', chart.yTitle, [0, ...Array.from(counts)]),
      y2: { field: 'base' },
    },
  })
}
