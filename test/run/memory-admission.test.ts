import { describe, expect, it } from 'vitest'
import { createAdmission, type Pass } from '../../engine/run/admission.ts'
import { shareMemory } from '../../engine/run/memory-share.ts'

const MiB = 2 ** 20

/** An admission whose memory and clock are the test's, and the names of those who were let in. */
function setUp(budgetBytes: number) {
  const world = { residentBytes: 0, nowMs: 0 }
  const admission = createAdmission({
    budgetBytes,
    residentBytes: () => world.residentBytes,
    nowMs: () => (world.nowMs += 100),
  })
  const inside = new Map<string, Pass | undefined>()
  async function arrive(name: string, group = 0): Promise<void> {
    void admission.enter(group).then(pass => inside.set(name, pass))
    await settled()
  }
  async function leave(name: string, transientBytes = 0): Promise<void> {
    inside.get(name)!.leave(transientBytes)
    inside.delete(name)
    await settled()
  }
  return { world, admission, inside, arrive, leave }
}

const settled = () => new Promise<void>(resolve => setImmediate(resolve))

describe('admission by memory', () => {
  it('lets everybody in without a budget', async () => {
    const { arrive, inside, world } = setUp(Number.POSITIVE_INFINITY)
    world.residentBytes = 1e15
    for (const name of ['a', 'b', 'c']) await arrive(name)
    expect([...inside.keys()]).toEqual(['a', 'b', 'c'])
  })

  it('always lets one in, however little there is', async () => {
    const { arrive, leave, inside, world } = setUp(10)
    world.residentBytes = 1000
    await arrive('a')
    await arrive('b')
    expect([...inside.keys()]).toEqual(['a'])
    await leave('a')
    expect([...inside.keys()]).toEqual(['b'])
  })

  it('guesses an eighth of the budget for a unit of a group it does not know', async () => {
    const { arrive, inside, world } = setUp(800)
    world.residentBytes = 500
    for (const name of ['a', 'b', 'c', 'd', 'e']) await arrive(name)
    expect([...inside.keys()]).toEqual(['a', 'b', 'c'])
  })

  it('learns what a unit of a group needs from what it held', async () => {
    const { arrive, leave, inside } = setUp(800)
    await arrive('first')
    await leave('first', 350)
    for (const name of ['a', 'b', 'c']) await arrive(name)
    expect([...inside.keys()]).toEqual(['a', 'b'])
  })

  it('learns from how memory grew, and forgets slowly', async () => {
    const { arrive, leave, inside, world } = setUp(800)
    await arrive('first')
    world.residentBytes = 390
    await leave('first')
    await arrive('a')
    await arrive('b')
    expect([...inside.keys()]).toEqual(['a'])
    await leave('a')
    await leave('b')
    // 390, 312, 250: two of them fit beside 390.
    for (const name of ['c', 'd']) await arrive(name)
    expect([...inside.keys()]).toEqual(['c'])
    await leave('c')
    await leave('d')
    for (const name of ['e', 'f', 'g']) await arrive(name)
    expect([...inside.keys()]).toEqual(['e', 'f'])
  })

  it('serves in order: a big unit is not passed by small ones', async () => {
    const { arrive, leave, inside } = setUp(800)
    await arrive('big first', 1)
    await leave('big first', 750)
    await arrive('small', 2)
    await arrive('big', 1)
    await arrive('small too', 2)
    expect([...inside.keys()]).toEqual(['small'])
    await leave('small')
    expect([...inside.keys()][0]).toBe('big')
  })

  it('lets nobody wait for a run that was given up', async () => {
    const { arrive, admission, inside, world } = setUp(100)
    world.residentBytes = 100
    await arrive('a')
    await arrive('b')
    admission.abandon()
    await arrive('c')
    expect(inside.get('b')).toBeUndefined()
    expect([...inside.keys()]).toEqual(['a', 'b', 'c'])
  })
})

describe('the share of a worker', () => {
  it.each([
    [600, 1, 1, 360],
    [600, 4, 1, 360],
    [1024, 4, 2, 307],
    [8192, 4, 4, 1792],
    [100, 2, 1, 60],
  ])('of %i MiB with %i slots: %i workers with %i MiB', (budget, slots, workers, eachMiB) => {
    const share = shareMemory(budget * MiB, slots)
    expect(share.inferenceSlots).toBe(workers)
    expect(Math.floor(share.workerBytes / MiB)).toBe(eachMiB)
  })

  it('has no limit without a budget', () => {
    expect(shareMemory(Number.POSITIVE_INFINITY, 3)).toEqual({
      inferenceSlots: 3,
      workerBytes: Number.POSITIVE_INFINITY,
    })
  })
})
