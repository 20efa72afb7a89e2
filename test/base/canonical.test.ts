import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical, type Json } from '../../engine/base/canonical.ts'
import { recordDigest, sha256 } from '../../engine/base/digest.ts'

test('keys are sorted by code unit and numbers have one form', () => {
  expect(canonical({ b: [1, 2.5, -0], ä: null, a: { Z: true, z: 'x' } })).toBe(
    '{"a":{"Z":true,"z":"x"},"b":[1,2.5,0],"ä":null}',
  )
  expect(canonical(1e21)).toBe('1e+21')
})

test('values of different types stay apart', () => {
  const texts = [1, '1', true, 'true', null, 'null', [], {}, [[]], ['']].map(canonical)
  expect(new Set(texts).size).toBe(texts.length)
})

test('what has no stable text is refused', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, 1n, () => 1, new Date(0), new Map()]) {
    expect(() => canonical(value as unknown as Json)).toThrow('cannot be part of a key')
  }
})

test('canonical text is JSON of the same value, and does not depend on the order of keys', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = canonical(value as Json)
      expect(canonical(JSON.parse(text) as Json)).toBe(text)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value).replace(/-0(?=[,\]}]|$)/g, '0')))
    }),
  )
  const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.integer()), { selector: ([key]) => key })
  fc.assert(
    fc.property(entries, pairs => {
      const forwards = pairs.reduce((map, [key, value]) => Object.defineProperty(map, key, own(value)), {})
      const backwards = [...pairs]
        .reverse()
        .reduce((map, [key, value]) => Object.defineProperty(map, key, own(value)), {})
      expect(canonical(forwards)).toBe(canonical(backwards))
    }),
  )
})

function own(value: Json): PropertyDescriptor {
  return { value, enumerable: true, configurable: true, writable: true }
}

test('digests are sha256 in hex, and the tag keeps records apart', () => {
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(recordDigest('a', 'b')).toBe(sha256('["a","b"]'))
  expect(recordDigest('a', ['b'])).not.toBe(recordDigest('a', 'b'))
})
