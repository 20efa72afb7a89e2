import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { openDatabase } from '../../cache/native.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** As a database with its statements is used and left. */
function used(): readonly WeakRef<object>[] {
  const db = openDatabase(':memory:')
  db.pragma('user_version = 3')
  const statement = db.prepare('SELECT 1')
  statement.get()
  db.close()
  return [new WeakRef(db), new WeakRef(statement)]
}

test('databases and statements outlive their use, whatever is collected', async () => {
  const left = new WeakRef({})
  const made = used()
  await new Promise(resolve => setImmediate(resolve))
  collectGarbage()
  expect(left.deref()).toBeUndefined()
  expect(made.map(one => one.deref())).not.toContain(undefined)
})

test('pragmas answer as they do in the package', () => {
  const db = openDatabase(':memory:')
  db.pragma('user_version = 3')
  expect(db.pragma('user_version', { simple: true })).toBe(3)
  expect(db.pragma('user_version')).toEqual([{ user_version: 3 }])
  expect(db.pragma('journal_mode = MEMORY')).toEqual([{ journal_mode: 'memory' }])
  db.close()
  expect(() => db.pragma('user_version')).toThrow('not open')
})
