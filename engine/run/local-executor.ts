import type { Lane } from '../contract/node.ts'
import type { AddedModule } from '../contract/registry.ts'
import type { Executor } from './executor.ts'
import { createPool } from './pool.ts'
import type { ToWorker } from './protocol.ts'
import { startProcess, startThread } from './worker-handle.ts'

export interface LocalExecutorOptions {
  readonly registryUrl: string
  /** Modules of user nodes that the registry has beside its own. */
  readonly addedModules?: readonly AddedModule[]
  readonly storeUrl: string
  readonly storeDirectory: string
  readonly keepAuto: boolean
  /** `cpu`, or devices such as `cuda:0`; one inference worker for each device and slot. */
  readonly devices: readonly string[]
  readonly slotsPerDevice: number
  /** Threads of the cpu lane, and of the io lane. */
  readonly threads: number
  readonly attempts?: number
}

/** While one waits for inference or the disk, another one computes. */
const unitsAtOnce: Record<Lane, number> = { gpu: 2, cpu: 4, io: 8 }

/** Short units that may be in one thread at once. */
const mostUnits = 256

/** Inference in child processes, everything else in worker threads of this process. */
export function createLocalExecutor(options: LocalExecutorOptions): Executor {
  const processUrl = workerUrl('worker-process')
  const threadUrl = workerUrl('worker-thread')
  const openingOf =
    (lane: Lane) =>
    (slot: string): ToWorker => ({
      type: 'open',
      registryUrl: options.registryUrl,
      addedModules: options.addedModules ?? [],
      storeUrl: options.storeUrl,
      storeDirectory: options.storeDirectory,
      device: slot.includes('/') ? slot.slice(0, slot.lastIndexOf('/')) : 'cpu',
      keepAuto: options.keepAuto,
      unitsAtOnce: unitsAtOnce[lane],
    })
  const attempts = options.attempts ?? 3
  const gpuSlots = options.devices.flatMap(device =>
    Array.from({ length: options.slotsPerDevice }, (_, i) => `${device}/${i}`),
  )
  const threadSlots = (lane: string) => Array.from({ length: options.threads }, (_, i) => `${lane}-${i}`)
  const pools = {
    gpu: createPool({
      slots: gpuSlots,
      unitsPerWorker: unitsAtOnce.gpu,
      attempts,
      opening: openingOf('gpu'),
      start: (slot, listen) => startProcess(`inference ${slot}`, processUrl, listen),
    }),
    cpu: createPool({
      slots: threadSlots('cpu'),
      unitsPerWorker: unitsAtOnce.cpu,
      mostPerWorker: mostUnits,
      attempts,
      opening: openingOf('cpu'),
      start: (slot, listen) => startThread(slot, threadUrl, listen),
    }),
    io: createPool({
      slots: threadSlots('io'),
      unitsPerWorker: unitsAtOnce.io,
      mostPerWorker: mostUnits,
      attempts,
      opening: openingOf('io'),
      start: (slot, listen) => startThread(slot, threadUrl, listen),
    }),
  } satisfies Record<Lane, ReturnType<typeof createPool>>
  const all = Object.values(pools)

  return {
    lanes: (['gpu', 'cpu', 'io'] as const).map(lane => ({ lane, width: pools[lane].width })),
    capacity: (lane, group) => pools[lane].capacity(group),
    submit: (lane, group, unit, listener) => pools[lane].submit(group, unit, listener),
    running: lane => pools[lane].running(),
    processIds: () => all.flatMap(pool => pool.processIds()),
    close: async () => void (await Promise.all(all.map(pool => pool.close()))),
    abort: () => {
      for (const pool of all) pool.abort()
    },
  }
}

/** Workers always run compiled code: neither `fork` nor `Worker` reads TypeScript on the oldest Node supported. */
function workerUrl(name: string): URL {
  const here = import.meta.url
  return here.endsWith('.ts') ? new URL(`../../dist/engine/run/${name}.js`, here) : new URL(`${name}.js`, here)
}
