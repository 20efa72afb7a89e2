import { expect, test } from 'vitest'
import { alternatives, describeValue, quoteName, suggestion } from '../../engine/base/words.ts'

test('values are described by what a reader of the file sees', () => {
  const described = [null, '', 'a"b', 2.5, true, [], [1], {}, { a: 1, b: 2, c: 3, d: 4 }].map(describeValue)
  expect(described).toEqual([
    'nothing',
    '""',
    '"a\\"b"',
    '2.5',
    'true',
    'an empty list',
    'a list of 1',
    'an empty map',
    'a map with `a`, `b`, `c`, …',
  ])
})

test('long values and names are cut', () => {
  expect(describeValue('x'.repeat(1000))).toHaveLength(60)
  expect(quoteName('x'.repeat(1000))).toHaveLength(62)
})

test('lists read as sentences do', () => {
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(phrases => alternatives(phrases))).toEqual([
    '',
    'a',
    'a or b',
    'a, b or c',
  ])
})

test('the nearest name is suggested, else what there is', () => {
  expect(suggestion('iou', ['iou', 'max'])).toEqual({ fix: 'did you mean `iou`?' })
  expect(suggestion(undefined, ['iou'])).toEqual({ fix: 'there is `iou`' })
  expect(suggestion(undefined, ['iou', 'max'])).toEqual({ fix: 'there are `iou` and `max`' })
  expect(suggestion(undefined, [])).toEqual({})
})
