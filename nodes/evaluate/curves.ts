import { drawLines } from '../plot/lines.ts'

/** Precision by recall. */
export interface Curve {
  readonly name: string
  /** Recall in [0, 1], ascending. */
  readonly recall: ArrayLike<number>
  /** Precision in [0, 1] at each recall. */
  readonly precision: ArrayLike<number>
}

/** As an SVG picture. */
export function drawCurves(title: string, curves: readonly Curve[]): Promise<Uint8Array> {
  return drawLines({
    title,
    xTitle: 'recall',
    yTitle: 'precision',
    lines: curves.map(({ name, recall, precision }) => ({ name, x: recall, y: precision })),
    xRange: [0, 1],
    yRange: [0, 1],
  })
}
