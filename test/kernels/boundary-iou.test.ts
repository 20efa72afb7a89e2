import { describe, expect, it } from 'vitest'
import { boundaryMasks, boundaryWidthPx, maskAndBoundaryIou } from '../../nodes/kernels/boundary-iou.ts'
import { createCocoEvaluator } from '../../nodes/kernels/coco-eval.ts'
import { cocoStats } from '../../nodes/kernels/coco-summary.ts'
import { concatMasks, selectMasks } from '../../nodes/kernels/mask-sets.ts'
import { encodeDense, maskAreas } from '../../nodes/kernels/rle.ts'
import { cocoImages, readCocoCase } from '../helpers/coco-golden.ts'
import { readGolden } from '../helpers/golden.ts'

const cases = readGolden<{ data: string; stats: number[]; areas: number[] }[]>('metrics/boundary.json.gz')

describe('boundary IoU', () => {
  it.each(cases)('equals faster-coco-eval: $data', ({ data, stats, areas }) => {
    const coco = readCocoCase(data.replace('.json.gz', ''))
    const images = cocoImages({ ...coco, resultsHaveBoxes: false })
    const widthPx = boundaryWidthPx([96, 128])
    const found = images.flatMap(({ truth }) => [...maskAreas(boundaryMasks(truth.masks!, widthPx))])
    expect(found).toEqual(areas)

    const evaluator = createCocoEvaluator({ classCount: coco.categories.length, similarity: 'given', rules: 'strict' })
    for (const image of images) {
      const { truth, detections } = image
      evaluator.addImage({
        ...image,
        ious: (chosen, truths) =>
          maskAndBoundaryIou(selectMasks(detections.masks!, chosen), selectMasks(truth.masks!, truths), {
            crowd: Uint8Array.from(truths, g => truth.crowd![g]!),
          }),
      })
    }
    cocoStats(evaluator.accumulate(), 'strict').forEach((value, i) => {
      expect(Math.abs(value - stats[i]!)).toBeLessThan(1e-12)
    })
  })

  it('takes the smaller of both overlaps: a hollow mask misses the inside, a full one only the rim', () => {
    const side = 40
    const full = new Uint8Array(side * side).fill(1)
    const small = full.map((_, i) => (i % side < side - 4 ? 1 : 0))
    const masks = concatMasks([full, small].map(pixels => encodeDense(pixels, [side, side], 'row-major')))
    const [same, other] = maskAndBoundaryIou(selectMasks(masks, [0]), masks, { widthPx: 2 })
    expect(same).toBe(1)
    // Rims: 304 and 288 pixels, of which the left 2 columns and the parts of two rows are shared.
    expect(other).toBeCloseTo(216 / (304 + 288 - 216), 12)
  })

  it('has a band of 2 % of the diagonal, at least one pixel', () => {
    expect(boundaryWidthPx([480, 640])).toBe(16)
    expect(boundaryWidthPx([4, 4])).toBe(1)
  })
})
