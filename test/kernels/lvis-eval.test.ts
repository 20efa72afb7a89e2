import { describe, expect, it } from 'vitest'
import { createLvisEvaluator, type LvisFrequency, lvisStats } from '../../nodes/kernels/lvis-eval.ts'
import { cocoImages, readCocoCase } from '../helpers/coco-golden.ts'
import { readGolden } from '../helpers/golden.ts'

interface Case {
  readonly data: string
  readonly maxDetections: number
  readonly frequency: ('r' | 'c' | 'f')[]
  readonly absent: number[][]
  readonly incomplete: number[][]
  readonly bbox: { readonly results: number[]; readonly precisionSum: number }
  readonly segm: { readonly results: number[]; readonly precisionSum: number }
}

const frequencyNames: Readonly<Record<string, LvisFrequency>> = { r: 'rare', c: 'common', f: 'frequent' }
const cases = readGolden<Case[]>('metrics/lvis.json.gz')

describe('LVIS evaluation', () => {
  it.each(
    cases.flatMap(data => [
      { ...data, kind: 'bbox' as const },
      { ...data, kind: 'segm' as const },
    ]),
  )('equals lvis: $data, $kind', ({ data, kind, ...expected }) => {
    const coco = readCocoCase(data.replace('.json.gz', ''))
    const labelsOf = (ids: number[]) => new Set(ids.map(id => coco.categories.indexOf(id)))
    const evaluator = createLvisEvaluator({
      classCount: coco.categories.length,
      similarity: kind,
      maxDetections: expected.maxDetections,
      boxAreas: true,
    })
    cocoImages({ ...coco, resultsHaveBoxes: true }).forEach(
      ({ truth: { crowd: _, ids: __, ...truth }, detections }, i) => {
        evaluator.addImage({
          truth,
          detections,
          absentClasses: labelsOf(expected.absent[i]!),
          incompleteClasses: labelsOf(expected.incomplete[i]!),
        })
      },
    )
    const curves = evaluator.accumulate()
    const stats = lvisStats(
      curves,
      expected.frequency.map(letter => frequencyNames[letter]!),
    )
    expect(stats.length).toBe(expected[kind].results.length)
    stats.forEach((value, i) => {
      expect(Math.abs(value - expected[kind].results[i]!)).toBeLessThan(1e-12)
    })
    expect(curves.precision.reduce((a, b) => a + b, 0)).toBeCloseTo(expected[kind].precisionSum, 8)
  })
})
