import type { Room } from './room.ts'
import type { Waiting } from './scratch.ts'
import type { MemoryUse, WireGroup } from './wire.ts'

/** What holding values asks of the worker. Kinds go by name. */
export interface ValueHost {
  readonly release: (kind: string, value: unknown) => void
  readonly residentBytes: (kind: string, value: unknown) => number
  /** For transient values; absent: as much as they need. */
  readonly room?: Room
  /** Files for them; absent: none. */
  readonly scratch?: {
    /** There and back; Infinity for a kind that cannot, and on a disk that does not. */
    readonly expectedMs: (kind: string, bytes: number) => number
    readonly put: (kind: string, value: unknown, bytes: number) => Promise<Waiting | undefined>
  }
}

/** The values of one unit: in memory, or (transient ones) waiting in files. */
export interface HeldValues {
  /** In memory or in a file. */
  readonly has: (task: number, port: string) => boolean
  /** Brought back into memory if need be; undefined if it is neither there nor in a file. */
  readonly get: (task: number, port: string) => Promise<unknown>
  readonly keep: (task: number, port: string, value: unknown) => Promise<void>
  /** Stays in memory until the returned function is called: somebody is about to read it. */
  readonly pin: (task: number, port: string) => () => void
  /** How long a task took: what it costs to make its values again. */
  readonly took: (task: number, durationMs: number) => void
  /** Frees the inputs of a task that nobody in this unit will ask for again. */
  readonly settle: (task: number) => void
  readonly isAwaited: (task: number, port: string) => boolean
  readonly releaseAll: () => void
  readonly use: () => MemoryUse
}

/**
 * Where transient values do not fit together, the one that is needed last leaves memory: into a file if writing and
 * reading it back should take less time than making it again, as far as either was measured; otherwise it is dropped, and
 * made again when its turn comes. What comes out is the same.
 *
 * @param isOpen - a task that may still read its inputs.
 */
export function createHeldValues(group: WireGroup, host: ValueHost, isOpen: (task: number) => boolean): HeldValues {
  const values = group.tasks.map(() => new Map<string, unknown>())
  const files = new Map<string, Waiting>()
  const consumers = consumersByPort(group)
  const pins = new Map<string, number>()
  const durationsMs = new Float64Array(group.tasks.length)
  let transientBytes = 0
  let use: MemoryUse = { peakTransientBytes: 0, spilled: 0, spilledBytes: 0, dropped: 0 }

  const nameOf = (task: number, port: string) => `${task}.${port}`
  const outputOf = (task: number, port: string) => group.tasks[task]!.outputs.find(output => output.port === port)!
  const isTransient = (task: number, port: string) => outputOf(task, port).persist === 'transient'
  const bytesOf = (task: number, port: string, value: unknown) => host.residentBytes(outputOf(task, port).kind, value)
  const has = (task: number, port: string) => values[task]!.has(port) || files.has(nameOf(task, port))
  const isAwaited = (task: number, port: string) => (consumers.get(nameOf(task, port)) ?? []).some(isOpen)

  async function keep(task: number, port: string, value: unknown): Promise<void> {
    if (values[task]!.has(port)) {
      // Made twice, and the first one may be in use.
      host.release(outputOf(task, port).kind, value)
      return
    }
    values[task]!.set(port, value)
    if (isTransient(task, port)) {
      const bytes = bytesOf(task, port, value)
      host.room?.take(bytes)
      transientBytes += bytes
      use = { ...use, peakTransientBytes: Math.max(use.peakTransientBytes, transientBytes) }
    }
    while (host.room?.isOver() && (await makeRoom())) {}
  }

  async function get(task: number, port: string): Promise<unknown> {
    const waiting = files.get(nameOf(task, port))
    if (values[task]!.has(port) || waiting === undefined) return values[task]!.get(port)
    const value = await waiting.restore()
    if (value === undefined) discardFile(task, port)
    else await keep(task, port, value)
    return value
  }

  /** False if there is nothing that could leave. */
  async function makeRoom(): Promise<boolean> {
    const leaving = neededLast()
    if (leaving === undefined) return false
    const { task, port, isRead } = leaving
    const name = nameOf(task, port)
    if (isRead && !files.has(name)) {
      const { kind } = outputOf(task, port)
      const value = values[task]!.get(port)
      const bytes = host.residentBytes(kind, value)
      const spillMs = host.scratch?.expectedMs(kind, bytes) ?? Number.POSITIVE_INFINITY
      const waiting = spillMs < remakeMs(task, new Set()) ? await host.scratch?.put(kind, value, bytes) : undefined
      if (waiting === undefined) use = { ...use, dropped: use.dropped + 1 }
      else {
        files.set(name, waiting)
        use = { ...use, spilled: use.spilled + 1, spilledBytes: use.spilledBytes + bytes }
      }
    }
    leaveMemory(task, port)
    return true
  }

  /** Of the transient values nobody is about to read, the one whose next reader comes last. */
  function neededLast(): { readonly task: number; readonly port: string; readonly isRead: boolean } | undefined {
    let last: { readonly task: number; readonly port: string; readonly reader: number } | undefined
    for (const [task, held] of values.entries()) {
      for (const port of held.keys()) {
        const name = nameOf(task, port)
        if (!isTransient(task, port) || (pins.get(name) ?? 0) > 0) continue
        const reader = Math.min(...(consumers.get(name) ?? []).filter(isOpen))
        if (last === undefined || reader > last.reader) last = { task, port, reader }
      }
    }
    return last && { ...last, isRead: last.reader < Number.POSITIVE_INFINITY }
  }

  /** With the transient values it would need for that and that will not be at hand either. */
  function remakeMs(task: number, counted: Set<number>): number {
    counted.add(task)
    let ms = durationsMs[task]!
    for (const source of group.tasks[task]!.inputs.flatMap(input => input.sources)) {
      if ('external' in source || counted.has(source.task) || !isTransient(source.task, source.port)) continue
      const stays = has(source.task, source.port) && isAwaited(source.task, source.port)
      if (!stays) ms += remakeMs(source.task, counted)
    }
    return ms
  }

  function leaveMemory(task: number, port: string): void {
    const held = values[task]!
    if (!held.has(port)) return
    const value = held.get(port)
    held.delete(port)
    if (isTransient(task, port)) {
      const bytes = bytesOf(task, port, value)
      host.room?.free(bytes)
      transientBytes -= bytes
    }
    host.release(outputOf(task, port).kind, value)
  }

  function discardFile(task: number, port: string): void {
    const name = nameOf(task, port)
    files.get(name)?.discard()
    files.delete(name)
  }

  return {
    has,
    get,
    keep,
    isAwaited,
    pin(task, port) {
      const name = nameOf(task, port)
      pins.set(name, (pins.get(name) ?? 0) + 1)
      return () => void pins.set(name, pins.get(name)! - 1)
    },
    took: (task, durationMs) => {
      durationsMs[task] = durationMs
    },
    settle(task) {
      for (const source of group.tasks[task]!.inputs.flatMap(input => input.sources)) {
        if ('external' in source || isAwaited(source.task, source.port)) continue
        leaveMemory(source.task, source.port)
        discardFile(source.task, source.port)
      }
    },
    releaseAll() {
      for (const [task, held] of values.entries()) for (const port of [...held.keys()]) leaveMemory(task, port)
      for (const waiting of files.values()) waiting.discard()
      files.clear()
    },
    use: () => use,
  }
}

function consumersByPort(group: WireGroup): ReadonlyMap<string, readonly number[]> {
  const consumers = new Map<string, number[]>()
  for (const [task, { inputs }] of group.tasks.entries()) {
    for (const source of inputs.flatMap(input => input.sources)) {
      if ('external' in source) continue
      const name = `${source.task}.${source.port}`
      consumers.set(name, [...(consumers.get(name) ?? []), task])
    }
  }
  return consumers
}
