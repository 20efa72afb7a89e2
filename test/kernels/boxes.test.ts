import { array, assert, constantFrom, double, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseAnchors, roundHalfEven } from '../../nodes/kernels/anchors.ts'
import { CLAMP_LOG_SIZE, decodeDeltas } from '../../nodes/kernels/box-coder.ts'
import { clipBoxes, flipBoxes, gatherBoxes, scaleBoxes } from '../../nodes/kernels/box-geometry.ts'
import { boxAreas, boxIou } from '../../nodes/kernels/box-iou.ts'

const unit = [1, 1, 1, 1] as const

describe('box geometry', () => {
  it('clips to the frame', () => {
    expect([...clipBoxes(new Float64Array([-5, -1, 700, 500]), [480, 640])]).toEqual([0, 0, 640, 480])
  })

  it('mirrors without a minus one', () => {
    expect([...flipBoxes(new Float64Array([0, 1, 10, 5]), 'horizontal', [20, 100])]).toEqual([90, 1, 100, 5])
    expect([...flipBoxes(new Float64Array([0, 1, 10, 5]), 'vertical', [20, 100])]).toEqual([0, 15, 10, 19])
  })

  it('is back where it was after two flips', () => {
    assert(
      property(
        array(double({ noNaN: true, min: 0, max: 64 }).map(Math.round), { minLength: 4, maxLength: 4 }),
        constantFrom('none' as const, 'horizontal' as const, 'vertical' as const),
        (box, flip) => {
          const twice = flipBoxes(flipBoxes(new Float64Array(box), flip, [64, 64]), flip, [64, 64])
          expect([...twice]).toEqual(box)
        },
      ),
    )
  })

  it('scales each axis by its own factor and copies the chosen boxes', () => {
    expect([...scaleBoxes(new Float64Array([1, 1, 2, 2]), 2, 3)]).toEqual([2, 3, 4, 6])
    expect([...gatherBoxes(new Float32Array([0, 0, 1, 1, 2, 2, 3, 3]), [1, 1])]).toEqual([2, 2, 3, 3, 2, 2, 3, 3])
  })
})

describe('box overlap', () => {
  it('gives a third for two boxes that share half of each', () => {
    expect([...boxIou(new Float64Array([0, 0, 2, 1]), new Float64Array([1, 0, 3, 1, 5, 5, 6, 6]))]).toEqual([1 / 3, 0])
  })

  it('divides by the own area when the other box is a crowd', () => {
    const crowd = new Uint8Array([1])
    expect([...boxIou(new Float64Array([0, 0, 2, 1]), new Float64Array([1, 0, 3, 1]), { crowd })]).toEqual([0.5])
  })

  it('is 0, not NaN, for boxes without area', () => {
    const empty = new Float64Array([1, 1, 1, 1, 5, 5, 2, 2])
    expect([...boxIou(empty, empty)]).toEqual([0, 0, 0, 0])
    expect([...boxAreas(empty)]).toEqual([0, 0])
  })
})

describe('anchors', () => {
  it('rounds halves to even', () => {
    expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, -2.6].map(roundHalfEven)).toEqual(
      [-2, -2, 0, 0, 2, 2, 2, -3].map(n => n + 0),
    )
  })

  it('gives the base anchors of torchvision for size 32', () => {
    // torchvision 0.20 AnchorGenerator(((32,),), ((0.5, 1, 2),)).cell_anchors
    expect([...baseAnchors({ stridePx: 4, sizesPx: [32], ratios: [0.5, 1, 2] })]).toEqual([
      -23, -11, 23, 11, -16, -16, 16, 16, -11, -23, 11, 23,
    ])
  })
})

describe('box decoding', () => {
  it('moves the centre by a share of the side and scales the side', () => {
    const decoded = decodeDeltas(new Float32Array([1, 0.5, Math.log(2), 0]), new Float64Array([0, 0, 10, 10]), 1, unit)
    for (const [i, expected] of [5, 5, 25, 15].entries()) expect(decoded[i]).toBeCloseTo(expected, 5)
  })

  it('divides by the weights and decodes class-major deltas of one box independently', () => {
    const deltas = new Float32Array([10, 0, 0, 0, 0, -10, 0, 0])
    expect([...decodeDeltas(deltas, new Float64Array([0, 0, 4, 4]), 2, [10, 10, 5, 5])]).toEqual([
      4, 0, 8, 4, 0, -4, 4, 0,
    ])
  })

  it('limits growth from above, and shrinking only when asked to', () => {
    const box = new Float64Array([0, 0, 16, 16])
    const huge = decodeDeltas(new Float32Array([0, 0, 9, 9]), box, 1, unit)
    expect(huge[2]! - huge[0]!).toBeCloseTo(1000, 9)
    const tiny = new Float32Array([0, 0, -9, -9])
    const upper = decodeDeltas(tiny, box, 1, unit)
    const both = decodeDeltas(tiny, box, 1, unit, CLAMP_LOG_SIZE, 'both')
    expect(upper[2]! - upper[0]!).toBeCloseTo(16 * Math.exp(-9), 9)
    expect(both[2]! - both[0]!).toBeCloseTo(0.256, 9)
  })
})
