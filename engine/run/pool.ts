import PQueue from 'p-queue'
import { TaskError } from '../base/diagnostic.ts'
import type { Admission } from './admission.ts'
import { RunFailure, type UnitListener, WorkerCrash } from './executor.ts'
import { createForesight } from './foresight.ts'
import type { AssignedUnit, FromWorker, ToWorker } from './protocol.ts'
import { createSeats } from './seats.ts'
import { answerGraceMs } from './task-attempts.ts'
import type { Unit, UnitResult, WireGroup } from './wire.ts'
import { fileLimit, type WorkerEnd } from './worker-end.ts'
import type { WorkerHandle } from './worker-handle.ts'

export interface PoolOptions {
  /** One worker for each; the text says which slot it is ("cpu/0", "cuda:1/0"). */
  readonly slots: readonly string[]
  /** Units under way at once in one worker: while one waits for inference or the disk, the other computes. */
  readonly unitsPerWorker: number
  /** How many may wait in a worker if they are short; default: none but those under way. */
  readonly mostPerWorker?: number
  /** How often workers may die on a unit before it is given up. */
  readonly attempts: number
  /** Absent: a unit begins when there is a seat. */
  readonly admission?: Admission
  readonly start: (slot: string, onMessage: (message: FromWorker) => void) => WorkerHandle
  readonly opening: (slot: string) => ToWorker
}

interface PooledWorker {
  readonly handle: WorkerHandle
  readonly groups: Set<number>
  readonly units: Map<number, Assigned>
  /** Not sent yet: they go together. */
  outbox: AssignedUnit[]
  /** Stored since it was last told. */
  storedBytes: number
  flushing: boolean
  /** Running tasks that have a time limit. */
  readonly limits: Map<string, NodeJS.Timeout>
  /** The task it was killed for. */
  hung: { readonly unit: number; readonly task: number } | undefined
}

interface Assigned {
  readonly group: number
  readonly listener: UnitListener
  readonly resolve: (result: UnitResult) => void
  readonly reject: (error: Error) => void
}

/** A worker is gone, seen from one of its units. */
class WorkerGone extends Error {
  readonly blame: 'this' | 'another' | 'unknown'
  readonly end: WorkerEnd
  /** The task of this unit that did not answer in time. */
  readonly hungTask: number | undefined

  constructor(blame: WorkerGone['blame'], end: WorkerEnd, hungTask: number | undefined) {
    super(end.text)
    this.blame = blame
    this.end = end
    this.hungTask = hungTask
  }
}

/**
 * Workers of one lane: started when first needed, given units up to their width, replaced when they die. A death is held
 * against the unit that was alone with it; if there were several, each is tried again alone, and that tells which.
 */
export function createPool(options: PoolOptions) {
  const workers = new Map<string, PooledWorker>()
  const seats = createSeats(options.slots)
  const foresight = createForesight(options.unitsPerWorker, options.mostPerWorker ?? options.unitsPerWorker)
  const queue = new PQueue({ concurrency: capacity(-1) })
  let aborted = false

  function capacity(group: number): number {
    return options.slots.length * foresight.unitsOf(group)
  }

  return {
    capacity,
    width: options.slots.length,
    submit(group: WireGroup, unit: Unit, listener: UnitListener): Promise<UnitResult> {
      const most = capacity(group.index)
      if (queue.concurrency !== most) queue.concurrency = most
      return queue.add(() => admitUnit(group, unit, listener))
    },
    running: () => [...workers.values()].filter(worker => worker.units.size > 0).length,
    processIds: () => [...workers.values()].flatMap(worker => worker.handle.processId ?? []),
    close,
    abort,
  }

  async function admitUnit(group: WireGroup, unit: Unit, listener: UnitListener): Promise<UnitResult> {
    if (options.admission === undefined) return tryUnit(group, unit, listener)
    const pass = await options.admission.enter(group.index)
    if (pass === undefined) throw givenUp()
    let peakBytes = 0
    try {
      const result = await tryUnit(group, unit, listener)
      peakBytes = result.memory.peakTransientBytes
      return result
    } finally {
      pass.leave(peakBytes)
    }
  }

  async function tryUnit(group: WireGroup, unit: Unit, listener: UnitListener): Promise<UnitResult> {
    const hungTasks: number[] = []
    let deaths = 0
    /** Deaths in company: its own as well, if it turns out to kill workers alone. */
    let suspicions = 0
    for (;;) {
      const slot = await seats.take(deaths + suspicions > 0, foresight.unitsOf(group.index))
      if (slot === undefined) throw givenUp()
      try {
        // Given up between getting a seat and sitting down.
        if (aborted) throw givenUp()
        return await assign(workers.get(slot) ?? startWorker(slot), slot, group, unit, hungTasks, listener)
      } catch (error) {
        if (!(error instanceof WorkerGone)) throw error
        if (aborted) throw givenUp()
        if (error.hungTask !== undefined) hungTasks.push(error.hungTask)
        if (error.blame === 'unknown') suspicions++
        if (error.blame === 'this') {
          deaths += 1 + suspicions
          suspicions = 0
        }
        if (deaths >= options.attempts) throw crashOf(error.end, deaths)
        if (error.hungTask === undefined)
          listener.retried(`a worker ${error.end.text}; what it was doing is tried again`)
      } finally {
        seats.leave(slot)
      }
    }
  }

  function startWorker(slot: string): PooledWorker {
    const handle = started(() => options.start(slot, message => receive(worker, message)))
    const worker: PooledWorker = {
      handle,
      groups: new Set(),
      units: new Map(),
      outbox: [],
      storedBytes: 0,
      flushing: false,
      limits: new Map(),
      hung: undefined,
    }
    workers.set(slot, worker)
    handle.send(options.opening(slot))
    void handle.gone.then(end => {
      if (workers.get(slot) === worker) workers.delete(slot)
      for (const timer of worker.limits.values()) clearTimeout(timer)
      const units = [...worker.units]
      worker.units.clear()
      for (const [unit, { reject }] of units) {
        if (end.cause === 'unstarted') {
          reject(notStarted(end.text))
          continue
        }
        const hungTask = worker.hung?.unit === unit ? worker.hung.task : undefined
        const blame =
          worker.hung !== undefined || units.length === 0 ? 'another' : units.length > 1 ? 'unknown' : 'this'
        reject(new WorkerGone(blame, end, hungTask))
      }
    })
    return worker
  }

  function assign(
    worker: PooledWorker,
    slot: string,
    group: WireGroup,
    unit: Unit,
    hungTasks: readonly number[],
    listener: UnitListener,
  ): Promise<UnitResult> {
    if (!worker.groups.has(group.index)) {
      worker.groups.add(group.index)
      worker.handle.send({ type: 'group', group })
    }
    return new Promise((resolve, reject) => {
      worker.units.set(unit.id, { group: group.index, listener, resolve, reject })
      listener.started(slot)
      worker.outbox.push({ unit, hungTasks })
      // One that is not busy gets it at once.
      if (worker.units.size <= options.unitsPerWorker) flush(worker)
      else flushSoon(worker)
    })
  }

  function flushSoon(worker: PooledWorker): void {
    if (worker.flushing) return
    worker.flushing = true
    setImmediate(() => {
      worker.flushing = false
      flush(worker)
    })
  }

  function flush(worker: PooledWorker): void {
    if (worker.outbox.length > 0) worker.handle.send({ type: 'units', units: worker.outbox })
    if (worker.storedBytes > 0) worker.handle.send({ type: 'stored', bytes: worker.storedBytes })
    worker.outbox = []
    worker.storedBytes = 0
  }

  function receive(worker: PooledWorker, message: FromWorker): void {
    if (message.type === 'closed') return
    if (message.type === 'broken') {
      const { problem } = message
      const failure = fileLimit.test(problem.message)
        ? notStarted(problem.message)
        : new RunFailure(new TaskError(problem))
      for (const { reject } of worker.units.values()) reject(failure)
      worker.units.clear()
      worker.handle.kill()
      return
    }
    const assigned = worker.units.get(message.unit)
    if (assigned === undefined) return
    switch (message.type) {
      case 'begun':
        limit(worker, message.unit, message.task, message.limitMs)
        return
      case 'ended':
        unlimit(worker, message.unit, message.task)
        return
      case 'note':
        assigned.listener.note(message.task, message.message)
        return
      case 'outcome':
        assigned.listener.outcome(message.outcome).then(
          () => {
            worker.storedBytes += message.bytes
            flushSoon(worker)
          },
          (error: Error) => {
            worker.units.delete(message.unit)
            assigned.reject(error)
          },
        )
        return
      case 'gave-up':
        worker.units.delete(message.unit)
        assigned.reject(new Error(message.message))
        return
      case 'result':
        worker.units.delete(message.unit)
        foresight.took(assigned.group, message.durationMs)
        assigned.resolve(message.result)
    }
  }

  /** The worker sees to limits itself; only one that cannot (it computes without a pause) is killed from here. */
  function limit(worker: PooledWorker, unit: number, task: number, limitMs: number): void {
    const kill = () => {
      worker.hung ??= { unit, task }
      worker.handle.kill()
    }
    worker.limits.set(`${unit}.${task}`, setTimeout(kill, limitMs + answerGraceMs))
  }

  function unlimit(worker: PooledWorker, unit: number, task: number): void {
    clearTimeout(worker.limits.get(`${unit}.${task}`))
    worker.limits.delete(`${unit}.${task}`)
  }

  async function close(): Promise<void> {
    await queue.onIdle()
    await Promise.all([...workers.values()].map(closeWorker))
  }

  function abort(): void {
    aborted = true
    queue.clear()
    seats.abandon()
    for (const worker of workers.values()) worker.handle.kill()
  }
}

/** A worker that is busy with a unit nobody waits for any more does not hold up the end of the run. */
async function closeWorker(worker: PooledWorker): Promise<void> {
  worker.handle.send({ type: 'close' })
  const late = setTimeout(worker.handle.kill, closeGraceMs)
  await worker.handle.gone
  clearTimeout(late)
}

const closeGraceMs = 10_000

function started(start: () => WorkerHandle): WorkerHandle {
  try {
    return start()
  } catch (error) {
    throw notStarted(error instanceof Error ? error.message : String(error))
  }
}

function notStarted(text: string): RunFailure {
  const code = fileLimit.test(text) ? 'too-many-files' : 'worker-crash'
  const fix =
    code === 'too-many-files'
      ? 'raise the limit (`ulimit -n 4096`) or use fewer --slots and --workers'
      : 'look at the limits for processes and memory of this user; fewer --slots and --workers need less'
  return new RunFailure(new TaskError({ code, message: `a worker could not be started: ${text.split('\n')[0]}`, fix }))
}

function givenUp(): WorkerCrash {
  return new WorkerCrash({ code: 'worker-crash', message: 'the run was aborted' })
}

function crashOf(end: WorkerEnd, deaths: number): WorkerCrash {
  const advice =
    end.cause === 'memory'
      ? 'let it need less at once (fewer --slots, a smaller scale), or use a machine with more memory'
      : 'look what is special about it; another version of the inference runtime or of the model may help'
  return new WorkerCrash({
    code: 'worker-crash',
    message: deaths === 1 ? `its worker ${end.text}` : `${deaths} workers died on it; the last one ${end.text}`,
    fix: `${advice}. It is not tried again in this run; others go on with --keep-going`,
  })
}
