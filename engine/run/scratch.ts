import { closeSync, openSync, statfsSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Kind } from '../contract/kind.ts'

/** Where transient values of one worker wait when there is no room for them in memory. */
export interface Scratch {
  /** What writing and reading back so many bytes should take, as measured here; Infinity if it cannot be done. */
  readonly expectedMs: (bytes: number) => number
  /** Undefined if the disk did not take it: the value is as it was. */
  readonly put: (kind: Kind, value: unknown, bytes: number) => Promise<Waiting | undefined>
}

/** A value in a file. */
export interface Waiting {
  /** The value again, as often as it is asked for; undefined if the disk does not give it back. */
  readonly restore: () => Promise<unknown>
  readonly discard: () => void
}

export interface ScratchOptions {
  /** A fresh path that is swept should this process be killed before it has no name any more. */
  readonly newPath: () => string
  readonly freeBytes?: (folder: string) => { readonly free: number; readonly all: number }
}

/** Until something was measured: a disk of 500 MB/s, written to and read from. */
const firstMsPerByte = 2 / 500_000
/** Making a file and telling a thread, whatever the size. */
const leastMs = 1
/** Weight of the newest measurement. */
const newest = 0.3
/** The store must be able to go on: so much of the disk is left to it, or a tenth if that is less. */
const leastFreeBytes = 2 ** 30
const leastFreeShare = 0.1

/**
 * One file for each value. It is unlinked as soon as it is open: the system frees it when the process ends, however it
 * ends. A disk that is full or fails is not asked again; values are then made again instead.
 */
export function createScratch({ newPath, freeBytes = freeOn }: ScratchOptions): Scratch {
  let msPerByte = firstMsPerByte
  let failed = false

  function measured(bytes: number, ms: number): void {
    if (bytes > 0) msPerByte = (1 - newest) * msPerByte + newest * ((2 * ms) / bytes)
  }

  return {
    expectedMs: bytes => (failed ? Number.POSITIVE_INFINITY : leastMs + bytes * msPerByte),
    async put(kind, value, bytes) {
      let file: number | undefined
      try {
        const path = newPath()
        const { free, all } = freeBytes(dirname(path))
        if (free - bytes < Math.min(leastFreeBytes, all * leastFreeShare)) return undefined
        file = openUnnamed(path)
        const { restore, workMs } = await kind.spill!(value, file)
        measured(bytes, workMs)
        return waiting(file, restore)
      } catch (error) {
        if (file !== undefined) closeSync(file)
        failed = true
        if (!isOfSystem(error)) throw error
        return undefined
      }
    },
  }

  function waiting(file: number, readBack: () => Promise<unknown>): Waiting {
    return {
      async restore() {
        try {
          return await readBack()
        } catch (error) {
          failed = true
          if (!isOfSystem(error)) throw error
          return undefined
        }
      },
      discard: () => closeSync(file),
    }
  }
}

function openUnnamed(path: string): number {
  const file = openSync(path, 'wx+', 0o600)
  try {
    unlinkSync(path)
  } catch {
    // Some systems keep the name while the file is open: it is swept when this process is gone.
  }
  return file
}

function freeOn(folder: string): { readonly free: number; readonly all: number } {
  const { bavail, blocks, bsize } = statfsSync(folder)
  return { free: bavail * bsize, all: blocks * bsize }
}

/** A full disk, a broken one, a quota: anything the system says with a code. */
function isOfSystem(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'
}
