import { describe, expect, it } from 'vitest'
import type { Json } from '../../engine/base/canonical.ts'
import { gridSize, type Method, proposalsOf } from '../../nodes/tune/proposals.ts'
import { dimensionsOf, paramsAt, type Space, valuesIn } from '../../nodes/tune/space.ts'

const types = { score: 'number', count: 'integer', sizes: 'map of integers', rule: 'string' }

/** Everything that is proposed, as values of the dimensions. */
function proposed(space: Space, method: Method, trials: number, seed = 0): readonly (readonly Json[])[] {
  const dimensions = dimensionsOf(space, types)
  const proposals = proposalsOf(method, dimensions, seed)
  const all: (readonly Json[])[] = []
  for (let trial = 0; trial < trials; trial++) {
    const point = proposals.next()
    if (point === undefined) break
    const values = valuesIn(dimensions, paramsAt(dimensions, point, {}))
    all.push(values)
    proposals.tell(point, typeof values[0] === 'number' ? values[0] : 0)
  }
  return all
}

describe('a grid', () => {
  it('has every combination, the last dimension running fastest', () => {
    const space = { score: { from: 0.1, to: 0.2, step: 0.05 }, rule: ['a', 'b'] }
    expect(proposed(space, 'grid', 99)).toEqual([
      [0.1, 'a'],
      [0.1, 'b'],
      [0.15, 'a'],
      [0.15, 'b'],
      [0.2, 'a'],
      [0.2, 'b'],
    ])
  })

  it('reaches every step of a logarithmic range', () => {
    const space = { count: { from: 1, to: 9, step: 2, scale: 'log' } } as const
    expect(proposed(space, 'grid', 99)).toEqual([[1], [3], [5], [7], [9]])
  })

  it('is infinite where a range has no steps', () => {
    expect(gridSize(dimensionsOf({ score: { from: 0, to: 1 } }, types))).toBe(Number.POSITIVE_INFINITY)
    expect(gridSize(dimensionsOf({ count: { from: 0, to: 1 }, rule: ['a', 'b', 'c'] }, types))).toBe(6)
  })
})

describe('steps', () => {
  it('are written as a person would, the end among them if a step leads there', () => {
    const valuesOf = (from: number, to: number, step: number) =>
      dimensionsOf({ score: { from, to, step } }, types)[0]!.values
    expect(valuesOf(0.05, 0.95, 0.05)).toEqual(Array.from({ length: 19 }, (_, i) => (i + 1) / 20))
    expect(valuesOf(0, 1, 0.3)).toEqual([0, 0.3, 0.6, 0.9])
  })

  it('are whole numbers where the parameter takes no others', () => {
    const values = (space: Space) => dimensionsOf(space, types).map(dimension => dimension.values)
    expect(values({ count: { from: 0.5, to: 3 }, sizes: { cat: { from: 1, to: 2 } } })).toEqual([
      [1, 2, 3],
      [1, 2],
    ])
  })
})

describe.each(['random', 'tpe'] as const)('%s', method => {
  const space: Space = {
    score: { from: 0.001, to: 1, scale: 'log' },
    sizes: { cat: { from: 0, to: 100 }, dog: [1, 2, 3] },
  }

  it('stays in the space and repeats nothing', () => {
    const all = proposed(space, method, 200)
    expect(all.length).toBe(200)
    expect(new Set(all.map(values => JSON.stringify(values))).size).toBe(200)
    for (const [score, cat, dog] of all as readonly number[][]) {
      expect(score! >= 0.001 && score! <= 1).toBe(true)
      expect(Number.isInteger(cat) && cat! >= 0 && cat! <= 100).toBe(true)
      expect([1, 2, 3]).toContain(dog)
    }
  })

  it('is the same for the same seed and another for another', () => {
    expect(proposed(space, method, 50, 4)).toEqual(proposed(space, method, 50, 4))
    expect(proposed(space, method, 50, 4)).not.toEqual(proposed(space, method, 50, 5))
  })

  it('ends when everything was tried', () => {
    expect(proposed({ rule: ['a', 'b'], count: { from: 1, to: 3 } }, method, 99).length).toBe(6)
  })
})

it('a logarithmic range has as many values in each decade', () => {
  const all = proposed({ score: { from: 0.001, to: 1, scale: 'log' } }, 'random', 3000).flat() as number[]
  for (const low of [0.001, 0.01, 0.1]) {
    const share = all.filter(value => value >= low && value < 10 * low).length / all.length
    expect(Math.abs(share - 1 / 3)).toBeLessThan(0.05)
  }
})

it('keys of a map that the space leaves out stay as they are', () => {
  const dimensions = dimensionsOf({ sizes: { cat: [5, 6] } }, types)
  expect(paramsAt(dimensions, [1], { sizes: { cat: 1, dog: 2 }, score: 0.5 })).toEqual({ sizes: { cat: 6, dog: 2 } })
})
