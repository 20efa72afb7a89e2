import { deflateSync } from 'node:zlib'
import { assert, constantFrom, integer, property, record, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { validateMaskSet } from '../../nodes/kernels/mask-sets.ts'
import {
  decodeOpenImagesText,
  decodeStartLength,
  encodeOpenImagesText,
  encodeStartLength,
} from '../../nodes/kernels/mask-text.ts'
import { maskCounts } from '../../nodes/kernels/rle.ts'
import { denseMasks, drawn, encoded, sizeOf } from '../helpers/dense-masks.ts'
import { plainRunLengths } from '../helpers/plain-run-lengths.ts'

describe('Open Images text', () => {
  it('reads the published vectors', () => {
    const vectors: [[number, number], string, number[]][] = [
      [[3, 4], 'eNqzAQAAPQA9', [12]],
      [[3, 4], 'eNozsAEAAJ4AbQ==', [0, 12]],
      [[3, 4], 'eNozMLQGAAEwAJ0=', [0, 1, 11]],
      [[5, 6], 'eNozMzI2MDCwBAAFlQFl', [6, 2, 3, 2, 3, 2, 12]],
      [[4, 4], 'eNozNDQ0NPCHIAMAEycC1A==', [1, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 1]],
    ]
    for (const [sizeHw, text, counts] of vectors) expect([...decodeOpenImagesText(text, sizeHw)]).toEqual(counts)
  })

  it('comes back, and begins as zlib level 9 does', () => {
    assert(
      property(denseMasks(1, 20), ([mask]) => {
        const counts = maskCounts(encoded(mask!), 0)
        const text = encodeOpenImagesText(counts)
        expect(text.startsWith('eN')).toBe(true)
        expect(decodeOpenImagesText(text, sizeOf(mask!))).toEqual(counts)
      }),
    )
  })

  it('says when it is cut, not base64, not zlib, of another frame or far too large', () => {
    const text = encodeOpenImagesText([6, 2, 3, 2, 3, 2, 12])
    expect(() => decodeOpenImagesText(text.slice(0, -4), [5, 6])).toThrow('does not inflate')
    expect(() => decodeOpenImagesText(text.slice(0, -1), [5, 6])).toThrow('not base64')
    expect(() => decodeOpenImagesText('', [5, 6])).toThrow('not base64')
    expect(() => decodeOpenImagesText('a b=', [5, 6])).toThrow('not base64')
    expect(() => decodeOpenImagesText('AAAA', [5, 6])).toThrow('does not inflate')
    expect(() => decodeOpenImagesText(text, [6, 6])).toThrow('add up to 30')
    const bomb = deflateSync(Buffer.alloc(1e6, '0')).toString('base64')
    expect(() => decodeOpenImagesText(bomb, [5, 6])).toThrow('does not inflate')
  })
})

describe('broken Open Images text', () => {
  it('is counts or a RangeError, whichever byte is changed or lost', () => {
    const text = encodeOpenImagesText([155, ...Array.from({ length: 28 }, () => [20, 10]).flat(), 20, 305 - 270])
    const unit = constantFrom(...'AZaz09+/=! é'.split(''))
    assert(
      property(integer({ min: 0, max: text.length - 1 }), string({ unit, maxLength: 4 }), (at, patch) => {
        const broken = text.slice(0, at) + patch + text.slice(at + patch.length + (patch.length % 2))
        try {
          expect(decodeOpenImagesText(broken, [30, 35]).reduce((sum, count) => sum + count, 0)).toBe(30 * 35)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

const formats = record({
  order: constantFrom('row-major' as const, 'column-major' as const),
  base: constantFrom(0 as const, 1 as const),
})

describe('start-length text', () => {
  it('comes back in every format', () => {
    assert(
      property(denseMasks(1, 12), formats, ([mask], format) => {
        const set = encoded(mask!)
        expect(decodeStartLength(encodeStartLength(set, 0, format), sizeOf(mask!), format)).toEqual(set)
      }),
    )
  })

  it('writes what a walk over all pixels writes: along rows (Sartorius), down columns (iMaterialist)', () => {
    assert(
      property(denseMasks(1), formats, ([dense], format) => {
        expect(encodeStartLength(encoded(dense!), 0, format)).toBe(plainRunLengths(dense!, format.order, format.base))
      }),
      { numRuns: 600 },
    )
  })

  it('counts along rows or down columns, from 0 or 1', () => {
    const mask = encoded(drawn('.##/##.'))
    expect(encodeStartLength(mask, 0, { order: 'row-major', base: 1 })).toBe('2 4')
    expect(encodeStartLength(mask, 0, { order: 'column-major', base: 0 })).toBe('1 4')
    expect(encodeStartLength(encoded(drawn('...')), 0, { order: 'row-major', base: 1 })).toBe('')
  })

  it('names the pair that is wrong', () => {
    const decode = (text: string) => decodeStartLength(text, [3, 4], { order: 'column-major', base: 1 })
    expect(() => decode('1 2 3')).toThrow('has 3 numbers')
    expect(() => decode('1 2 x 1')).toThrow('pair 2 of the mask text ("x 1") is not two whole numbers')
    expect(() => decode('1 0')).toThrow('has no pixel')
    expect(() => decode('0 1')).toThrow('leaves the 3 x 4 (height x width) frame, counting from 1')
    expect(() => decode('12 2')).toThrow('leaves the 3 x 4')
    expect(() => decode('3 3 5 1')).toThrow('pair 2 of the mask text ("5 1") begins before the end')
    expect(() => decode('5 1 3 1')).toThrow('begins before the end')
    expect(decode('1 2 3 1')).toEqual(decode('1 3'))
  })

  it('is a mask or an error for any text', () => {
    const unit = constantFrom(...'0123456789 \n-.e'.split(''))
    assert(
      property(string({ unit, maxLength: 30 }), formats, (text, format) => {
        try {
          expect(validateMaskSet(decodeStartLength(text, [30, 20], format))).toBeUndefined()
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})
