import { expect, test } from 'vitest'
import { nearestName } from '../../engine/base/typo.ts'

const known = ['models', 'scales', 'flip', 'box_nms_iou', 'uses']

test.each([
  ['modles', 'models', 'neighbours swapped'],
  ['scale', 'scales', 'a letter missing'],
  ['fliip', 'flip', 'a letter too many'],
  ['USES', 'uses', 'another case'],
  ['box_nms_uoi', 'box_nms_iou', 'two slips in a long name'],
])('%s is taken for %s: %s', (typed, meant) => {
  expect(nearestName(typed, known)).toBe(meant)
})

test('a name that is far from all is taken for none', () => {
  expect(nearestName('weights', known)).toBeUndefined()
  expect(nearestName('x', known)).toBeUndefined()
  expect(nearestName('models', [])).toBeUndefined()
})

test('of equally near names the first is taken', () => {
  expect(nearestName('ab', ['ac', 'ad'])).toBe('ac')
})
