import { describe, expect, it } from 'vitest'
import { selection } from '../../engine/contract/kind.ts'
import { equalValues, fingerprint, heldBytes } from '../../engine/run/value-identity.ts'
import { createValueMemo } from '../../engine/run/value-memo.ts'

const root = {}
const part = (...indices: number[]) => ({
  get runs(): never {
    throw new Error('nobody may look at these')
  },
  [selection]: { root, indices: Uint32Array.from(indices) },
})

/** Pairs of equal values, each followed by one that differs. */
const triples: readonly (readonly [string, () => unknown, () => unknown])[] = [
  ['texts and numbers', () => ({ text: 'a', number: -1.5 }), () => ({ text: 'a', number: 1.5 })],
  ['lists', () => [1, [2, 'x']], () => [1, [2, 'y']]],
  ['words', () => Float64Array.of(0.1, 2), () => Float64Array.of(0.1, 3)],
  ['bytes that do not lie on words', () => new Uint8Array([0, 1, 2, 3]).subarray(1), () => Uint8Array.of(1, 2, 4)],
  ['keys', () => ({ a: 1, b: undefined }), () => ({ a: 1, c: undefined })],
  ['types of arrays', () => Uint32Array.of(1, 0), () => Int32Array.of(1, 0)],
  ['parts of one root', () => part(1, 4), () => part(4, 1)],
  ['zeros', () => ({ zero: 0 }), () => ({ zero: -0 })],
]

describe.each(triples)('%s', (_name, make, other) => {
  it('are equal by content', () => {
    expect(equalValues(make(), make())).toBe(true)
    expect(fingerprint(make())).toBe(fingerprint(make()))
    expect(equalValues(make(), other())).toBe(false)
  })
})

describe('the identity of values', () => {
  it('of a class of its own is its object', () => {
    const own = new Map([[1, 2]])
    expect(equalValues(own, own)).toBe(true)
    expect(equalValues(own, new Map([[1, 2]]))).toBe(false)
    expect(fingerprint({ own })).toBeUndefined()
  })

  it('costs what its arrays take', () => {
    expect(heldBytes({ a: new Float64Array(1000) })).toBeGreaterThanOrEqual(8000)
    expect(heldBytes(part(1, 2, 3))).toBeLessThan(1000)
  })
})

describe('a memo of values', () => {
  it('gives equal results of one place one number', () => {
    const memo = createValueMemo(1e6)
    const place = memo.place()
    const first = memo.keep(place, 'a', { out: Float64Array.of(1, 2) }).outputs['out']!
    const second = memo.keep(place, 'b', { out: Float64Array.of(1, 2) }).outputs['out']!
    const third = memo.keep(place, 'c', { out: Float64Array.of(1, 3) }).outputs['out']!
    expect(second.id).toBe(first.id)
    expect(second.value).toBe(first.value)
    expect(third.id).not.toBe(first.id)
    expect(memo.find(place, 'b')?.outputs['out']).toBe(first)
    expect(memo.find(memo.place(), 'b')).toBeUndefined()
  })

  it('lets go of what was not used when there is no room, and keeps what was', () => {
    const memo = createValueMemo(100_000)
    const place = memo.place()
    const value = (i: number) => ({ out: new Float64Array(1000).fill(i) })
    memo.keep(place, 'often', value(-1))
    for (let i = 0; i < 100; i++) {
      memo.keep(place, `once ${i}`, value(i))
      expect(memo.find(place, 'often')).toBeDefined()
    }
    const kept = Array.from({ length: 100 }, (_, i) => memo.find(place, `once ${i}`)).filter(Boolean)
    // Eleven of about 8,400 bytes, and the one that is added before room is made.
    expect(kept.length).toBeLessThanOrEqual(12)
    expect(kept.length).toBeGreaterThan(5)
  })
})
