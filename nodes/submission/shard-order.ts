import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Table } from '../values/table.ts'

/** Ids of each shard in the order of their positions; shards ascending, also those without images. */
export type Shards = ReadonlyMap<number, readonly string[]>

/**
 * Reads a table of image, shard, shards, position (`splits/shards`).
 * @throws TaskError unless it has exactly these items.
 */
export function readShards(table: Table, items: readonly string[]): Shards {
  const columns = ['image', 'shard', 'shards', 'position'].map(name => {
    const at = table.columns.indexOf(name)
    if (at >= 0) return at
    throw bad(`the table at input shards has no column ${name}; its columns are ${table.columns.join(', ')}`)
  })
  const rows = table.rows.map(row => {
    const [image, shard, shards, position] = columns.map(at => row[at]) as [string, number, number, number]
    return { image, shard, shards, position }
  })
  rows.sort((a, b) => a.shard - b.shard || a.position - b.position)
  const listed = new Set(rows.map(({ image }) => image))
  const unlisted = items.find(id => !listed.has(id))
  if (unlisted !== undefined) throw bad(`item ${unlisted} is in no shard`, 'the list must name every image')
  const known = new Set(items)
  const missing = rows.find(({ image }) => !known.has(image))
  if (missing) throw bad(`${missing.image} is in shard ${missing.shard} and not among the items`)
  const count = rows.reduce((most, { shard, shards }) => Math.max(most, shard + 1, shards), 0)
  const shards = new Map<number, string[]>(Array.from({ length: count }, (_, shard) => [shard, []]))
  for (const { image, shard } of rows) {
    shards.get(shard)!.push(image)
  }
  return shards
}

/** All ids; shards by number, or as their file names sort: 0, 10, 11, …, 19, 1, 20, … of 25. */
export function* idsInOrder(shards: Shards, order: 'number' | 'file-name'): Generator<string> {
  const numbers = [...shards.keys()]
  if (order === 'file-name') numbers.sort((a, b) => (`${a}of` < `${b}of` ? -1 : 1))
  for (const number of numbers) yield* shards.get(number)!
}

function bad(message: string, fix?: string): TaskError {
  return new TaskError({ code: 'bad-value', message, ...(fix !== undefined && { fix }) })
}
