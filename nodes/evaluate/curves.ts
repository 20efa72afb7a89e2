/** Precision by recall as an SVG picture. */

export interface Curve {
  readonly name: string
  /** Recall in [0, 1], ascending. */
  readonly recall: ArrayLike<number>
  /** Precision in [0, 1] at each recall. */
  readonly precision: ArrayLike<number>
}

const WIDTH = 720
const HEIGHT = 480
const LEFT = 64
const TOP = 48
const PLOT_WIDTH = 420
const PLOT_HEIGHT = 368
/** Told apart with colour blindness too (Okabe, Ito 2008); after them they begin again, dashed. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000']
/** More lines than this are not legible; the rest is named in one line. */
const MOST_CURVES = 21

/** @param curves the first 21 are drawn. */
export function drawCurves(title: string, curves: readonly Curve[]): Uint8Array {
  const x = (recall: number) => LEFT + recall * PLOT_WIDTH
  const y = (precision: number) => TOP + (1 - precision) * PLOT_HEIGHT
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="28" font-size="15">${escaped(title)}</text>`,
  ]
  for (let tenth = 0; tenth <= 10; tenth += 2) {
    const share = tenth / 10
    const grid = 'stroke="#dddddd" stroke-width="1"'
    parts.push(
      `<line x1="${x(share)}" y1="${y(0)}" x2="${x(share)}" y2="${y(1)}" ${grid}/>`,
      `<line x1="${x(0)}" y1="${y(share)}" x2="${x(1)}" y2="${y(share)}" ${grid}/>`,
      `<text x="${x(share)}" y="${y(0) + 18}" text-anchor="middle">${share}</text>`,
      `<text x="${x(0) - 8}" y="${y(share) + 4}" text-anchor="end">${share}</text>`,
    )
  }
  parts.push(
    `<text x="${x(0.5)}" y="${y(0) + 40}" text-anchor="middle">recall</text>`,
    `<text transform="translate(18 ${y(0.5)}) rotate(-90)" text-anchor="middle">precision</text>`,
  )
  const drawn = curves.slice(0, MOST_CURVES)
  drawn.forEach((curve, index) => {
    const colour = COLOURS[index % COLOURS.length]
    const dash = ['', ' stroke-dasharray="6 3"', ' stroke-dasharray="2 2"'][Math.floor(index / COLOURS.length)]
    const line = `stroke="${colour}" stroke-width="2" fill="none"${dash}`
    const points = Array.from(curve.recall, (recall, k) => `${round(x(recall))},${round(y(curve.precision[k]!))}`)
    const legendX = LEFT + PLOT_WIDTH + 24
    const legendY = TOP + 8 + index * 18
    parts.push(
      `<polyline points="${points.join(' ')}" ${line}/>`,
      `<line x1="${legendX}" y1="${legendY}" x2="${legendX + 24}" y2="${legendY}" ${line}/>`,
      `<text x="${legendX + 30}" y="${legendY + 4}">${escaped(shortened(curve.name))}</text>`,
    )
  })
  if (curves.length > drawn.length) {
    const rest = `and ${curves.length - drawn.length} more`
    parts.push(`<text x="${LEFT + PLOT_WIDTH + 24}" y="${TOP + 12 + drawn.length * 18}">${rest}</text>`)
  }
  return new TextEncoder().encode(`${parts.join('\n')}\n</svg>\n`)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function shortened(name: string): string {
  return name.length > 26 ? `${name.slice(0, 25)}…` : name
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
