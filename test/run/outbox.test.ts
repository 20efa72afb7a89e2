import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createOutbox } from '../../engine/run/outbox.ts'
import type { FromWorker, FromWorkerBatch } from '../../engine/run/protocol.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const note = (task: number): FromWorker => ({ type: 'note', unit: 0, task, message: '' })

function setUp(waiting: number) {
  const sent: FromWorkerBatch[] = []
  return {
    sent,
    ...createOutbox(
      messages => void sent.push(messages),
      () => waiting,
    ),
  }
}

it('sends at once while there is little to do', () => {
  const { sent, post } = setUp(7)
  post(note(1))
  post(note(2))
  expect(sent).toEqual([[note(1)], [note(2)]])
})

it('sends together while much waits: at the next pause, in order', () => {
  const { sent, post } = setUp(8)
  post(note(1))
  post(note(2))
  expect(sent).toEqual([])
  vi.runAllTimers()
  expect(sent).toEqual([[note(1), note(2)]])
  vi.runAllTimers()
  expect(sent).toHaveLength(1)
})

it('does not wait for a pause when there are 256, or when ten milliseconds are over', () => {
  const { sent, post } = setUp(100)
  for (let i = 0; i < 256; i++) post(note(i))
  expect(sent.map(messages => messages.length)).toEqual([256])
  post(note(1))
  // Timers run no sooner than this turn ends: a node that computes without a pause.
  const later = performance.now() + 11
  vi.spyOn(performance, 'now').mockReturnValue(later)
  post(note(2))
  expect(sent.map(messages => messages.length)).toEqual([256, 2])
  vi.restoreAllMocks()
})

it('empties when it is told to', () => {
  const { sent, post, flush } = setUp(100)
  post(note(1))
  flush()
  flush()
  expect(sent).toEqual([[note(1)]])
})
