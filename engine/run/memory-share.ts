/** How a memory budget is divided before anything is measured. */
export interface MemoryShare {
  /** Inference workers that may be started. */
  readonly inferenceSlots: number
  /** What each of them should hold at most. */
  readonly workerBytes: number
}

const runShare = 0.4
const mostRunBytes = 2 ** 30

/** Node, the inference runtime, an open graph and its first run; measured 150 to 250 MiB with small models. */
const leastWorkerBytes = 256 * 2 ** 20

/**
 * The run (with the threads of its cpu and io lanes) keeps two fifths, at most 1 GiB; inference workers share the rest
 * equally. Where that would be less than one needs to begin at all, fewer are started, but always one.
 */
export function shareMemory(budgetBytes: number, inferenceSlots: number): MemoryShare {
  if (budgetBytes === Number.POSITIVE_INFINITY) return { inferenceSlots, workerBytes: budgetBytes }
  const forWorkers = budgetBytes - Math.min(mostRunBytes, budgetBytes * runShare)
  const slots = Math.min(inferenceSlots, Math.max(1, Math.floor(forWorkers / leastWorkerBytes)))
  return { inferenceSlots: slots, workerBytes: Math.floor(forWorkers / slots) }
}

/** Below this share a worker trades a little speed for memory: see `createSession` and `startProcess`. */
export const roomyWorkerBytes = 2 ** 30

/** Of its share, what a worker may hold in transient values; the rest is for the runtime, its graphs and their work. */
export function transientBytes(workerBytes: number): number {
  return workerBytes / 4
}
