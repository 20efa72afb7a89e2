import { bench, describe } from 'vitest'
import type { PooledBoxes } from '../../nodes/kernels/box-pool.ts'
import { nonMaximumWeighted } from '../../nodes/kernels/nmw.ts'
import { softNms } from '../../nodes/kernels/soft-nms.ts'
import { weightedBoxesFusion } from '../../nodes/kernels/wbf.ts'
import { stream } from './detection-set.ts'

/**
 * `models` models see 100 objects of an image, each a little differently, in the unit square. The same numbers as
 * compare_fusion.py makes for ensemble-boxes.
 */
export function pooledModels(models: number, classes: number, seed: number): PooledBoxes {
  const next = stream(seed)
  const objects = Array.from({ length: 100 }, () => {
    const x = next() * 0.8
    const y = next() * 0.8
    return [Math.floor(next() * classes), x, y, x + 0.02 + next() * 0.15, y + 0.02 + next() * 0.15]
  })
  const boxes: number[] = []
  const scores: number[] = []
  const labels: number[] = []
  const sources: number[] = []
  for (let model = 0; model < models; model++) {
    for (const [label, ...sides] of objects) {
      boxes.push(...sides.map(side => side + (next() - 0.5) * 0.01))
      scores.push(next())
      labels.push(label!)
      sources.push(model)
    }
  }
  return {
    boxesXyxy: Float64Array.from(boxes),
    scores: Float64Array.from(scores),
    labels: Int32Array.from(labels),
    sources: Int32Array.from(sources),
  }
}

const few = { iterations: 10, time: 0, warmupIterations: 2, warmupTime: 0 }

for (const [models, classes] of [
  [10, 80],
  [5, 300],
  [10, 1],
] as const) {
  const images = Array.from({ length: 20 }, (_, image) => pooledModels(models, classes, image + 1))
  const options = { sourceCount: models, iouThreshold: 0.55, frameHw: [1, 1] as const }
  describe(`20 images of ${models} models × 100 boxes in ${classes} classes`, () => {
    bench('WBF', () => images.forEach(pool => void weightedBoxesFusion(pool, options)), few)
    bench('NMW', () => images.forEach(pool => void nonMaximumWeighted(pool, options)), few)
    bench(
      'soft-NMS',
      () =>
        images.forEach(pool => void softNms(pool.boxesXyxy, pool.scores, { decay: 'gaussian', groups: pool.labels })),
      few,
    )
  })
}
