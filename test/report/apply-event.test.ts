import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../engine/contract/event.ts'
import { applyEvent, foldEvents } from '../../engine/report/apply-event.ts'
import { runTotals } from '../../engine/report/progress.ts'
import { emptyRunState, FAILURES_KEPT, RECENT_KEPT, REMARKS_KEPT } from '../../engine/report/run-state.ts'
import { fakeRun, smallRun } from '../helpers/fake-run.ts'
import { done, failed, hits, items, remark, skipped, started, T0 } from '../helpers/run-events.ts'

describe('the state of a run', () => {
  it('counts each task of a step once, by how it ended', () => {
    const state = foldEvents([
      started([{ id: 'propose', cells: 3 }]),
      items('propose', 9),
      hits('propose', 4),
      done('propose', 100, { durationMs: 30, outputBytes: 500, inferences: 1 }),
      done('propose', 200, { durationMs: 50, outputBytes: 700, inferences: 1, rebuilt: true }),
      failed('propose', 'b', 300),
      skipped('propose', 2, 300),
    ])
    expect(state.stepById.get('propose')).toMatchObject({
      cells: 3,
      tasks: 9,
      hit: 4,
      done: 1,
      rebuilt: 1,
      failed: 1,
      skipped: 2,
      skipReason: 'propose failed',
      spentMs: 30 + 50,
      outputBytes: 500 + 700,
      inferences: 2,
      firstMs: T0,
      lastMs: T0 + 300,
    })
    expect(state.inferences).toBe(2)
    expect(state.atMs).toBe(T0 + 300)
    expect(state.version).toBe(7)
  })

  it('agrees with the totals that the run itself reports', () => {
    const events = [...fakeRun({ ...smallRun, copies: 3 })]
    const state = foldEvents(events)
    const { hit, done: computed, rebuilt, failed: lost, skipped: left } = runTotals(state)
    expect({ hit, done: computed, rebuilt, failed: lost, skipped: left }).toEqual(state.finished?.tasks)
    expect(runTotals(state).settled).toBe(runTotals(state).tasks)
    expect(state.flight.units.size).toBe(0)
    expect(state.steps.map(step => step.running)).toEqual(state.steps.map(() => 0))
  })

  it('is the same object after every event', () => {
    const state = emptyRunState()
    expect(applyEvent(state, started([]))).toBe(state)
  })

  it('knows which steps run from the groups of units in flight', () => {
    const unit = { lane: 'gpu', group: 1, item: 'a', slot: 'gpu 0' } as const
    const start = started([
      { id: 'images', groups: [0] },
      { id: 'propose', groups: [1] },
      { id: 'heads', groups: [1, 2] },
    ])
    const begun: RunEvent[] = [
      start,
      { type: 'unit.started', atMs: T0, ...unit },
      { type: 'unit.started', atMs: T0, ...unit, group: 2, slot: 'gpu 1' },
    ]
    expect(foldEvents(begun).steps.map(step => step.running)).toEqual([0, 1, 2])
    const state = foldEvents([...begun, { type: 'unit.finished', atMs: T0 + 50, ...unit, durationMs: 50 }])
    expect(state.steps.map(step => step.running)).toEqual([0, 0, 1])
    expect([...state.flight.units.values()].map(inFlight => inFlight.slot)).toEqual(['gpu 1'])
    expect(state.lanes[0]?.busyMs).toBe(50)
  })

  it('counts a slot with two units as busy once', () => {
    const a = { lane: 'gpu', group: 1, item: 'a', slot: 'cpu/0' } as const
    const b = { ...a, item: 'b' }
    const state = foldEvents([
      started([]),
      { type: 'unit.started', atMs: T0, ...a },
      { type: 'unit.started', atMs: T0 + 30, ...b },
      { type: 'unit.finished', atMs: T0 + 50, ...a, durationMs: 50 },
      { type: 'unit.finished', atMs: T0 + 80, ...b, durationMs: 50 },
      { type: 'unit.started', atMs: T0 + 100, ...a },
      { type: 'unit.finished', atMs: T0 + 105, ...a, durationMs: 5 },
    ])
    expect(state.lanes[0]?.busyMs).toBe(80 + 5)
  })

  it('counts a unit once that is tried again in another slot because its worker died', () => {
    const unit = { lane: 'gpu', group: 1, item: 'a' } as const
    const state = foldEvents([
      started([{ id: 'propose', groups: [1] }]),
      { type: 'unit.started', atMs: T0, ...unit, slot: 'cpu/0' },
      { type: 'unit.started', atMs: T0 + 40, ...unit, slot: 'cpu/1' },
    ])
    expect(state.steps[0]?.running).toBe(1)
    expect(state.lanes[0]?.busyMs).toBe(40)
    applyEvent(state, { type: 'unit.finished', atMs: T0 + 100, ...unit, slot: 'cpu/1', durationMs: 60 })
    expect(state.steps[0]?.running).toBe(0)
    expect(state.lanes[0]?.busyMs).toBe(40 + 60)
  })

  it('keeps the newest sample of each lane and the peak of memory', () => {
    const memory = (bytes: number, afterMs: number): RunEvent => ({
      type: 'memory.sample',
      atMs: T0 + afterMs,
      residentBytes: bytes,
      budgetBytes: 4000,
    })
    const lane = { type: 'lane.sample', lane: 'gpu', width: 2 } as const
    const state = foldEvents([
      started([]),
      { ...lane, atMs: T0, running: 1, queued: 9, busyShare: 0.5 },
      { ...lane, atMs: T0 + 500, running: 2, queued: 7, busyShare: 0.9 },
      memory(3000, 0),
      memory(1000, 500),
    ])
    expect(state.lanes[0]).toMatchObject({ lane: 'gpu', width: 2, running: 2, queued: 7, busyShare: 0.9 })
    expect([state.residentBytes, state.peakResidentBytes, state.budgetBytes]).toEqual([1000, 3000, 4000])
  })

  it('tells the end of a step once', () => {
    const state = foldEvents([
      started([{ id: 'nms' }]),
      items('nms', 3),
      hits('nms', 1),
      done('nms', 1000),
      done('nms', 2000),
      done('nms', 2100, { rebuilt: true }),
    ])
    expect(state.recent.map(happening => happening.text)).toEqual(['nms: 3 tasks, 1 cached, 2s of work'])
  })

  it('folds equal remarks of a step into one with a count', () => {
    const state = foldEvents([
      started([]),
      remark('a box was dropped', 'a'),
      remark('a box was dropped', 'b'),
      remark('other', 'c'),
    ])
    expect([...state.remarks.values()]).toEqual([
      { step: 'nms', message: 'a box was dropped', firstItem: 'a', count: 2 },
      { step: 'nms', message: 'other', firstItem: 'c', count: 1 },
    ])
    expect(state.remarkCount).toBe(3)
  })

  it('stays small however much goes wrong', () => {
    const events: RunEvent[] = [started([{ id: 'propose' }])]
    for (let index = 0; index < FAILURES_KEPT + 40; index++) {
      events.push(failed('propose', `image ${index}`), remark(`remark ${index}`, 'a'))
    }
    const state = foldEvents(events)
    expect(state.failures).toHaveLength(FAILURES_KEPT)
    expect(state.failureCount).toBe(FAILURES_KEPT + 40)
    expect(state.remarks.size).toBe(REMARKS_KEPT)
    expect(state.recent).toHaveLength(RECENT_KEPT)
  })

  it('ignores steps and lanes that were not announced', () => {
    const state = foldEvents([
      started([{ id: 'nms' }]),
      hits('else', 4),
      done('else', 10),
      items('else', 4),
      skipped('else', 1),
    ])
    expect(runTotals(state)).toMatchObject({ settled: 0, tasks: 0 })
  })
})
