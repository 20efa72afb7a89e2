import { afterEach, describe, expect, it, vi } from 'vitest'
import type { LeaseHolder, Leases } from '../../engine/contract/lease.ts'
import { createLanes } from '../../engine/run/ready.ts'
import { createRunState } from '../../engine/run/state.ts'
import { createRig, doneTasks, imbalance, type Rig } from '../helpers/rig.ts'
import { stagedPipeline, threeTexts } from '../helpers/staged-pipeline.ts'

let rig: Rig | undefined
afterEach(() => {
  vi.useRealTimers()
  rig?.close()
  rig = undefined
})

const holder: LeaseHolder = { processId: 7, runId: 'other', sinceMs: 0 }

/** Somebody else holds what `isHeld` says; counts how often was asked. */
function heldLeases(isHeld: (asked: number) => boolean) {
  let asked = 0
  const leases: Leases = {
    take: sets => ({ holders: sets.map(() => (isHeld(++asked) ? holder : undefined)), shared: true }),
    release: () => {},
    close: () => {},
  }
  return { open: () => leases, asked: () => asked }
}

describe('a run that has to wait for another one', () => {
  it('comes back to what was held, and says once for whom it waits', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    const { open } = heldLeases(asked => asked % 2 === 1)
    const run = await rig.run({ openLeases: open })
    expect(run.finished.status).toBe('done')
    expect(imbalance(run)).toEqual({})
    expect(run.events.filter(event => event.type === 'remark')).toHaveLength(1)
    expect(new Set(doneTasks(run)).size).toBe(25)
  })

  it('can be stopped and aborted', async () => {
    for (const how of ['stop', 'abort'] as const) {
      rig?.close()
      rig = createRig(stagedPipeline, threeTexts)
      const { open, asked } = heldLeases(() => true)
      const run = await rig.run({
        openLeases: open,
        onEvent: (event, handle) => {
          if (event.type !== 'remark' || asked() === 0) return
          if (how === 'stop') handle.stop('enough', 'stopped')
          else handle.abort()
        },
      })
      expect(run.finished.status).toBe(how === 'stop' ? 'stopped' : 'interrupted')
      expect(run.executed).toEqual([])
      expect(imbalance(run)).toEqual({})
    }
  })
})

describe('lanes', () => {
  function lanes(wake: () => void) {
    const group = { index: 0, form: 'items', lane: 'cpu', cells: [], selects: [], externals: [], exports: [] } as const
    const state = createRunState({ name: 'g', path: '/g', steps: [], groups: [group], outputs: [] })
    const [first] = state.groups
    return { first: first!, made: createLanes(state.groups, { capacity: () => 2 }, wake) }
  }

  it('bring postponed units back behind the others, later and later while none gets further', () => {
    vi.useFakeTimers()
    const wake = vi.fn()
    const { first, made } = lanes(wake)
    made.push(first, 1)
    made.postpone(first, 0)
    expect(made.take()?.item).toBe(1)
    expect(made.take()).toBeUndefined()
    expect(made.empty()).toBe(false)
    const waits: number[] = []
    for (let round = 0; round < 12; round++) {
      const before = Date.now()
      vi.advanceTimersToNextTimer()
      waits.push(Date.now() - before)
      expect(made.take()?.item).toBe(0)
      made.postpone(first, 0)
    }
    expect(waits[0]).toBe(50)
    expect(waits.every((wait, i) => i === 0 || wait >= waits[i - 1]!)).toBe(true)
    expect(waits.at(-1)).toBe(1000)
    expect(wake).toHaveBeenCalledTimes(12)
    made.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})
