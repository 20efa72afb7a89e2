import { type Reliability, reliability } from '../kernels/reliability.ts'
import { drawLines } from '../plot/lines.ts'
import { type ClassCalibrations, fitOfClass } from '../values/calibration.ts'
import type { ClassList } from '../values/classes.ts'
import { defined, type Metrics } from '../values/metrics.ts'
import type { Table } from '../values/table.ts'
import type { Judged } from './judged.ts'

/** What a calibration does, in the forms it is delivered in. */

type BeforeAndAfter<T> = { readonly [side in 'before' | 'after']: T }

const sides = ['before', 'after'] as const

/** One row for each bin of the score. */
export function reliabilityTable(measured: BeforeAndAfter<Reliability>): Table {
  return {
    columns: ['score above', 'to', ...sides.flatMap(side => [`${side}: detections`, 'mean score', 'share right'])],
    rows: measured.before.bins.map(({ low, high }, bin) => [
      low,
      high,
      ...sides.flatMap(side => {
        const { count, meanScore, accuracy } = measured[side].bins[bin]!
        return [count, defined(meanScore), defined(accuracy)]
      }),
    ]),
  }
}

/** One row for each class; of what its scores are mapped by when it has no fit of its own: others. */
export function classesTable(
  { before, after }: BeforeAndAfter<readonly Judged[]>,
  classes: ClassList,
  fit: ClassCalibrations,
  bins: number,
): Table {
  const ece = ({ scores, right }: Judged) => defined(reliability(scores, right, bins).ece)
  const rows = classes.map(({ id, name }, label) => {
    const own = before[label]!
    const right = own.right.reduce((sum, one) => sum + one, 0)
    const calibration = fitOfClass(fit, id)
    const temperature = 'temperature' in calibration ? calibration.temperature : null
    const source = Object.hasOwn(fit.classes, id) ? 'its own' : 'others'
    return [id, name, own.scores.length, right, source, temperature, ece(own), ece(after[label]!)]
  })
  return {
    columns: ['class', 'name', 'detections', 'right', 'fit', 'temperature', 'ECE before', 'ECE after'],
    rows,
  }
}

export function reliabilityMetrics(
  measured: BeforeAndAfter<Reliability>,
  classes: ClassList,
  fit: ClassCalibrations,
): Metrics {
  const numbers = ({ ece, mce, brier, count, accuracy, meanScore }: Reliability) => ({
    ECE: defined(ece),
    MCE: defined(mce),
    Brier: defined(brier),
    detections: count,
    accuracy: defined(accuracy),
    score: defined(meanScore),
  })
  const temperatures = classes.flatMap(({ id }) => {
    const one = fitOfClass(fit, id)
    return 'temperature' in one ? [[id, one.temperature] as const] : []
  })
  return {
    before: numbers(measured.before),
    after: numbers(measured.after),
    ...(temperatures.length > 0 && { 'temperature by class': Object.fromEntries(temperatures) }),
  }
}

export function drawReliability(measured: BeforeAndAfter<Reliability>, method: string): Promise<Uint8Array> {
  const line = (side: 'before' | 'after') => {
    const filled = measured[side].bins.filter(({ count }) => count > 0)
    const ece = Number.isNaN(measured[side].ece) ? '–' : measured[side].ece.toFixed(4)
    return {
      name: `${side}, ECE ${ece}`,
      x: filled.map(({ meanScore }) => meanScore),
      y: filled.map(({ accuracy }) => accuracy),
    }
  }
  return drawLines({
    title: `Reliability, ${method}`,
    xTitle: 'mean score',
    yTitle: 'share right',
    lines: sides.map(line),
    xRange: [0, 1],
    yRange: [0, 1],
    points: true,
    diagonal: true,
  })
}
