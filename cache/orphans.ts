import { join } from 'node:path'
import { toBytes } from './codec.ts'
import type { Rows } from './connection.ts'
import { exists, type FileSystem } from './files.ts'

/**
 * Gives rows to objects that have none, inside a transaction: after the index was lost, or a crash between publishing
 * and the rows. Their cost is unknown, so they are the first to go. Returns how many.
 */
export function adoptOrphans(rows: Rows, files: FileSystem, directory: string): number {
  let adopted = 0
  for (const { digest, path } of objects(files, directory)) {
    const key = toBytes(digest)
    if (rows.sql('SELECT 1 FROM blob WHERE digest = ?').get(key) !== undefined) continue
    const found = files.statSync(path, { throwIfNoEntry: false })
    if (found === undefined) continue
    rows
      .sql('INSERT INTO blob (digest, size, inline, cost_ms, used) VALUES (?, ?, 0, 0, ?)')
      .run(key, found.size, Math.floor(found.mtimeMs / 1000))
    adopted++
  }
  return adopted
}

/** Every object with a proper name, in order. */
function* objects(files: FileSystem, directory: string): Generator<{ digest: string; path: string }> {
  const root = join(directory, 'objects')
  if (!exists(files, root)) return
  for (const shard of files.readdirSync(root).sort()) {
    if (!/^[0-9a-f]{2}$/.test(shard)) continue
    for (const name of files.readdirSync(join(root, shard)).sort()) {
      if (/^[0-9a-f]{62}$/.test(name)) yield { digest: shard + name, path: join(root, shard, name) }
    }
  }
}
