import type { Digest } from '../engine/base/digest.ts'
import { forgetBlob, readBlob } from './blobs.ts'
import { sealOf, toHex } from './codec.ts'
import type { Connection } from './connection.ts'
import type { FileSystem } from './files.ts'
import { type HousekeepingOptions, withIndex } from './housekeeping.ts'
import { removeObject } from './objects.ts'
import { adoptOrphans } from './orphans.ts'

export interface VerifyOptions extends HousekeepingOptions {
  readonly onProgress?: (done: { readonly values: number; readonly ofValues: number; readonly bytes: number }) => void
}

export interface Verified {
  readonly results: number
  /** Rows that did not fit their seal; removed. */
  readonly damagedResults: number
  readonly values: number
  readonly bytes: number
  /** Values whose bytes were not those of their digest, or gone; dropped, so that they are made again when needed. */
  readonly damagedValues: readonly Digest[]
  readonly missingValues: readonly Digest[]
  /** Objects that had no row and got one. */
  readonly adoptedValues: number
}

const BATCH = 200

/** Reads everything there is and drops what is damaged. A damaged index is set aside on the way. */
export function verifyStore(directory: string, options: VerifyOptions = {}): Verified {
  return withIndex(directory, options, ({ connection, files, directory: root }) => {
    checkPages(connection)
    const adoptedValues = connection.write('adopting values without a row', () => adoptOrphans(connection, files, root))
    const { results, damagedResults } = verifyTasks(connection)
    const values = verifyBlobs(connection, files, root, options.onProgress ?? (() => {}))
    return { results, damagedResults, adoptedValues, ...values }
  })
}

/** SQLite's own check; a finding counts as damage met while reading, which the connection knows how to deal with. */
function checkPages(connection: Connection): void {
  connection.read(() => {
    const [finding] = connection.sql<{ quick_check: string }>('PRAGMA quick_check(1)').all()
    if (finding === undefined || finding.quick_check === 'ok') return
    throw Object.assign(new Error(finding.quick_check), { code: 'SQLITE_CORRUPT' })
  })
}

function verifyTasks(connection: Connection): { results: number; damagedResults: number } {
  let results = 0
  let damagedResults = 0
  for (let last = 0; ; ) {
    const rows = connection.read(() =>
      connection
        .sql<{ id: number; key: Buffer; ports: string; digests: Buffer; seal: Buffer }>(
          'SELECT id, key, ports, digests, seal FROM task WHERE id > ? ORDER BY id LIMIT ?',
        )
        .all(last, BATCH),
    )
    if (rows.length === 0) return { results, damagedResults }
    last = rows.at(-1)?.id ?? last
    results += rows.length
    const bad = rows.filter(row => !sealOf(row.key, row.ports, row.digests).equals(row.seal))
    damagedResults += bad.length
    if (bad.length === 0) continue
    connection.write('removing damaged rows', () => {
      for (const { id } of bad) connection.sql('DELETE FROM task WHERE id = ?').run(id)
    })
  }
}

function verifyBlobs(
  connection: Connection,
  files: FileSystem,
  directory: string,
  onProgress: NonNullable<VerifyOptions['onProgress']>,
): { values: number; bytes: number; damagedValues: Digest[]; missingValues: Digest[] } {
  const ofValues = connection.read(() => connection.sql<{ n: number }>('SELECT count(*) AS n FROM blob').get()?.n ?? 0)
  const found = { values: 0, bytes: 0, damagedValues: [] as Digest[], missingValues: [] as Digest[] }
  for (let last = 0; ; ) {
    const rows = connection.read(() =>
      connection
        .sql<{ id: number; digest: Buffer }>('SELECT id, digest FROM blob WHERE id > ? ORDER BY id LIMIT ?')
        .all(last, BATCH),
    )
    if (rows.length === 0) return found
    last = rows.at(-1)?.id ?? last
    for (const row of rows) {
      const digest = toHex(row.digest)
      const blob = connection.read(() => readBlob(connection, files, directory, digest))
      found.values++
      if (typeof blob !== 'string') {
        found.bytes += blob.bytes.byteLength
        continue
      }
      found[blob === 'damaged' ? 'damagedValues' : 'missingValues'].push(digest)
      connection.write('dropping a damaged value', () => {
        forgetBlob(connection, digest)
        removeObject(files, directory, digest)
      })
    }
    onProgress({ values: found.values, ofValues, bytes: found.bytes })
  }
}
