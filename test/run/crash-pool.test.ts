import { afterEach, describe, expect, it, vi } from 'vitest'
import { RunFailure, type UnitListener, WorkerCrash } from '../../engine/run/executor.ts'
import { createPool } from '../../engine/run/pool.ts'
import type { FromWorker, ToWorker } from '../../engine/run/protocol.ts'
import { answerGraceMs } from '../../engine/run/task-attempts.ts'
import type { Unit, UnitResult, WireGroup } from '../../engine/run/wire.ts'
import type { WorkerEnd } from '../../engine/run/worker-end.ts'

afterEach(() => {
  vi.useRealTimers()
})

const crash: WorkerEnd = { cause: 'crash', text: 'crashed in native code (SIGSEGV)' }
const group: WireGroup = { index: 0, form: 'items', tasks: [], externals: [], exports: [] }
const result: UnitResult = {
  exports: [],
  hits: [],
  failures: [],
  skipped: [],
  lost: undefined,
  memory: { peakTransientBytes: 0, spilled: 0, spilledBytes: 0, dropped: 0 },
}

function unit(id: number): Unit {
  const plain = { wantValues: [], forced: [], file: undefined, manifests: [], sourcePaths: [] }
  return { id, group: 0, item: `item ${id}`, externals: [], ...plain }
}

/** A worker that does what the test says. */
interface FakeWorker {
  readonly slot: string
  /** Units it was given and has not answered. */
  readonly has: number[]
  readonly hungTasks: (readonly number[])[]
  readonly say: (message: FromWorker) => void
  readonly die: (end: WorkerEnd) => void
  readonly closed: () => boolean
}

/** A pool of such workers; `settled` collects what became of each unit, in order. */
function setUp(slots: readonly string[], unitsPerWorker = 2, startFails?: () => void) {
  const workers: FakeWorker[] = []
  const settled: string[] = []
  const remarks: string[] = []
  const pool = createPool({
    slots,
    unitsPerWorker,
    attempts: 3,
    opening: () => ({ type: 'close' }),
    start: (slot, onMessage) => {
      startFails?.()
      const has: number[] = []
      const hungTasks: (readonly number[])[] = []
      let closes = -1
      let die: (end: WorkerEnd) => void = () => {}
      const gone = new Promise<WorkerEnd>(resolve => {
        die = resolve
      })
      const send = (message: ToWorker) => {
        if (message.type === 'close') closes++
        if (message.type !== 'units') return
        has.push(...message.units.map(({ unit }) => unit.id))
        hungTasks.push(...message.units.map(one => one.hungTasks))
      }
      const say = (message: FromWorker) => {
        if (message.type === 'result') has.splice(has.indexOf(message.unit), 1)
        onMessage(message)
      }
      workers.push({ slot, has, hungTasks, say, die, closed: () => closes > 0 })
      return {
        name: slot,
        processId: undefined,
        send,
        gone,
        kill: () => die({ cause: 'ended', text: 'was ended by the run' }),
      }
    },
  })
  const listener = (id: number): UnitListener => ({
    started: () => {},
    outcome: async () => {},
    note: () => {},
    retried: why => remarks.push(`${id}: ${why}`),
  })
  const submit = (id: number) => {
    void pool.submit(group, unit(id), listener(id)).then(
      () => settled.push(`${id} done`),
      (error: Error) => settled.push(`${id} ${error.name}: ${error.message}`),
    )
  }
  return { pool, workers, settled, remarks, submit }
}

/** Lets everything happen that waits for nothing but promises. */
async function calm(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve()
}

describe('a pool', () => {
  it('finds out which of two units kills workers, and charges only that one', async () => {
    const { workers, settled, remarks, submit } = setUp(['x'])
    submit(1)
    submit(2)
    await calm()
    expect(workers[0]?.has).toEqual([1, 2])
    workers[0]?.die(crash)
    await calm()
    expect(workers[1]?.has).toEqual([1])
    workers[1]?.say({ type: 'result', unit: 1, result, durationMs: 1000 })
    await calm()
    expect(settled).toEqual(['1 done'])
    expect(workers[1]?.has).toEqual([2])
    workers[1]?.die(crash)
    await calm()
    expect(workers[2]?.has).toEqual([2])
    workers[2]?.die(crash)
    await calm()
    // Three deaths: one in company, two alone.
    expect(settled).toEqual([
      '1 done',
      '2 WorkerCrash: 3 workers died on it; the last one crashed in native code (SIGSEGV)',
    ])
    expect(remarks).toHaveLength(3)
  })

  it('goes on in other slots while a suspect waits to be alone', async () => {
    const { workers, settled, submit } = setUp(['x', 'y'])
    for (const id of [1, 2, 3, 4, 5]) submit(id)
    await calm()
    expect(workers.map(worker => worker.has)).toEqual([
      [1, 3],
      [2, 4],
    ])
    workers[0]?.die(crash)
    await calm()
    // 1 has x to itself; 3 waits for y to be empty, and 5 for one of them.
    expect(workers[2]?.has).toEqual([1])
    workers[1]?.say({ type: 'result', unit: 2, result, durationMs: 1000 })
    workers[1]?.say({ type: 'result', unit: 4, result, durationMs: 1000 })
    await calm()
    expect(workers[1]?.has).toEqual([3])
    workers[2]?.say({ type: 'result', unit: 1, result, durationMs: 1000 })
    workers[1]?.say({ type: 'result', unit: 3, result, durationMs: 1000 })
    await calm()
    expect(workers.slice(1).flatMap(worker => worker.has)).toEqual([5])
    expect(settled).toEqual(['2 done', '4 done', '1 done', '3 done'])
  })

  it('kills a worker that does not answer in time, and holds it against that task alone', async () => {
    vi.useFakeTimers()
    const { workers, settled, submit } = setUp(['x'])
    submit(1)
    submit(2)
    await calm()
    workers[0]?.say({ type: 'begun', unit: 1, task: 7, limitMs: 1000 })
    workers[0]?.say({ type: 'begun', unit: 2, task: 7, limitMs: 1000 })
    workers[0]?.say({ type: 'ended', unit: 2, task: 7 })
    vi.advanceTimersByTime(1000 + answerGraceMs - 1)
    await calm()
    expect(workers).toHaveLength(1)
    vi.advanceTimersByTime(1)
    await calm()
    // Both at once again: nobody is under suspicion.
    expect(workers[1]?.has).toEqual([1, 2])
    expect(workers[1]?.hungTasks).toEqual([[7], []])
    expect(settled).toEqual([])
  })

  it('fails one unit for a defect met in it, and nothing else', async () => {
    const { workers, settled, submit } = setUp(['x'])
    submit(1)
    submit(2)
    await calm()
    workers[0]?.say({ type: 'gave-up', unit: 1, message: 'internal: oops' })
    workers[0]?.say({ type: 'result', unit: 2, result, durationMs: 1000 })
    await calm()
    expect(settled).toEqual(['1 Error: internal: oops', '2 done'])
  })

  it('fails the run when a worker cannot open the store or cannot be started', async () => {
    const broken = setUp(['x'])
    broken.submit(1)
    await calm()
    broken.workers[0]?.say({ type: 'broken', problem: { code: 'store-newer', message: 'too new' } })
    await calm()
    expect(broken.settled).toEqual(['1 RunFailure: too new'])

    const startless = setUp(['x'], 2, () => {
      throw new Error('spawn EMFILE')
    })
    const failure: unknown = await startless.pool
      .submit(group, unit(1), { started: () => {}, outcome: async () => {}, note: () => {}, retried: () => {} })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(RunFailure)
    expect((failure as RunFailure).cause).toMatchObject({ diagnostic: { code: 'too-many-files' } })

    const unstarted = setUp(['x'])
    unstarted.submit(1)
    await calm()
    unstarted.workers[0]?.die({ cause: 'unstarted', text: 'spawn EAGAIN' })
    await calm()
    expect(unstarted.settled).toEqual(['1 RunFailure: a worker could not be started: spawn EAGAIN'])
  })

  it('gives everything up when aborted, what waits for a seat as well', async () => {
    const { pool, workers, settled, submit } = setUp(['x'])
    for (const id of [1, 2, 3]) submit(id)
    await calm()
    workers[0]?.die(crash)
    await calm()
    pool.abort()
    await calm()
    expect(settled).toEqual(['2', '1'].map(id => `${id} WorkerCrash: the run was aborted`))
    expect(new WorkerCrash({ code: 'worker-crash', message: 'x' }).diagnostic.code).toBe('worker-crash')
  })

  it('does not wait for ever for a worker that does not close', async () => {
    vi.useFakeTimers()
    const { pool, workers, submit } = setUp(['x'])
    submit(1)
    await calm()
    workers[0]?.say({ type: 'result', unit: 1, result, durationMs: 1000 })
    const closing = pool.close()
    await calm()
    expect(workers[0]?.closed()).toBe(true)
    await vi.advanceTimersByTimeAsync(10_000)
    await expect(closing).resolves.toBeUndefined()
  })
})
