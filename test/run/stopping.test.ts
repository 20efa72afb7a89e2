import { afterEach, describe, expect, it } from 'vitest'
import { createRig, doneTasks, imbalance, type Rig } from '../helpers/rig.ts'
import { stagedPipeline } from '../helpers/staged-pipeline.ts'

let rig: Rig
afterEach(() => rig.close())

const manyTexts = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`t${String(i).padStart(2, '0')}`, `w${i} x`]),
)
const slow = ['delay=20']

describe('a run that is asked to stop', () => {
  it('finishes what is in flight, starts nothing new, and says what was left', async () => {
    rig = createRig(stagedPipeline, manyTexts)
    let asked = false
    const run = await rig.run({
      set: slow,
      onEvent: (event, handle) => {
        if (asked || event.type !== 'task.done' || event.step !== 'scan') return
        asked = true
        handle.stop('asked by the test', 'interrupted')
      },
    })
    expect(run.finished).toMatchObject({ status: 'interrupted', outputs: {} })
    expect(run.events.filter(event => event.type === 'run.stopping').map(event => event.reason)).toEqual([
      'asked by the test',
    ])
    expect(run.finished.tasks.failed).toBe(0)
    expect(run.finished.tasks.skipped).toBeGreaterThan(0)
    expect(imbalance(run)).toEqual({})
    const begun = run.events.filter(event => event.type === 'unit.started')
    const ended = run.events.filter(event => event.type === 'unit.finished')
    expect(ended).toHaveLength(begun.length)
    // Every item that was in flight came through its whole segment.
    const scanned = new Set(doneTasks(run).flatMap(line => /^scan.* (t\d+)$/.exec(line)?.[1] ?? []))
    const merged = doneTasks(run).flatMap(line => /^merged (t\d+)$/.exec(line)?.[1] ?? [])
    expect(new Set(merged)).toEqual(scanned)
    expect(merged.length).toBeLessThan(12)

    const rest = await rig.run({ set: slow })
    expect(rest.finished.status).toBe('done')
    expect(rest.finished.inferences).toBe(24 - run.finished.inferences)
    expect(imbalance(rest)).toEqual({})
  })

  it('says stopped when it was to stop by itself', async () => {
    rig = createRig(stagedPipeline, manyTexts)
    const run = await rig.run({
      set: slow,
      onEvent: (event, handle) => {
        if (event.type === 'unit.started' && event.lane === 'gpu') handle.stop('time is up', 'stopped')
      },
    })
    expect(run.finished.status).toBe('stopped')
    expect(imbalance(run)).toEqual({})
  })

  it('ends at once when it is aborted, without calling what was in flight failed', async () => {
    rig = createRig(stagedPipeline, manyTexts)
    let seen = 0
    const run = await rig.run({
      set: ['delay=50'],
      onEvent: (event, handle) => {
        if (event.type === 'task.done' && event.step === 'scan' && ++seen === 3) handle.abort()
      },
    })
    expect(run.finished.status).toBe('interrupted')
    expect(run.finished.tasks.failed).toBe(0)
    expect(imbalance(run)).toEqual({})
    const rest = await rig.run()
    expect(rest.finished.status).toBe('done')
    const undisturbed = await rig.run({ cache: 'other-cache', out: 'other-out' })
    expect(rest.outputs).toEqual(undisturbed.outputs)
  })
})
