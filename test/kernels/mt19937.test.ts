import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  choiceWith,
  choiceWithout,
  newMt19937,
  nextShare,
  nextUint32,
  nextUpTo,
  permutation,
  randint,
  shuffle,
} from '../../nodes/kernels/mt19937.ts'

interface Golden {
  readonly cases: readonly {
    readonly seed: number
    readonly words: readonly number[]
    readonly shares: readonly number[]
    readonly shuffledList: readonly string[]
    readonly shuffledArray: readonly number[]
    readonly permutation: readonly number[]
    readonly randint: readonly number[]
    readonly without: readonly (readonly number[])[]
    readonly with: readonly number[]
    readonly afterwards: number
  }[]
}

const golden = JSON.parse(readFileSync(new URL('../golden/mt19937/golden.json', import.meta.url), 'utf8')) as Golden

describe('numpy’s legacy generator', () => {
  it.each(golden.cases)('gives the same numbers with seed $seed', expected => {
    const words = newMt19937(expected.seed)
    expect(expected.words.map(() => nextUint32(words))).toEqual(expected.words)
    const shares = newMt19937(expected.seed)
    expect(expected.shares.map(() => nextShare(shares))).toEqual(expected.shares)

    const random = newMt19937(expected.seed)
    const names = Array.from({ length: 23 }, (_, i) => `n${i}`)
    shuffle(random, names)
    expect(names).toEqual(expected.shuffledList)
    const numbers = Uint32Array.from({ length: 1000 }, (_, i) => i)
    shuffle(random, numbers)
    expect([...numbers.subarray(0, 40)]).toEqual(expected.shuffledArray)
    expect([...permutation(random, 700).subarray(0, 40)]).toEqual(expected.permutation)
    expect([1, 2, 3, 64, 65, 1000, 2 ** 20].map(span => randint(random, 3, 3 + span))).toEqual(expected.randint)
    expect([0, 1, 17].map(size => [...choiceWithout(random, 500, size)])).toEqual(expected.without)
    expect([...choiceWith(random, 500, 17)]).toEqual(expected.with)
    expect(nextShare(random)).toBe(expected.afterwards)
  })

  it('gives the words published with the generator for its default seed', () => {
    const random = newMt19937(5489)
    expect([1, 2, 3].map(() => nextUint32(random))).toEqual([3499211612, 581869302, 3890346734])
    for (let i = 4; i < 10_000; i++) nextUint32(random)
    expect(nextUint32(random)).toBe(4123659995)
  })

  it('permutes: every number once; chooses: none twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 1, max: 300 }), (seed, count) => {
        const random = newMt19937(seed)
        expect([...permutation(random, count)].sort((a, b) => a - b)).toEqual([...Array(count).keys()])
        expect(new Set(choiceWithout(random, count, count >> 1)).size).toBe(count >> 1)
        expect(nextUpTo(random, count)).toBeLessThanOrEqual(count)
      }),
    )
  })

  it('refuses seeds and ranges that numpy refuses', () => {
    expect(() => newMt19937(-1)).toThrow('expected a whole number from 0 to 4294967295')
    expect(() => newMt19937(2 ** 32)).toThrow('4294967296')
    expect(() => choiceWithout(newMt19937(1), 3, 4)).toThrow('4 of 3 cannot be chosen')
    expect(() => randint(newMt19937(1), 5, 5)).toThrow('no whole number from 5 to below 5')
  })
})
