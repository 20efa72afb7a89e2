import { describe, expect, it } from 'vitest'
import { nonMaximumMerging } from '../../nodes/kernels/nmm.ts'
import { readGolden } from '../helpers/golden.ts'

interface Merged {
  readonly reach: 'greedy' | 'transitive'
  readonly overlap: 'ios' | 'iou'
  readonly agnostic: boolean
  readonly threshold: number
  readonly boxes: number[][]
  readonly scores: number[]
  readonly labels: number[]
}

interface Case {
  readonly boxes: number[][]
  readonly scores: number[]
  readonly labels: number[]
  readonly merged: Merged[]
}

const variants = readGolden<Case[]>('fusion/tiles.json.gz').flatMap((data, index) =>
  data.merged.map(expected => ({ index, data, expected, ...expected })),
)

describe('non-maximum merging', () => {
  it.each(variants)(
    'equals SAHI: case $index, $reach, $overlap ≥ $threshold, agnostic $agnostic',
    ({ data, expected }) => {
      const { reach, overlap, threshold } = expected
      const boxes = Float64Array.from(data.boxes.flat())
      const merged = nonMaximumMerging(boxes, Float64Array.from(data.scores), {
        reach,
        overlap,
        threshold,
        ...(!expected.agnostic && { groups: Int32Array.from(data.labels) }),
      })
      expect([...merged.boxesXyxy]).toEqual(expected.boxes.flat())
      expect([...merged.scores]).toEqual(expected.scores)
      expect(Array.from(merged.labelFrom, i => data.labels[i]!)).toEqual(expected.labels)
    },
  )

  it('reaches over a chain only when transitive', () => {
    const boxes = Float64Array.of(0, 0, 10, 10, 6, 0, 16, 10, 12, 0, 22, 10)
    const scores = Float64Array.of(0.9, 0.8, 0.7)
    const options = { overlap: 'ios', threshold: 0.35 } as const
    expect([...nonMaximumMerging(boxes, scores, { ...options, reach: 'greedy' }).boxesXyxy]).toEqual([
      0, 0, 16, 10, 12, 0, 22, 10,
    ])
    expect([...nonMaximumMerging(boxes, scores, { ...options, reach: 'transitive' }).members]).toEqual([0, 1, 2])
  })

  it('gives nothing for nothing', () => {
    const merged = nonMaximumMerging(new Float64Array(0), new Float64Array(0), {
      reach: 'greedy',
      overlap: 'iou',
      threshold: 0.5,
    })
    expect(merged.keepers.length).toBe(0)
  })
})
