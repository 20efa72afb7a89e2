import { workerData } from 'node:worker_threads'
import { openDatabase } from './native.ts'
import { HEARTBEAT_MS, signOfLife } from './owners.ts'

/**
 * Body of the heartbeat thread: shows that this process lives, also while its main thread is busy. A connection per
 * beat: it is a millisecond every few seconds, and follows when the index is replaced. A beat that fails is made up for
 * by the next one.
 */
const { path } = workerData as { path: string }

function beat(): void {
  try {
    const db = openDatabase(path, { fileMustExist: true, timeout: HEARTBEAT_MS })
    try {
      signOfLife(db, Date.now())
    } finally {
      db.close()
    }
  } catch {
    // The index is being replaced, or the disk is full.
  }
}

beat()
setInterval(beat, HEARTBEAT_MS)
