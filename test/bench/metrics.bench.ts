import { bench, describe } from 'vitest'
import { createCocoEvaluator } from '../../nodes/kernels/coco-eval.ts'
import { asCocoImage, syntheticImages } from './detection-set.ts'

// Beside pycocotools: python test/bench/compare_metrics.py
const images = syntheticImages(5000)
const withBoxes = images.map(image => asCocoImage(image, false))
const withMasks = images.map(image => asCocoImage(image, true))

describe('COCO evaluation of 5,000 images and about 36,000 detections', () => {
  for (const [similarity, set] of [['bbox', withBoxes] as const, ['segm', withMasks] as const]) {
    bench(
      similarity,
      () => {
        const evaluator = createCocoEvaluator({ classCount: 80, similarity, rules: 'strict' })
        for (const image of set) evaluator.addImage(image)
        evaluator.accumulate()
      },
      { iterations: 3, time: 0, warmupIterations: 1, warmupTime: 0 },
    )
  }
})
