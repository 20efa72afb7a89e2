import { afterEach, describe, expect, it } from 'vitest'
import { createRig, doneTasks, imbalance, type Rig } from '../helpers/rig.ts'
import { stagedPipeline } from '../helpers/staged-pipeline.ts'

let rig: Rig
afterEach(() => rig.close())

const texts = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`n${i}`, `word${i * 7} second ${i}`]))

describe('the number of workers', () => {
  it('changes neither results nor what is run', async () => {
    rig = createRig(stagedPipeline, texts)
    const one = await rig.run({ slots: 1, threads: 1, cache: 'one', out: 'out-one' })
    const many = await rig.run({ slots: 2, threads: 3, cache: 'many', out: 'out-many' })
    expect(many.outputs).toEqual(one.outputs)
    expect(doneTasks(many)).toEqual(doneTasks(one))
    expect(many.executed).toEqual(one.executed)
    expect(imbalance(many)).toEqual({})
    const across = await rig.run({ slots: 2, threads: 3, cache: 'one', out: 'out-one' })
    expect(across.executed).toEqual([])
  })

  it('uses every slot', async () => {
    rig = createRig(stagedPipeline, texts)
    const run = await rig.run({ slots: 2, set: ['delay=10'] })
    const slots = run.events.flatMap(event =>
      event.type === 'unit.started' && event.lane === 'gpu' ? [event.slot] : [],
    )
    expect([...new Set(slots)].sort()).toEqual(['cpu/0', 'cpu/1'])
  })
})
