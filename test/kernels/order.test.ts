import { array, assert, constantFrom, double, oneof, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { argsortDescending, topK } from '../../nodes/kernels/order.ts'

/** Array.prototype.sort is stable, so this is the definition. */
function plainOrder(scores: ArrayLike<number>): number[] {
  return Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!)
}

const score = oneof(
  double({ noNaN: true, min: -1e9, max: 1e9 }),
  constantFrom(0, -0, 0.5, 1, -1, 1e-45, Number.MAX_VALUE),
)

describe('argsortDescending', () => {
  it('orders by score descending and keeps ties in source order', () => {
    expect([...argsortDescending(new Float64Array([0.1, 0.9, 0.1, 0.9, 0.5]))]).toEqual([1, 3, 4, 0, 2])
  })

  it('treats +0 and −0 as equal, below and above the size where the radix sort starts', () => {
    expect([...argsortDescending(new Float64Array([-0, 0, -0]))]).toEqual([0, 1, 2])
    const many = Float64Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? -0 : 0))
    expect([...argsortDescending(many)]).toEqual(Array.from(many.keys()))
  })

  it('equals a stable comparison sort for doubles and for floats of any sign', () => {
    assert(
      property(array(score, { maxLength: 300 }), scores => {
        expect([...argsortDescending(new Float64Array(scores))]).toEqual(plainOrder(scores))
        const floats = new Float32Array(scores)
        expect([...argsortDescending(floats)]).toEqual(plainOrder(floats))
      }),
    )
  })
})

describe('scores that agree in all but their last bits', () => {
  const close = (count: number, step: (i: number) => number) =>
    Float64Array.from({ length: count }, (_, i) => 0.5 + step(i) * 2 ** -52)

  it('are told apart, a few among others and all of them against the order they come in', () => {
    const pairs = close(300, i => (i % 2 === 0 ? 0 : 1)).map((score, i) => score + (i >> 1) / 1024)
    expect([...argsortDescending(pairs)]).toEqual(plainOrder(pairs))
    const rising = close(5000, i => i)
    expect([...argsortDescending(rising)]).toEqual(Array.from(rising.keys()).reverse())
    const mixed = close(5000, i => (i * 7919) % 4999)
    expect([...argsortDescending(mixed)]).toEqual(plainOrder(mixed))
  })
})

describe('topK', () => {
  it('is the beginning of the full order', () => {
    assert(
      property(array(score, { minLength: 100, maxLength: 400 }), scores => {
        for (const typed of [new Float64Array(scores), new Float32Array(scores)]) {
          expect([...topK(typed, 17)]).toEqual(plainOrder(typed).slice(0, 17))
        }
      }),
    )
  })

  it('returns everything when asked for more than there is, and nothing for zero', () => {
    expect([...topK(new Float32Array([1, 2]), 5)]).toEqual([1, 0])
    expect([...topK(new Float32Array([1, 2]), 0)]).toEqual([])
    expect([...topK(new Float32Array(0), 3)]).toEqual([])
  })
})
