import type { StoreStats } from '../engine/contract/store.ts'
import type { Rows } from './connection.ts'
import type { FileSystem } from './files.ts'

/** Counts of the index; walks over rows, never over values. */
export function storeStats(rows: Rows, files: FileSystem, databasePath: string): StoreStats {
  const tasks = rows.sql<{ n: number }>('SELECT count(*) AS n FROM task').get()?.n ?? 0
  const blobs = rows
    .sql<{ n: number; bytes: number; inline: number }>(
      'SELECT count(*) AS n, coalesce(sum(size), 0) AS bytes, coalesce(sum(inline), 0) AS inline FROM blob',
    )
    .get() ?? { n: 0, bytes: 0, inline: 0 }
  return {
    tasks,
    blobs: blobs.n,
    blobBytes: blobs.bytes,
    inlineBlobs: blobs.inline,
    fileBlobs: blobs.n - blobs.inline,
    databaseBytes: sizeOf(files, databasePath) + sizeOf(files, `${databasePath}-wal`),
  }
}

function sizeOf(files: FileSystem, path: string): number {
  return files.statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
