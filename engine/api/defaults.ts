import { cpus, totalmem } from 'node:os'

/** Inference workers: each keeps one thread in inference and one in kernels, together at most one more than cores. */
export function defaultSlots(): number {
  return Math.max(1, Math.floor((cpus().length + 1) / 2 - 0.5))
}

export function defaultThreads(): number {
  return Math.max(1, cpus().length - 1)
}

export function defaultMemoryBytes(): number {
  return Math.round(totalmem() / 2)
}
