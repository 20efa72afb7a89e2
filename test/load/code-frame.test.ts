import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codeFrame } from '../../engine/load/code-frame.ts'
import { lineStarts, positionAt } from '../../engine/load/position.ts'

function frame(text: string, needle: string): readonly string[] {
  const start = text.indexOf(needle)
  return codeFrame(text, { start, end: start + needle.length }).lines
}

test('carets stand under the range', () => {
  expect(frame('a: 1\nkey: value\n', 'value')).toEqual(['key: value', '     ^^^^^'])
})

test('a range over several lines is marked to the end of the first', () => {
  expect(frame('a: [1,\n  2]\n', '[1,\n  2]')).toEqual(['a: [1,', '   ^^^'])
})

test('an empty range gets one caret, at the end of the text as well', () => {
  expect(codeFrame('a: b', { start: 4, end: 4 }).lines).toEqual(['a: b', '    ^'])
})

test('wide and combining characters are counted in terminal cells', () => {
  expect(frame('名前: テスト x', 'x')).toEqual(['名前: テスト x', `${' '.repeat(4 + 2 + 6 + 1)}^`])
  expect(frame('e\u0301e\u0301: x', 'x')).toEqual(['e\u0301e\u0301: x', '    ^'])
  expect(frame('a: 😀 x', '😀')).toEqual(['a: 😀 x', '   ^^'])
})

test('tabs and byte order marks keep the carets in place', () => {
  expect(frame('\uFEFFa:\tb', 'b')).toEqual(['a: b', '   ^'])
  expect(codeFrame('\uFEFFa:\tb', { start: 4, end: 5 }).from).toEqual({ line: 1, column: 4 })
})

test('a long line is cut around the range', () => {
  const line = `start ${'x'.repeat(200)} HERE ${'y'.repeat(200)} end`
  const [source = '', carets = ''] = frame(line, 'HERE')
  expect(source.length).toBe(110)
  expect(source.startsWith('…') && source.endsWith('…')).toBe(true)
  expect(source.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('HERE')
})

test('the position of an offset equals the one counted naively', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r', '😀'), maxLength: 30 })
  fc.assert(
    fc.property(texts, fc.nat(40), (text, offset) => {
      const before = text.slice(0, offset)
      const expected = { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') }
      expect(positionAt(text, lineStarts(text), offset)).toEqual(expected)
    }),
  )
})
