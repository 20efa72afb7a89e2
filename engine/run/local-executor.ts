import type { Lane } from '../contract/node.ts'
import type { AddedModule } from '../contract/registry.ts'
import { createAdmission } from './admission.ts'
import type { Executor } from './executor.ts'
import { shareMemory } from './memory-share.ts'
import { createPool } from './pool.ts'
import type { ToWorker } from './protocol.ts'
import { residentBytes } from './resident.ts'
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
  /** Items that nodes of the graph can infer at once; as many units are in an inference worker. */
  readonly batchSize?: number
  /** Threads of the cpu lane, and of the io lane. */
  readonly threads: number
  readonly attempts?: number
  /** What the run and its workers should hold at most, together; absent: no limit. */
  readonly memoryBytes?: number
}

/** While one waits for inference or the disk, another one computes. */
const leastUnitsAtOnce: Record<Lane, number> = { gpu: 2, cpu: 4, io: 8 }

/** Short units that may be in one thread at once. */
const mostUnits = 256

/** Inference in child processes, everything else in worker threads of this process. */
export function createLocalExecutor(options: LocalExecutorOptions): Executor {
  const budgetBytes = options.memoryBytes ?? Number.POSITIVE_INFINITY
  const share = shareMemory(budgetBytes, options.devices.length * options.slotsPerDevice)
  const admission = createAdmission({ budgetBytes, residentBytes: () => residentBytes(processIds()) })
  const processUrl = workerUrl('worker-process')
  const threadUrl = workerUrl('worker-thread')
  const unitsAtOnce: Record<Lane, number> = { ...leastUnitsAtOnce, gpu: Math.max(2, options.batchSize ?? 1) }
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
      memoryBytes: share.workerBytes,
      unitsAtOnce: unitsAtOnce[lane],
    })
  const attempts = options.attempts ?? 3
  // The first slot of every device before the second of any, in case memory is short.
  const gpuSlots = Array.from({ length: options.slotsPerDevice }, (_, i) =>
    options.devices.map(device => `${device}/${i}`),
  )
    .flat()
    .slice(0, share.inferenceSlots)
  const threadSlots = (lane: string) => Array.from({ length: options.threads }, (_, i) => `${lane}-${i}`)
  const pools = {
    gpu: createPool({
      slots: gpuSlots,
      unitsPerWorker: unitsAtOnce.gpu,
      attempts,
      admission,
      opening: openingOf('gpu'),
      start: (slot, listen) => startProcess(`inference ${slot}`, processUrl, share.workerBytes, listen),
    }),
    cpu: createPool({
      slots: threadSlots('cpu'),
      unitsPerWorker: unitsAtOnce.cpu,
      mostPerWorker: mostUnits,
      attempts,
      admission,
      opening: openingOf('cpu'),
      start: (slot, listen) => startThread(slot, threadUrl, listen),
    }),
    io: createPool({
      slots: threadSlots('io'),
      unitsPerWorker: unitsAtOnce.io,
      mostPerWorker: mostUnits,
      attempts,
      admission,
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
    processIds,
    close: async () => void (await Promise.all(all.map(pool => pool.close()))),
    abort: () => {
      admission.abandon()
      for (const pool of all) pool.abort()
    },
  }

  function processIds(): readonly number[] {
    return all.flatMap(pool => pool.processIds())
  }
}

/** Workers always run compiled code: neither `fork` nor `Worker` reads TypeScript on the oldest Node supported. */
function workerUrl(name: string): URL {
  const here = import.meta.url
  return here.endsWith('.ts') ? new URL(`../../dist/engine/run/${name}.js`, here) : new URL(`${name}.js`, here)
}
