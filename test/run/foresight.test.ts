import { expect, it } from 'vitest'
import { createForesight } from '../../engine/run/foresight.ts'

it('gives a worker few units of a group nobody has seen, and many of one whose units are short', () => {
  const foresight = createForesight(4, 256)
  expect(foresight.unitsOf(1)).toBe(4)
  foresight.took(1, 0.1)
  expect(foresight.unitsOf(1)).toBe(256)
  expect(foresight.unitsOf(2)).toBe(4)
})

it('never lets more than a tenth of a second of work wait, unless that is less than is done at once', () => {
  const foresight = createForesight(4, 256)
  foresight.took(1, 5)
  expect(foresight.unitsOf(1)).toBe(20)
  foresight.took(2, 3000)
  expect(foresight.unitsOf(2)).toBe(4)
})

it('is careful after one long unit, and forgets it after many short ones', () => {
  const foresight = createForesight(4, 256)
  for (let i = 0; i < 100; i++) foresight.took(1, 0.1)
  foresight.took(1, 1000)
  expect(foresight.unitsOf(1)).toBe(4)
  for (let i = 0; i < 10; i++) foresight.took(1, 0.1)
  expect(foresight.unitsOf(1)).toBe(4)
  for (let i = 0; i < 200; i++) foresight.took(1, 0.1)
  expect(foresight.unitsOf(1)).toBe(256)
})
