import { type Digest, sha256 } from '../engine/base/digest.ts'
import type { NewBlob } from '../engine/contract/store.ts'
import { toBytes } from './codec.ts'
import type { Rows } from './connection.ts'
import type { FileSystem } from './files.ts'
import { INLINE_LIMIT_BYTES, objectSizeBytes, readObject } from './objects.ts'

/** A blob row: what the index says is present. */
export interface FoundBlob {
  readonly id: number
  readonly sizeBytes: number
  readonly inline: boolean
  readonly usedSeconds: number
}

export type ReadBlob = { readonly bytes: Uint8Array; readonly row: FoundBlob | undefined } | 'missing' | 'damaged'

interface Row {
  id: number
  size: number
  inline: number
  used: number
}

export function findBlob(rows: Rows, digest: Digest): FoundBlob | undefined {
  const row = rows.sql<Row>('SELECT id, size, inline, used FROM blob WHERE digest = ?').get(toBytes(digest))
  return row && { id: row.id, sizeBytes: row.size, inline: row.inline === 1, usedSeconds: row.used }
}

/**
 * Size of a value that is there as far as can be told without reading its bytes. Objects are named by their content,
 * so one without a row (the index was lost) counts.
 */
export function presentBytes(
  found: FoundBlob | undefined,
  files: FileSystem,
  directory: string,
  digest: Digest,
): number | undefined {
  if (found?.inline) return found.sizeBytes
  const size = objectSizeBytes(files, directory, digest)
  return found === undefined || found.sizeBytes === size ? size : undefined
}

/** Bytes that match the digest, wherever they are. */
export function readBlob(rows: Rows, files: FileSystem, directory: string, digest: Digest): ReadBlob {
  const row = findBlob(rows, digest)
  if (!row?.inline) {
    const found = readObject(files, directory, digest)
    return typeof found === 'string' ? found : { bytes: found.bytes, row }
  }
  const bytes = rows.sql<{ content: Buffer }>('SELECT content FROM bytes WHERE blob = ?').get(row.id)?.content
  if (bytes === undefined) return 'missing'
  return sha256(bytes) === digest ? { bytes, row } : 'damaged'
}

/**
 * Adds or refreshes the row of a blob, inside a transaction; `inline` are its bytes if they live in the index.
 * Bytes that are there and differ are damaged: they are replaced.
 */
export function putBlob(
  rows: Rows,
  blob: NewBlob,
  inline: Uint8Array | undefined,
  costMs: number,
  nowSeconds: number,
): void {
  const row = rows
    .sql<{ id: number }>(
      `INSERT INTO blob (digest, size, inline, cost_ms, used) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET size = excluded.size, inline = excluded.inline,
         cost_ms = max(cost_ms, excluded.cost_ms), used = excluded.used
       RETURNING id`,
    )
    .get(toBytes(blob.digest), blob.sizeBytes, inline === undefined ? 0 : 1, costMs, nowSeconds)
  if (inline === undefined || row === undefined) return
  rows
    .sql(
      `INSERT INTO bytes (blob, content) VALUES (?, ?)
       ON CONFLICT (blob) DO UPDATE SET content = excluded.content WHERE content <> excluded.content`,
    )
    .run(row.id, inline)
}

export function isInline(sizeBytes: number): boolean {
  return sizeBytes <= INLINE_LIMIT_BYTES
}

/** Forgets a blob's bytes, inside a transaction; rows of tasks stay. The caller then removes the object. */
export function forgetBlob(rows: Rows, digest: Digest): void {
  rows.sql('DELETE FROM blob WHERE digest = ?').run(toBytes(digest))
}
