import type { TopLevelSpec } from 'vega-lite'
import { COLOURS, GREY } from './layout.ts'

/** One of several charts on the same axes. */
export type Layer = Extract<TopLevelSpec, { readonly layer: unknown }>['layer'][number]

/** What Vega exports beside its types: how text is measured, and the counter behind the ids in a file. */
interface Undeclared {
  readonly textMetrics: { readonly canvas: (use: boolean) => void }
  readonly resetSVGDefIds: () => void
}

const STYLE: NonNullable<TopLevelSpec['config']> = {
  aria: false,
  font: 'sans-serif',
  view: { stroke: null },
  range: { category: [...COLOURS] },
  title: { anchor: 'start', fontSize: 15, fontWeight: 'normal', offset: 14, limit: 640 },
  axis: {
    domainColor: GREY,
    gridColor: '#dddddd',
    labelFontSize: 12,
    labelLimit: 220,
    tickColor: GREY,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titlePadding: 10,
  },
  legend: { labelFontSize: 12, labelLimit: 220, symbolStrokeWidth: 2, symbolSize: 120, title: null },
  mark: { color: COLOURS[0] },
}

/** Charts are drawn one after the other, so that none counts its ids while another is at it. */
let last: Promise<unknown> = Promise.resolve()

/**
 * A chart as Vega-Lite describes it, drawn as SVG. Equal charts are equal bytes in every process: text is measured by
 * the estimate of Vega, never with fonts of the machine, and ids in the file are counted from 0 in each file. The
 * libraries are loaded with the first chart.
 */
export function drawChart(chart: TopLevelSpec): Promise<Uint8Array> {
  const drawn = last.then(() => draw(chart))
  last = drawn.catch(() => undefined)
  return drawn
}

async function draw(chart: TopLevelSpec): Promise<Uint8Array> {
  const [vega, lite] = await Promise.all([import('vega'), import('vega-lite')])
  const { textMetrics, resetSVGDefIds } = vega as unknown as Undeclared
  textMetrics.canvas(false)
  resetSVGDefIds()
  const { spec } = lite.compile({ background: '#ffffff', padding: 14, ...chart, config: STYLE })
  const view = new vega.View(vega.parse(spec), { renderer: 'none', logLevel: vega.Error })
  try {
    return new TextEncoder().encode(`${await view.toSVG()}\n`)
  } finally {
    view.finalize()
  }
}
