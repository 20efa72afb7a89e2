import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutEnd, cutMiddle, displayWidth, printable, toWidth } from '../../engine/report/printable.ts'

describe('printable text', () => {
  it('cannot move the cursor, ring, change colours or reorder what follows', () => {
    expect(printable('a\u001b[2Jb\u0007c\u202ed')).toBe('a?[2Jb?c?d')
  })

  it('stays on one line', () => {
    expect(printable('one\r\ntwo\tthree')).toBe('one two three')
  })

  it('leaves letters of any script as they are', () => {
    expect(printable('Heidelbeere – 蓝莓 🫐')).toBe('Heidelbeere – 蓝莓 🫐')
  })
})

describe('width in terminal cells', () => {
  it('counts wide characters twice and combining marks not at all', () => {
    expect(displayWidth('abc')).toBe(3)
    expect(displayWidth('蓝莓')).toBe(4)
    expect(displayWidth('e\u0301')).toBe(1)
    expect(displayWidth('🫐')).toBe(2)
  })

  it('is exactly what was asked for after fitting, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }).map(printable), fc.integer({ min: 1, max: 30 }), (text, width) => {
        // A wide character that does not fit leaves one cell, which padding fills.
        expect(displayWidth(toWidth(text, width))).toBe(width)
        expect(displayWidth(cutEnd(text, width))).toBeLessThanOrEqual(width)
        expect(displayWidth(cutMiddle(text, width))).toBeLessThanOrEqual(width)
      }),
    )
  })
})

describe('cutting', () => {
  it('marks what is missing', () => {
    expect(cutEnd('leaf/proposals', 8)).toBe('leaf/pr…')
    expect(cutMiddle('leaf/proposals', 9)).toBe('leaf…sals')
    expect(toWidth('ab', 5)).toBe('ab   ')
    expect(toWidth('12', 5, 'right')).toBe('   12')
  })

  it('leaves text that fits', () => {
    expect(cutMiddle('leaf/propose', 12)).toBe('leaf/propose')
  })
})
