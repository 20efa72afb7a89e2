import type { Store, TaskRecord } from '../contract/store.ts'

/**
 * The only writer of a run: gathers records and commits them together, about 500 rows or 20 ms at a time, since one
 * transaction costs nearly as much for one small row as for hundreds.
 */
export interface Writer {
  /** Resolves when the record is durable; rejects with the store's error. */
  readonly add: (record: TaskRecord) => Promise<void>
  readonly flush: () => void
}

const maxRecords = 500
const maxBytes = 8 * 1024 * 1024
const maxDelayMs = 20

export function createWriter(store: Pick<Store, 'commit'>, onConflict: (key: string) => void): Writer {
  let waiting: {
    readonly record: TaskRecord
    readonly resolve: () => void
    readonly reject: (error: unknown) => void
  }[] = []
  let bytes = 0
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const batch = waiting
    waiting = []
    bytes = 0
    if (batch.length === 0) return
    try {
      for (const key of store.commit(batch.map(entry => entry.record))) onConflict(key)
      for (const { resolve } of batch) resolve()
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return {
    add: record =>
      new Promise((resolve, reject) => {
        waiting.push({ record, resolve, reject })
        bytes += record.blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0)
        if (waiting.length >= maxRecords || bytes >= maxBytes) flush()
        else timer ??= setTimeout(flush, maxDelayMs)
      }),
    flush,
  }
}
