import { describe, expect, it } from 'vitest'
import { createErrorBreakdown } from '../../nodes/kernels/error-breakdown.ts'
import type { ErrorKind } from '../../nodes/kernels/error-kinds.ts'
import { cocoImages, readCocoCase } from '../helpers/coco-golden.ts'
import { readGolden } from '../helpers/golden.ts'

interface Expected {
  readonly ap: number
  readonly main: Readonly<Record<string, number>>
  readonly special: Readonly<Record<string, number>>
  readonly counts: Readonly<Record<string, number>>
}

const cases =
  readGolden<{ data: string; maxDetections: number; bbox: Expected; segm: Expected }[]>('metrics/tide.json.gz')
const tideNames: Readonly<Record<ErrorKind, string>> = {
  class: 'Cls',
  location: 'Loc',
  both: 'Both',
  duplicate: 'Dupe',
  background: 'Bkg',
  missed: 'Miss',
}

describe('error breakdown', () => {
  it.each(
    cases.flatMap(data => [
      { ...data, kind: 'bbox' as const },
      { ...data, kind: 'segm' as const },
    ]),
  )('equals tidecv: $data, $kind', ({ data, kind, maxDetections, ...both }) => {
    const coco = readCocoCase(data.replace('.json.gz', ''))
    // As in the generating script: no two scores are equal.
    const results = coco.results.map((result, i) => ({ ...result, score: result.score + i * 1e-9 }))
    const builder = createErrorBreakdown({ classCount: coco.categories.length, similarity: kind, maxDetections })
    for (const { truth, detections } of cocoImages({ ...coco, results, resultsHaveBoxes: true })) {
      const { ignore: _, ...rest } = truth
      builder.addImage(rest, detections)
    }
    const breakdown = builder.finish()
    const expected = both[kind]
    expect(breakdown.averagePrecision * 100).toBeCloseTo(expected.ap, 9)
    for (const [own, theirs] of Object.entries(tideNames) as [ErrorKind, string][]) {
      expect([own, breakdown.counts[own]]).toEqual([own, expected.counts[theirs]])
      expect(breakdown.gains[own] * 100).toBeCloseTo(expected.main[theirs]!, 9)
    }
    expect(breakdown.falsePositiveGain * 100).toBeCloseTo(expected.special['FalsePos']!, 9)
    expect(breakdown.falseNegativeGain * 100).toBeCloseTo(expected.special['FalseNeg']!, 9)
  })

  it('finds one error of each kind in a picture made for it', () => {
    const box = (x: number, w = 10) => [x, 0, x + w, 10]
    const builder = createErrorBreakdown({ classCount: 2, similarity: 'bbox' })
    builder.addImage(
      {
        labels: Int32Array.of(0, 0, 0, 0, 0),
        boxesXyxy: Float64Array.from([box(0), box(100), box(200), box(300), box(400)].flat()),
      },
      {
        // right, its double, half off, wrong class, both, nothing there; the last truth is missed
        labels: Int32Array.of(0, 0, 0, 1, 1, 0),
        scores: Float64Array.of(0.9, 0.8, 0.7, 0.6, 0.5, 0.4),
        boxesXyxy: Float64Array.from([box(0), box(0), box(105), box(200), box(305), box(900)].flat()),
      },
    )
    const { counts } = builder.finish()
    expect(counts).toEqual({ class: 1, location: 1, both: 1, duplicate: 1, background: 1, missed: 2 })
  })
})
