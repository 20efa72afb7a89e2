import { array, assert, double, integer, oneof, property, record, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boxIou } from '../../nodes/kernels/box-iou.ts'
import { greedyNms } from '../../nodes/kernels/nms.ts'

/** The textbook: take the best remaining box, strike out what overlaps it by more than the threshold. */
function plainNms(boxes: Float64Array, scores: Float64Array, threshold: number, groups: Int32Array): number[] {
  const iou = boxIou(boxes, boxes)
  const count = scores.length
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!)
  const struck = new Set<number>()
  const kept: number[] = []
  for (const i of order) {
    if (struck.has(i)) continue
    kept.push(i)
    for (const j of order) if (groups[i] === groups[j] && iou[i * count + j]! > threshold) struck.add(j)
  }
  return kept
}

const someBoxes = array(
  record({
    x: integer({ min: 0, max: 40 }),
    y: integer({ min: 0, max: 40 }),
    w: integer({ min: 0, max: 20 }),
    h: integer({ min: 0, max: 20 }),
    score: integer({ min: 0, max: 8 }),
    group: integer({ min: 0, max: 2 }),
  }),
  { maxLength: 60 },
)

describe('greedyNms', () => {
  it('keeps a box whose IoU equals the threshold and drops one just above it', () => {
    // IoU of [0,0,2,1] and [1,0,3,1] is 1/3.
    const boxes = new Float64Array([0, 0, 2, 1, 1, 0, 3, 1])
    const scores = new Float64Array([0.9, 0.8])
    expect([...greedyNms(boxes, scores, 1 / 3)]).toEqual([0, 1])
    expect([...greedyNms(boxes, scores, 0.33)]).toEqual([0])
  })

  it('takes the first of equal scores', () => {
    const boxes = new Float64Array([0, 0, 2, 2, 0, 0, 2, 2])
    expect([...greedyNms(boxes, new Float64Array([0.5, 0.5]), 0.5)]).toEqual([0])
  })

  it('equals the textbook loop within groups, and with a cap is the beginning of it', () => {
    assert(
      property(someBoxes, integer({ min: 0, max: 9 }), integer({ min: 0, max: 12 }), (items, tenths, max) => {
        const boxes = new Float64Array(items.flatMap(b => [b.x, b.y, b.x + b.w, b.y + b.h]))
        const scores = new Float64Array(items.map(b => b.score / 8))
        const groups = new Int32Array(items.map(b => b.group))
        const expected = plainNms(boxes, scores, tenths / 10, groups)
        expect([...greedyNms(boxes, scores, tenths / 10, { groups })]).toEqual(expected)
        expect([...greedyNms(boxes, scores, tenths / 10, { groups, max })]).toEqual(expected.slice(0, max))
      }),
    )
  })

  it('equals the textbook loop for hundreds of boxes of very different size, anywhere on the plane', () => {
    const coordinate = double({ min: -500, max: 2000, noNaN: true })
    const side = oneof(double({ min: 0, max: 10, noNaN: true }), double({ min: 0, max: 900, noNaN: true }))
    const box = tuple(coordinate, coordinate, side, side, integer({ min: 0, max: 99 }))
    assert(
      property(array(box, { minLength: 150, maxLength: 400, size: 'max' }), items => {
        const boxes = new Float64Array(items.flatMap(([x, y, w, h]) => [x, y, x + w, y + h]))
        const scores = new Float64Array(items.map(item => item[4] / 99))
        const expected = plainNms(boxes, scores, 0.3, new Int32Array(items.length))
        expect([...greedyNms(boxes, scores, 0.3)]).toEqual(expected)
      }),
      { numRuns: 15 },
    )
  })

  it('bears boxes that are nearly nothing', () => {
    expect([...greedyNms(Float64Array.of(0, 0, 0, 3e-323), Float64Array.of(0), 0.7)]).toEqual([0])
  })

  it('goes by the threshold of the box that would be dropped', () => {
    const boxes = Float64Array.of(0, 0, 10, 10, 0, 0, 10, 6, 0, 0, 10, 5)
    const scores = Float64Array.of(0.9, 0.8, 0.7)
    expect([...greedyNms(boxes, scores, 0, { iouThresholds: [0, 0.7, 0.4] })]).toEqual([0, 1])
    expect([...greedyNms(boxes, scores, 0, { iouThresholds: [0, 0.5, 0.9] })]).toEqual([0, 2])
  })

  it('has no survivors among no boxes', () => {
    expect(greedyNms(new Float64Array(0), new Float64Array(0), 0.5)).toHaveLength(0)
  })
})
