import { names, titled } from './layout.ts'
import { drawChart } from './svg.ts'

export interface GridChart {
  readonly title: string
  readonly valueTitle: string
  /** Names of rows and columns alike; the first `MOST_SIDES` are drawn and the title says how many there are besides. */
  readonly names: readonly string[]
  /** What stands where a row and a column meet; cells that are not named stay empty. */
  readonly cells: readonly { readonly row: string; readonly column: string; readonly value: number }[]
}

/** Cells of more sides cannot be read. */
export const MOST_SIDES = 25
const CELL = 24

/** Numbers between pairs of names, as darker or lighter cells with the number in them. */
export function drawGrid(chart: GridChart): Promise<Uint8Array> {
  const sides = chart.names.slice(0, MOST_SIDES)
  const shown = new Set(sides)
  const values = chart.cells.filter(({ row, column }) => shown.has(row) && shown.has(column))
  const greatest = Math.max(1, ...values.map(({ value }) => value))
  const x = { ...names(sides), field: 'column', axis: { title: null, grid: false, labelAngle: -60 } } as const
  const y = { ...names(sides), field: 'row' } as const
  return drawChart({
    title: titled(chart.title, chart.names.length - sides.length),
    width: { step: CELL },
    height: { step: CELL },
    data: { values: values.map(cell => ({ ...cell, dark: cell.value > greatest / 2 })) },
    layer: [
      {
        mark: { type: 'rect' },
        encoding: {
          x,
          y,
          color: {
            field: 'value',
            type: 'quantitative',
            scale: { domain: [0, greatest], range: ['#eef4fa', '#0a4f86'] },
            legend: { title: chart.valueTitle, tickCount: 5 },
          },
        },
      },
      {
        mark: { type: 'text', fontSize: 9 },
        encoding: {
          x,
          y,
          text: { field: 'value', type: 'quantitative' },
          color: { condition: { test: 'datum.dark', value: '#ffffff' }, value: '#222222' },
        },
      },
    ],
  })
}
