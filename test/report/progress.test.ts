import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../engine/contract/event.ts'
import { foldEvents } from '../../engine/report/apply-event.ts'
import { elapsedMs, estimateRemaining, stepPhase, stepRate, stepShare } from '../../engine/report/progress.ts'
import { done, failed, finished, hits, items, skipped, started, T0 } from '../helpers/run-events.ts'

describe('the phase of a step', () => {
  const phaseOf = (events: readonly RunEvent[]) => {
    const step = foldEvents([started([{ id: 'nms', groups: [1] }]), ...events]).steps[0]
    return step === undefined ? undefined : stepPhase(step)
  }

  it('is waiting before anything happened', () => {
    expect(phaseOf([])).toBe('waiting')
    expect(phaseOf([items('nms', 3)])).toBe('waiting')
  })

  it('is running from the first unit in flight, even before a task has ended', () => {
    expect(phaseOf([{ type: 'unit.started', atMs: T0, lane: 'cpu', group: 1, item: undefined, slot: 'cpu 0' }])).toBe(
      'running',
    )
    expect(phaseOf([items('nms', 3), hits('nms', 1)])).toBe('running')
  })

  it('is done when all tasks ended, also when there are none', () => {
    expect(phaseOf([items('nms', 2), hits('nms', 1), done('nms', 5)])).toBe('done')
    expect(phaseOf([items('nms', 0)])).toBe('done')
  })

  it('is failed as soon as one task failed, and skipped only if all were', () => {
    expect(phaseOf([items('nms', 2), hits('nms', 1), failed('nms', 'a')])).toBe('failed')
    expect(phaseOf([items('nms', 2), skipped('nms', 2)])).toBe('skipped')
    expect(phaseOf([items('nms', 2), skipped('nms', 1), hits('nms', 1)])).toBe('done')
  })
})

describe('the share and rate of a step', () => {
  it('has no share before the number of tasks is known', () => {
    const state = foldEvents([started([{ id: 'nms' }]), hits('nms', 1)])
    expect(stepShare(state.steps[0]!)).toBeUndefined()
  })

  it('counts every task that ended, at their pace over ten seconds', () => {
    const state = foldEvents([
      started([{ id: 'nms' }]),
      items('nms', 40),
      hits('nms', 10),
      done('nms', 1000),
      failed('nms', 'a', 2000),
    ])
    expect(stepShare(state.steps[0]!)).toBe((10 + 1 + 1) / 40)
    expect(stepRate(state.steps[0]!, T0 + 4000)).toBe((10 + 1 + 1) / 4)
    expect(stepRate(state.steps[0]!, T0 + 60_000)).toBe(0)
  })
})

describe('the estimate of the time left', () => {
  /** Two slots that finish one 1000 ms task each second between them: 1000 ms of work per 1000 ms. */
  const steady = (step: string, tasks: number): RunEvent[] =>
    Array.from({ length: tasks }, (_, index) => done(step, index * 1000))

  it('is unknown before anything was measured', () => {
    const state = foldEvents([started([{ id: 'propose' }]), items('propose', 100), hits('propose', 50)])
    expect(estimateRemaining(state, T0 + 5000)).toBeUndefined()
  })

  it('is tasks left × mean duration ÷ the pace of the lane', () => {
    const state = foldEvents([started([{ id: 'propose' }]), items('propose', 100), ...steady('propose', 20)])
    const estimate = estimateRemaining(state, T0 + 20_000)
    expect(estimate?.atLeast).toBe(false)
    expect(estimate?.ms).toBeCloseTo(((100 - 20) * 1000) / 1, -1)
  })

  it('does not take hits found before the first computed task for a sign of more', () => {
    const few = foldEvents([
      started([{ id: 'propose' }]),
      items('propose', 1000),
      hits('propose', 900),
      ...steady('propose', 20),
    ])
    expect(estimateRemaining(few, T0 + 20_000)?.ms).toBeCloseTo((1000 - 900 - 20) * 1000, -1)
  })

  it('expects as many hits among the rest as among the tasks of the last half minute', () => {
    const mixed = steady('propose', 20).flatMap((event, index) => [event, hits('propose', 3, index * 1000)])
    const state = foldEvents([started([{ id: 'propose' }]), items('propose', 1080), ...mixed])
    const left = 1080 - 20 - 3 * 20
    expect(estimateRemaining(state, T0 + 20_000)?.ms).toBeCloseTo(left * (20 / (20 + 60)) * 1000, -1)
  })

  it('says "at least" while a step with work to do was never measured', () => {
    const steps = [{ id: 'propose' }, { id: 'submission', lane: 'cpu' as const }]
    const state = foldEvents([started(steps), items('propose', 100), ...steady('propose', 20)])
    expect(estimateRemaining(state, T0 + 20_000)?.atLeast).toBe(true)
  })

  it('borrows the mean of another step of the same node', () => {
    const steps = [
      { id: 'leaf/propose', node: 'detect/propose' },
      { id: 'parent/propose', node: 'detect/propose' },
    ]
    const state = foldEvents([
      started(steps),
      items('leaf/propose', 20),
      items('parent/propose', 30),
      ...steady('leaf/propose', 20),
    ])
    const estimate = estimateRemaining(state, T0 + 20_000)
    expect(estimate?.atLeast).toBe(false)
    expect(estimate?.ms).toBeCloseTo(30 * 1000, -1)
  })

  it('takes the slowest lane, since lanes work side by side', () => {
    const steps = [{ id: 'propose' }, { id: 'nms', lane: 'cpu' as const }]
    const cheap = Array.from({ length: 20 }, (_, index) => done('nms', index * 1000, { durationMs: 10 }))
    const state = foldEvents([
      started(steps),
      items('propose', 100),
      items('nms', 100),
      ...steady('propose', 20),
      ...cheap,
    ])
    expect(estimateRemaining(state, T0 + 20_000)?.ms).toBeCloseTo(80 * 1000, -1)
  })

  it('does not believe a lane works faster than twice its width, however its tasks end in lumps', () => {
    const state = foldEvents([
      started([{ id: 'propose' }], 2),
      items('propose', 10),
      done('propose', 0, { durationMs: 500_000 }),
    ])
    expect(estimateRemaining(state, T0 + 1000)?.ms).toBe((9 * 500_000) / (2 * 2))
  })

  it('is nothing after the end, and time stands still', () => {
    const state = foldEvents([
      started([{ id: 'propose' }]),
      items('propose', 9),
      done('propose', 900),
      finished('stopped', 1500),
    ])
    expect(estimateRemaining(state, T0 + 60_000)).toEqual({ ms: 0, atLeast: false })
    expect(elapsedMs(state, T0 + 60_000)).toBe(1500)
  })
})
