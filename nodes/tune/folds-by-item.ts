import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Table } from '../values/table.ts'

/**
 * The fold of each item, from a table with the columns `item` and `fold`.
 * @throws TaskError when a column is missing, an item has no fold or two, or all are in one fold.
 */
export function foldsByItem({ columns, rows }: Table, ids: readonly string[]): readonly string[] {
  const [item, fold] = ['item', 'fold'].map(name => columns.indexOf(name)) as [number, number]
  if (item < 0 || fold < 0) {
    throw bad(`the table of folds has the columns ${columns.join(', ')}; item and fold are needed`)
  }
  const foldOf = new Map<string, string>()
  for (const row of rows) {
    const id = String(row[item])
    if (foldOf.has(id)) throw bad(`the table of folds lists item ${id} twice`)
    if (row[fold] !== null) foldOf.set(id, String(row[fold]))
  }
  const folds = ids.map(id => {
    const found = foldOf.get(id)
    if (found === undefined) throw bad(`item ${id} has no fold`)
    return found
  })
  if (new Set(folds).size < 2) throw bad(`all items are in fold ${folds[0]}; there must be two or more`)
  return folds
}

function bad(message: string): TaskError {
  return new TaskError({
    code: 'bad-value',
    message,
    fix: 'divide the items that are tuned on with splits/folds, and feed its table',
  })
}
