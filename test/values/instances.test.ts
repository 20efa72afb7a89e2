import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instancesKind } from '../../nodes/values/instances.ts'
import { boxInstances } from '../helpers/instances.ts'

const plain = boxInstances(
  [12, 10],
  [
    { box: [1, 2, 4, 6], label: 3, score: 0.25 },
    { box: [0, 0, 10, 12], label: 0, score: 1 },
  ],
)

function roundTrip(value: typeof plain): typeof plain {
  return instancesKind.decode(instancesKind.encode(value) as Uint8Array)
}

describe('the instances kind', () => {
  it('gives back what was encoded, with and without ground-truth marks', () => {
    const truth = {
      ...plain,
      crowd: Uint8Array.of(0, 1),
      areasPx: Float64Array.of(12.5, 120),
      groupOf: Uint8Array.of(1, 0),
    }
    expect(roundTrip(plain)).toEqual(plain)
    expect(roundTrip(truth)).toEqual(truth)
    expect(roundTrip(boxInstances([5, 7], []))).toEqual(boxInstances([5, 7], []))
  })

  it('gives equal bytes for equal values and bytes that encode to themselves', () => {
    const boxes = fc.array(
      fc.record({
        box: fc.constantFrom([0, 0, 3, 3], [2, 1, 9, 8], [5, 5, 6, 6]) as fc.Arbitrary<
          [number, number, number, number]
        >,
        label: fc.nat(20),
        score: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(boxes, specs => {
        const bytes = instancesKind.encode(boxInstances([10, 10], specs)) as Uint8Array
        expect(instancesKind.encode(boxInstances([10, 10], specs))).toEqual(bytes)
        expect(instancesKind.encode(instancesKind.decode(bytes.slice()))).toEqual(bytes)
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    ['a score that is not a number', { scores: Float64Array.of(0.5, Number.NaN) }, 'scores[1] is NaN'],
    ['a score above 1', { scores: Float64Array.of(1.5, 0) }, 'scores[0] is 1.5'],
    ['a negative label', { labels: Int32Array.of(0, -1) }, 'labels[1] is -1'],
    ['too few labels', { labels: Int32Array.of(0) }, 'labels has 1 elements, expected 2'],
    ['a box that is not finite', { boxesXyxy: Float64Array.of(0, 0, 1, 1, 0, 0, Infinity, 1) }, 'box 1 is'],
    ['a negative area', { areasPx: Float64Array.of(-1, 0) }, 'areas[0] is -1'],
    ['masks of another frame', { sizeHw: [10, 12] as const }, 'their frame is 10 × 12'],
    ['runs out of order', { masks: { ...plain.masks, ends: plain.masks.starts } }, 'mask 0'],
  ])('refuses %s and says where', (_name, change, message) => {
    expect(() => instancesKind.encode({ ...plain, ...change })).toThrow(message)
  })

  it('refuses bytes whose arrays do not fit together', () => {
    const bytes = instancesKind.encode(plain) as Uint8Array
    expect(() => instancesKind.decode(bytes.slice(0, bytes.length - 4))).toThrow()
  })
})
