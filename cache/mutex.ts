import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { errorCode } from './files.ts'
import { openDatabase } from './native.ts'
import { isBusy, isDamage } from './problem.ts'

/** A database salvage can take a while; the others wait for it rather than fail. */
const WAIT_MS = 10 * 60_000

/**
 * Runs `action` while no other process runs one in the same folder. The lock is SQLite's lock on an empty database
 * file: the system releases it when the process dies, however it dies, so it never has to be removed by hand.
 */
export function exclusively<T>(directory: string, action: () => T): T {
  const path = join(directory, 'open.lock')
  const db = lock(path)
  try {
    return action()
  } finally {
    db.exec('ROLLBACK')
    db.close()
  }
}

function lock(path: string): Database.Database {
  const db = openDatabase(path, { timeout: WAIT_MS })
  try {
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db.close()
    const code = errorCode(error)
    if (isBusy(code) || !isDamage(code)) throw error
    // Somebody wrote into the file, which is always empty.
    truncateSync(path)
    return lock(path)
  }
}
