import { type Diagnostic, TaskError } from '../base/diagnostic.ts'
import type { Closable } from '../contract/node.ts'
import type { StoreReader } from '../contract/store.ts'
import { createBatcher } from './batcher.ts'
import { createUnitHost, type WorkerServices } from './host.ts'
import { loadRegistry } from './load-registry.ts'
import { transientBytes } from './memory-share.ts'
import { createOutbox } from './outbox.ts'
import { type AssignedUnit, maxUnstoredBytes, type ToWorker, type WorkerChannel } from './protocol.ts'
import { createRoom } from './room.ts'
import { createScratch } from './scratch.ts'
import { evaluateUnit } from './unit.ts'
import type { TaskOutcome, WireGroup } from './wire.ts'

/**
 * A worker's life, the same in a child process and in a thread: open, run units in the order they came (several at once,
 * their waits overlap), send outcomes as they are made, close when told.
 */
export function serveWorker(channel: WorkerChannel): void {
  const groups = new Map<number, WireGroup>()
  const resources = new Map<string, Promise<Closable>>()
  const stop = new AbortController()
  const queue: AssignedUnit[] = []
  const { post, flush } = createOutbox(channel.send, () => queue.length - begun)
  let begun = 0
  let underWay = 0
  let unitsAtOnce = 1
  let services: Promise<WorkerServices> | undefined
  let unstoredBytes = 0
  let wakeWriters: (() => void)[] = []

  channel.onMessage(message => {
    handle(message).catch((error: unknown) => sendBroken(error))
  })

  function sendBroken(error: unknown): void {
    post({ type: 'broken', problem: problemOf(error) })
    flush()
  }

  async function handle(message: ToWorker): Promise<void> {
    switch (message.type) {
      case 'open':
        unitsAtOnce = message.unitsAtOnce
        services = open(message)
        await services
        return
      case 'group':
        groups.set(message.group.index, message.group)
        return
      case 'units':
        queue.push(...message.units)
        beginUnits()
        return
      case 'stored':
        unstoredBytes -= message.bytes
        if (unstoredBytes <= maxUnstoredBytes) {
          for (const wake of wakeWriters) wake()
          wakeWriters = []
        }
        return
      case 'close':
        await close()
    }
  }

  async function open(message: Extract<ToWorker, { type: 'open' }>): Promise<WorkerServices> {
    const registry = await loadRegistry(message.registryUrl, message.addedModules)
    const { openReader } = (await import(message.storeUrl)) as { openReader: (directory: string) => StoreReader }
    const reader = openReader(message.storeDirectory)
    return {
      registry,
      reader,
      device: message.device,
      keepAuto: message.keepAuto,
      memoryBytes: message.memoryBytes,
      batcher: createBatcher(),
      room: createRoom(transientBytes(message.memoryBytes)),
      scratch: createScratch({ newPath: () => reader.scratchFile('spill') }),
      signal: stop.signal,
      resource: <T extends Closable>(name: string, openResource: () => Promise<T>) => {
        const known = resources.get(name)
        if (known !== undefined) return known as Promise<T>
        const opening = openResource()
        resources.set(name, opening)
        // Whoever asks next tries again.
        opening.catch(() => resources.delete(name))
        return opening
      },
      publish,
      note: (unit, task, text) => post({ type: 'note', unit, task, message: text }),
      begun: (unit, task, limitMs) => {
        post({ type: 'begun', unit, task, limitMs })
        flush()
      },
      ended: (unit, task) => post({ type: 'ended', unit, task }),
    }
  }

  function beginUnits(): void {
    while (underWay < unitsAtOnce && begun < queue.length) {
      const next = queue[begun++]!
      if (begun === queue.length) {
        queue.length = 0
        begun = 0
      }
      underWay++
      runUnit(next)
        .catch(sendBroken)
        .finally(() => {
          underWay--
          beginUnits()
        })
    }
  }

  async function runUnit({ unit, hungTasks }: AssignedUnit): Promise<void> {
    if (services === undefined) throw new Error('internal: a unit came before the store was opened')
    const ready = await services
    const group = groups.get(unit.group)
    if (group === undefined) throw new Error(`internal: unit of the unknown group ${unit.group}`)
    const startedMs = performance.now()
    try {
      const result = await evaluateUnit(group, unit, createUnitHost(group, unit, hungTasks, ready))
      post({ type: 'result', unit: unit.id, result, durationMs: performance.now() - startedMs })
    } catch (error) {
      post({ type: 'gave-up', unit: unit.id, message: textOf(error) })
    }
  }

  /** Sends an outcome; waits while too much is on its way to the store. */
  async function publish(unit: number, outcome: TaskOutcome): Promise<void> {
    const bytes = outcome.blobs.reduce(
      (sum, blob) => sum + (blob.content instanceof Uint8Array ? blob.sizeBytes : 0),
      1024,
    )
    unstoredBytes += bytes
    post({ type: 'outcome', unit, outcome, bytes })
    if (unstoredBytes > maxUnstoredBytes) flush()
    while (unstoredBytes > maxUnstoredBytes) await new Promise<void>(wake => wakeWriters.push(wake))
  }

  async function close(): Promise<void> {
    stop.abort()
    for (const resource of resources.values()) await (await resource).close()
    ;(await services)?.reader.close()
    post({ type: 'closed' })
    flush()
    channel.end()
  }
}

function problemOf(error: unknown): Diagnostic {
  if (error instanceof TaskError) return error.diagnostic
  return { code: 'worker-crash', message: `a worker could not begin: ${textOf(error)}` }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
