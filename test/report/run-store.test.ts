import { expect, it } from 'vitest'
import { createRunStore } from '../../engine/report/run-store.ts'
import { hits, items, started } from '../helpers/run-events.ts'

it('folds first, then tells the listeners in their order', () => {
  const store = createRunStore()
  const seen: string[] = []
  store.subscribe((event, state) => seen.push(`first ${event.type} ${state.version}`))
  store.subscribe(event => seen.push(`second ${event.type}`))
  store.emit(started([]))
  expect(seen).toEqual(['first run.started 1', 'second run.started'])
})

it('does not tell those who left', () => {
  const store = createRunStore()
  let calls = 0
  const leave = store.subscribe(() => calls++)
  store.emit(started([]))
  leave()
  store.emit(items('nms', 1))
  expect(calls).toBe(1)
})

it('goes on when a listener throws, tells so once and does not call it again', () => {
  const broken: unknown[] = []
  const store = createRunStore(error => broken.push(error))
  const closedPipe = new Error('write EPIPE')
  let others = 0
  store.subscribe(() => {
    throw closedPipe
  })
  store.subscribe(() => others++)
  store.emit(started([{ id: 'nms' }]))
  store.emit(hits('nms', 3))
  expect(broken).toEqual([closedPipe])
  expect(others).toBe(2)
  expect(store.state.steps[0]?.hit).toBe(3)
})
