import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseAnchorsOf } from '../../nodes/kernels/anchor-conventions.ts'
import { decodeDeltas } from '../../nodes/kernels/box-coder.ts'
import { clipInclusive, inclusiveNms, toHalfOpen, toInclusive } from '../../nodes/kernels/inclusive-boxes.ts'
import {
  inverseOrientation,
  type Orientation,
  orientBoxes,
  orientedSizeHw,
  shiftMirroredRois,
} from '../../nodes/kernels/orientations.ts'
import { assignLevels } from '../../nodes/kernels/pyramid-levels.ts'

const orientations: readonly Orientation[] = [
  'none',
  'horizontal',
  'vertical',
  'rotate-180',
  'transpose',
  'anti-transpose',
  'rotate-90',
  'rotate-270',
]

/** A picture as rows, laid so by the index formulas of each orientation. */
function layPicture(rows: number[][], orientation: Orientation): number[][] {
  const mirrored = (picture: number[][]) => picture.map(row => row.toReversed())
  const transposed = (picture: number[][]) => picture[0]!.map((_, x) => picture.map(row => row[x]!))
  switch (orientation) {
    case 'none':
      return rows
    case 'horizontal':
      return mirrored(rows)
    case 'vertical':
      return rows.toReversed()
    case 'rotate-180':
      return mirrored(rows).toReversed()
    case 'transpose':
      return transposed(rows)
    case 'anti-transpose':
      return transposed(mirrored(rows).toReversed())
    case 'rotate-90':
      return transposed(rows).toReversed()
    case 'rotate-270':
      return mirrored(transposed(rows))
  }
}

describe('orientations', () => {
  it.each(orientations)('moves a box with its pixels: %s', orientation => {
    fc.assert(
      fc.property(fc.nat(4), fc.nat(6), fc.nat(4), fc.nat(6), (ya, xa, yb, xb) => {
        const [top, bottom, left, right] = [
          Math.min(ya, yb),
          Math.max(ya, yb) + 1,
          Math.min(xa, xb),
          Math.max(xa, xb) + 1,
        ]
        const picture = Array.from({ length: 5 }, (_, y) =>
          Array.from({ length: 7 }, (_, x) => (y >= top && y < bottom && x >= left && x < right ? 1 : 0)),
        )
        const laid = layPicture(picture, orientation)
        expect([laid.length, laid[0]!.length]).toEqual([...orientedSizeHw([5, 7], orientation)])
        const set = laid.flatMap((row, y) => row.flatMap((value, x) => (value ? [[x, y] as const] : [])))
        const tight = [
          Math.min(...set.map(([x]) => x)),
          Math.min(...set.map(([, y]) => y)),
          Math.max(...set.map(([x]) => x)) + 1,
          Math.max(...set.map(([, y]) => y)) + 1,
        ]
        expect([...orientBoxes(Float64Array.of(left, top, right, bottom), orientation, [5, 7])]).toEqual(tight)
      }),
      { numRuns: 30 },
    )
  })

  it.each(orientations)('comes back with the inverse: %s', orientation => {
    const boxes = Float64Array.of(1.5, 2, 6, 4.25)
    const there = orientBoxes(boxes, orientation, [5, 7])
    expect(orientBoxes(there, inverseOrientation(orientation), orientedSizeHw([5, 7], orientation))).toEqual(boxes)
  })

  it('gives the published numbers for x 10 to 19 in 100: 81 to 90 half-open, 80 to 89 inclusive', () => {
    expect([...orientBoxes(Float64Array.of(10, 0, 19, 1), 'horizontal', [1, 100])]).toEqual([81, 0, 90, 1])
    const inclusive = toInclusive(orientBoxes(toHalfOpen(Float64Array.of(10, 0, 19, 0)), 'horizontal', [1, 100]))
    expect([...inclusive]).toEqual([80, 0, 89, 0])
  })

  it('shifts regions along mirrored axes only, inside the frame', () => {
    const boxes = [0.25, 3, 10, 12]
    const shifted = (orientation: Orientation) => [
      ...shiftMirroredRois(Float64Array.from(boxes), orientation, [12, 20]),
    ]
    expect(shifted('none')).toEqual(boxes)
    expect(shifted('horizontal')).toEqual([0, 3, 9.5, 12])
    expect(shifted('vertical')).toEqual([0.25, 2.5, 10, 11.5])
    expect(shifted('rotate-180')).toEqual([0, 2.5, 9.5, 11.5])
  })
})

describe('pyramid levels', () => {
  it('sends squares of 56, 112, 224 and 448 px to levels 0 to 3 by every convention', () => {
    const boxes = Float64Array.from([30, 56, 112, 224, 448, 2000].flatMap(side => [0, 0, side, side]))
    for (const convention of ['torchvision', 'detectron2', 'mmdetection'] as const) {
      expect([...assignLevels(boxes, 4, convention)]).toEqual([0, 0, 1, 2, 3, 3])
    }
  })

  it('lifts a box just below a border by torchvision’s and mmdetection’s margins, and sends empty boxes to level 0', () => {
    const boxes = Float64Array.of(0, 0, 111.99996, 111.99996, 0, 0, 0, 5)
    expect([...assignLevels(boxes, 4, 'torchvision')]).toEqual([1, 0])
    expect([...assignLevels(boxes, 4, 'detectron2')]).toEqual([0, 0])
    expect([...assignLevels(boxes, 4, 'mmdetection')]).toEqual([1, 0])
  })
})

describe('anchor conventions', () => {
  const level = { stridePx: 8, sizesPx: [64], ratios: [0.5, 1, 2] }
  const round = (boxes: Float64Array) => Array.from(boxes, value => Number(value.toFixed(3)))

  it('keeps floats in detectron2 and mmdetection and rounds in torchvision', () => {
    const floats = [-45.255, -22.627, 45.255, 22.627, -32, -32, 32, 32, -22.627, -45.255, 22.627, 45.255]
    expect(round(baseAnchorsOf(level, 'detectron2'))).toEqual(floats)
    expect(round(baseAnchorsOf(level, 'mmdetection'))).toEqual(floats)
    expect([...baseAnchorsOf(level, 'torchvision')]).toEqual(floats.map(Math.round))
  })

  it('orders several sizes size-major in detectron2 and ratio-major in the others', () => {
    const two = { stridePx: 8, sizesPx: [32, 64], ratios: [1, 4] }
    const widths = (boxes: Float64Array) => [0, 1, 2, 3].map(k => boxes[4 * k + 2]! - boxes[4 * k]!)
    expect(widths(baseAnchorsOf(two, 'detectron2'))).toEqual([32, 16, 64, 32])
    expect(widths(baseAnchorsOf(two, 'mmdetection'))).toEqual([32, 64, 16, 32])
    expect(widths(baseAnchorsOf(two, 'torchvision'))).toEqual([32, 64, 16, 32])
  })

  it('has mmdetection 1’s anchors on inclusive pixels around the first cell', () => {
    // Stride 16, scale 8: the first release's documented (-56, -56, 71, 71) for a square.
    const first = baseAnchorsOf({ stridePx: 16, sizesPx: [128], ratios: [1] }, 'mmdetection-1')
    expect([...first]).toEqual([-56, -56, 71, 71])
  })
})

describe('inclusive boxes', () => {
  it('suppresses the published pair on the CPU and keeps it in CUDA', () => {
    const pair = Float64Array.of(0, 0, 9, 4, 0, 0, 9, 9)
    expect([...inclusiveNms(pair, Float64Array.of(0.5, 0.9), 0.5, 'cpu')]).toEqual([1])
    expect([...inclusiveNms(pair, Float64Array.of(0.5, 0.9), 0.5, 'cuda')]).toEqual([0, 1])
  })

  it('decodes a zero delta to the same box', () => {
    const box = Float64Array.of(0, 0, 9, 9)
    const decode = (boxes: Float64Array, deltas: number[]) =>
      decodeDeltas(Float64Array.from(deltas), boxes, 1, [1, 1, 1, 1], 4.135, 'both')
    expect([...toInclusive(decode(toHalfOpen(box), [0, 0, 0, 0]))]).toEqual([0, 0, 9, 9])
    // mmdetection 1 written out: px = 4.5, pw = 10, gx = 4.5 + 10 · 0.1, gw = 10 · e^0.2.
    const [gx, gw] = [4.5 + 10 * 0.1, 10 * Math.exp(0.2)]
    const [x1, , x2] = toInclusive(decode(toHalfOpen(box), [0.1, 0, 0.2, 0]))
    expect(x1).toBeCloseTo(gx - gw / 2 + 0.5, 12)
    expect(x2).toBeCloseTo(gx + gw / 2 - 0.5, 12)
  })

  it('clamps to the pixels of the frame', () => {
    expect([...clipInclusive(Float64Array.of(-3, 2, 30, 30), [20, 10])]).toEqual([0, 2, 9, 19])
  })
})
