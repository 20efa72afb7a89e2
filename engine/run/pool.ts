import PQueue from 'p-queue'
import { type UnitListener, WorkerCrash } from './executor.ts'
import type { FromWorker, ToWorker } from './protocol.ts'
import type { Unit, UnitResult, WireGroup } from './wire.ts'
import type { WorkerHandle } from './worker-handle.ts'

export interface PoolOptions {
  /** One worker for each; the text says which slot it is ("cpu/0", "cuda:1/0"). */
  readonly slots: readonly string[]
  /** Units under way at once in one worker: while one waits for inference or the disk, the other computes. */
  readonly unitsPerWorker: number
  /** How often a unit may be tried when workers die on it. */
  readonly attempts: number
  readonly start: (slot: string, onMessage: (message: FromWorker) => void) => WorkerHandle
  readonly opening: (slot: string) => ToWorker
}

interface PooledWorker {
  readonly handle: WorkerHandle
  readonly slot: string
  readonly groups: Set<number>
  readonly units: Map<number, Assigned>
  /** Its unit was there when a worker died: no other unit may share its fate. */
  alone: boolean
}

interface Assigned {
  readonly group: WireGroup
  readonly listener: UnitListener
  readonly resolve: (result: UnitResult) => void
  readonly reject: (error: Error) => void
}

/** Workers of one lane: started when first needed, given units up to their width, replaced when they die. */
export function createPool(options: PoolOptions) {
  const workers = new Map<string, PooledWorker>()
  const queue = new PQueue({ concurrency: options.slots.length * options.unitsPerWorker })
  let aborted = false
  let waiting: (() => void)[] = []
  let waitingAlone = 0

  return {
    capacity: options.slots.length * options.unitsPerWorker,
    width: options.slots.length,
    submit: (group: WireGroup, unit: Unit, listener: UnitListener) => queue.add(() => tryUnit(group, unit, listener)),
    running: () => [...workers.values()].filter(worker => worker.units.size > 0).length,
    processIds: () => [...workers.values()].flatMap(worker => worker.handle.processId ?? []),
    close,
    abort,
  }

  async function tryUnit(group: WireGroup, unit: Unit, listener: UnitListener): Promise<UnitResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        // Which of its units killed a worker cannot be known, so all of them are tried again one by one.
        return await place(attempt > 1, group, unit, listener)
      } catch (error) {
        if (!(error instanceof WorkerCrash)) throw error
        if (aborted || attempt >= options.attempts) throw new WorkerCrash(error.message, attempt)
      }
    }
  }

  /** Gives the unit to a worker as soon as one has room for it. */
  async function place(alone: boolean, group: WireGroup, unit: Unit, listener: UnitListener): Promise<UnitResult> {
    if (alone) waitingAlone++
    for (;;) {
      if (aborted) throw new WorkerCrash('the run was aborted', 0)
      const worker = !alone && waitingAlone > 0 ? undefined : freest(alone ? 1 : options.unitsPerWorker)
      if (worker === undefined) {
        await new Promise<void>(resume => waiting.push(resume))
        continue
      }
      if (alone) waitingAlone--
      worker.alone = alone
      wakeWaiting()
      return assign(worker, group, unit, listener).finally(() => {
        worker.alone = false
        wakeWaiting()
      })
    }
  }

  function wakeWaiting(): void {
    const resumed = waiting
    waiting = []
    for (const resume of resumed) resume()
  }

  /** The worker with the fewest units, if they are fewer than `limit`. */
  function freest(limit: number): PooledWorker | undefined {
    let best: PooledWorker | undefined
    for (const slot of options.slots) {
      const worker = workers.get(slot) ?? startWorker(slot)
      if (worker.alone || worker.units.size >= limit) continue
      if (best === undefined || worker.units.size < best.units.size) best = worker
      if (best.units.size === 0) break
    }
    return best
  }

  function startWorker(slot: string): PooledWorker {
    const handle = options.start(slot, message => receive(worker, message))
    const worker: PooledWorker = { handle, slot, groups: new Set(), units: new Map(), alone: false }
    workers.set(slot, worker)
    handle.send(options.opening(slot))
    void handle.gone.then(reason => {
      if (workers.get(slot) === worker) workers.delete(slot)
      for (const { reject } of worker.units.values())
        reject(new WorkerCrash(`worker ${handle.name} died (${reason})`, 1))
      worker.units.clear()
    })
    return worker
  }

  function assign(worker: PooledWorker, group: WireGroup, unit: Unit, listener: UnitListener): Promise<UnitResult> {
    if (!worker.groups.has(group.index)) {
      worker.groups.add(group.index)
      worker.handle.send({ type: 'group', group })
    }
    return new Promise((resolve, reject) => {
      worker.units.set(unit.id, { group, listener, resolve, reject })
      listener.started(worker.slot)
      worker.handle.send({ type: 'unit', unit })
    })
  }

  function receive(worker: PooledWorker, message: FromWorker): void {
    if (message.type === 'closed') return
    if (message.type === 'broken') {
      const error = new Error(message.message)
      for (const { reject } of worker.units.values()) reject(error)
      worker.units.clear()
      worker.handle.kill()
      return
    }
    const assigned = worker.units.get(message.unit)
    if (assigned === undefined) return
    switch (message.type) {
      case 'note':
        assigned.listener.note(message.task, message.message)
        return
      case 'outcome':
        assigned.listener.outcome(message.outcome).then(
          () => worker.handle.send({ type: 'stored', bytes: message.bytes }),
          (error: Error) => {
            worker.units.delete(message.unit)
            assigned.reject(error)
          },
        )
        return
      case 'result':
        worker.units.delete(message.unit)
        assigned.resolve(message.result)
    }
  }

  async function close(): Promise<void> {
    await queue.onIdle()
    const open = [...workers.values()]
    for (const worker of open) worker.handle.send({ type: 'close' })
    await Promise.all(open.map(worker => worker.handle.gone))
  }

  function abort(): void {
    aborted = true
    queue.clear()
    wakeWaiting()
    for (const worker of workers.values()) worker.handle.kill()
  }
}
