import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { isNotLoaded, openDatabase } from '../../cache/native.ts'

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

test('a compiled part that does not load is a problem that says what to do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'maskloom-native-'))
  const nativeBinding = join(folder, 'sqlite.node')
  writeFileSync(nativeBinding, 'made for another machine')
  try {
    expect(() => openDatabase(':memory:', { nativeBinding })).toThrow(
      expect.objectContaining({
        diagnostic: expect.objectContaining({ code: 'store-not-built', fix: expect.stringContaining('`npm ci`') }),
      }),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a compiled part that was never made is told from other errors', () => {
  const bindings = createRequire(createRequire(import.meta.url).resolve('better-sqlite3'))('bindings')
  let missing: unknown
  try {
    bindings({ bindings: 'nothing_of_this_name', module_root: tmpdir() })
  } catch (error) {
    missing = error
  }
  expect(missing).toBeInstanceOf(Error)
  expect(isNotLoaded(missing)).toBe(true)
  expect(isNotLoaded(new Error('database disk image is malformed'))).toBe(false)
})
