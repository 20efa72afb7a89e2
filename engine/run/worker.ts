import { type Diagnostic, TaskError } from '../base/diagnostic.ts'
import type { Closable } from '../contract/node.ts'
import type { StoreReader } from '../contract/store.ts'
import { createBatcher } from './batcher.ts'
import { createUnitHost, type WorkerServices } from './host.ts'
import { loadRegistry } from './load-registry.ts'
import { transientBytes } from './memory-share.ts'
import { maxUnstoredBytes, type ToWorker, type WorkerChannel } from './protocol.ts'
import { createRoom } from './room.ts'
import { evaluateUnit } from './unit.ts'
import type { TaskOutcome, Unit, WireGroup } from './wire.ts'

/**
 * A worker's life, the same in a child process and in a thread: open, run units as they come (several at once, their
 * waits overlap), send outcomes as they are made, close when told.
 */
export function serveWorker(channel: WorkerChannel): void {
  const groups = new Map<number, WireGroup>()
  const resources = new Map<string, Promise<Closable>>()
  const stop = new AbortController()
  let services: Promise<WorkerServices> | undefined
  let unstoredBytes = 0
  let wakeWriters: (() => void)[] = []

  channel.onMessage(message => {
    handle(message).catch((error: unknown) => channel.send({ type: 'broken', problem: problemOf(error) }))
  })

  async function handle(message: ToWorker): Promise<void> {
    switch (message.type) {
      case 'open':
        services = open(message)
        await services
        return
      case 'group':
        groups.set(message.group.index, message.group)
        return
      case 'unit':
        await runUnit(message.unit, message.hungTasks)
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
    return {
      registry,
      reader: openReader(message.storeDirectory),
      device: message.device,
      keepAuto: message.keepAuto,
      memoryBytes: message.memoryBytes,
      batcher: createBatcher(),
      room: createRoom(transientBytes(message.memoryBytes)),
      signal: stop.signal,
      resource: <T extends Closable>(name: string, openResource: () => Promise<T>) => {
        const known = resources.get(name) ?? openResource()
        resources.set(name, known)
        return known as Promise<T>
      },
      publish,
      note: (unit, task, text) => channel.send({ type: 'note', unit, task, message: text }),
      begun: (unit, task, limitMs) => channel.send({ type: 'begun', unit, task, limitMs }),
      ended: (unit, task) => channel.send({ type: 'ended', unit, task }),
    }
  }

  async function runUnit(unit: Unit, hungTasks: readonly number[]): Promise<void> {
    if (services === undefined) throw new Error('internal: a unit came before the store was opened')
    const ready = await services
    const group = groups.get(unit.group)
    if (group === undefined) throw new Error(`internal: unit of the unknown group ${unit.group}`)
    try {
      const result = await evaluateUnit(group, unit, createUnitHost(group, unit, hungTasks, ready))
      channel.send({ type: 'result', unit: unit.id, result })
    } catch (error) {
      channel.send({ type: 'gave-up', unit: unit.id, message: textOf(error) })
    }
  }

  /** Sends an outcome; waits while too much is on its way to the store. */
  async function publish(unit: number, outcome: TaskOutcome): Promise<void> {
    const bytes = outcome.blobs.reduce(
      (sum, blob) => sum + (blob.content instanceof Uint8Array ? blob.sizeBytes : 0),
      1024,
    )
    unstoredBytes += bytes
    channel.send({ type: 'outcome', unit, outcome, bytes })
    while (unstoredBytes > maxUnstoredBytes) await new Promise<void>(wake => wakeWriters.push(wake))
  }

  async function close(): Promise<void> {
    stop.abort()
    for (const resource of resources.values()) await (await resource).close()
    ;(await services)?.reader.close()
    channel.send({ type: 'closed' })
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
