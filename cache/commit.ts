import type { Digest, Key } from '../engine/base/digest.ts'
import type { NewBlob, TaskRecord } from '../engine/contract/store.ts'
import { isInline, putBlob } from './blobs.ts'
import type { Connection } from './connection.ts'
import { type FileSystem, removeQuietly } from './files.ts'
import { inlineBytes, objectSizeBytes, publishObject } from './objects.ts'
import { disagree, findTask, putTask } from './tasks.ts'

export interface CommitTarget {
  readonly connection: Connection
  readonly files: FileSystem
  readonly directory: string
  readonly now: () => number
  /** Other rows to write in the same transaction. */
  readonly alongside: () => void
}

/**
 * Stores finished tasks: large values as objects first, then all rows and small values in one transaction. So a row
 * never names bytes that are not there: a crash before the transaction leaves at most complete objects without a row
 * (found again by name) and temporary files (swept later).
 *
 * Returns the keys whose record disagrees with an earlier one; of those nothing is stored.
 */
export function commitRecords(target: CommitTarget, records: readonly TaskRecord[]): Key[] {
  const { connection, files, directory, now } = target
  // Of large values only, which would be written for nothing; the others are looked at in the transaction.
  const large = records.filter(({ blobs }) => blobs.some(blob => !isInline(blob.sizeBytes)))
  const refused = new Set(refusedBefore(connection, large))
  const inline = new Map<NewBlob, Uint8Array>()
  const published = new Map<Digest, NewBlob>()
  for (const record of records) {
    if (refused.has(record)) continue
    for (const blob of record.blobs) {
      if (isInline(blob.sizeBytes)) {
        inline.set(blob, inlineBytes(files, blob))
      } else if (!published.has(blob.digest)) {
        publishObject(files, directory, blob)
        published.set(blob.digest, blob)
      }
    }
  }
  const lateRefused = connection.write(`storing ${records.length} results`, () => {
    const nowSeconds = Math.floor(now() / 1000)
    const lost: TaskRecord[] = []
    // Values are dropped only inside transactions, so from here on what is there stays.
    for (const blob of published.values()) {
      if (objectSizeBytes(files, directory, blob.digest) !== blob.sizeBytes) publishObject(files, directory, blob)
    }
    for (const record of records) {
      if (refused.has(record)) continue
      // Another process may have stored this key since we looked.
      if (!putTask(connection, record, nowSeconds)) lost.push(record)
      else for (const blob of record.blobs) putBlob(connection, blob, inline.get(blob), record.durationMs, nowSeconds)
    }
    target.alongside()
    return lost
  })
  removeScratch(files, records)
  return [...refused, ...lateRefused].map(record => record.key)
}

/** Records that disagree with the index, or with an earlier record of the same batch. */
function refusedBefore(connection: Connection, records: readonly TaskRecord[]): TaskRecord[] {
  return connection.read(() => {
    const accepted = new Map<Key, TaskRecord>()
    return records.filter(record => {
      const known = findTask(connection, record.key) ?? accepted.get(record.key)
      if (known !== undefined && disagree(known, record)) return true
      accepted.set(record.key, record)
      return false
    })
  })
}

/** What was not taken over by renaming: small values, and those of refused records. */
function removeScratch(files: FileSystem, records: readonly TaskRecord[]): void {
  for (const { blobs } of records) {
    for (const { content } of blobs) if (!(content instanceof Uint8Array)) removeQuietly(files, content.scratchPath)
  }
}
