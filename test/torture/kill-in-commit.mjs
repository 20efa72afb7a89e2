import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { isMainThread, Worker } from 'node:worker_threads'

/**
 * Loaded before the program (`node --import`): kills the process at the nth step by which the store changes the disk.
 * A step is a call that writes, syncs, renames or removes a file of the cache, or the end of a transaction of the index.
 * TORTURE_STEP: n. TORTURE_HOW: `before` or `after` the step, or `during`: a write stops half-way, a commit is hit at a
 * random moment from another thread. TORTURE_COUNT: a file that gets the number of steps of a run that ends.
 */
const { TORTURE_STEP, TORTURE_HOW, TORTURE_COUNT } = process.env
const changing = ['writeSync', 'fsyncSync', 'renameSync', 'unlinkSync']

if (isMainThread && process.send === undefined) arm(Number(TORTURE_STEP ?? Number.POSITIVE_INFINITY), TORTURE_HOW)

function arm(at, how) {
  let steps = 0
  const die = () => process.kill(process.pid, 'SIGKILL')
  const killer = how === 'during' ? startKiller() : undefined

  for (const name of changing) {
    const real = fs[name]
    fs[name] = (...args) => {
      // The screen and the journal are no part of the store.
      if (!isOfCache(args)) return real(...args)
      const isLast = ++steps === at
      if (isLast && how === 'during' && name === 'writeSync') {
        real(args[0], args[1].subarray(0, Math.floor(args[1].byteLength / 2)))
        die()
      }
      if (isLast && how === 'before') die()
      const result = real(...args)
      if (isLast) die()
      return result
    }
  }
  syncBuiltinESMExports()

  const Database = createRequire(import.meta.url)('better-sqlite3')
  const { prepare } = Database.prototype
  Database.prototype.prepare = function (text) {
    const statement = prepare.call(this, text)
    if (text !== 'COMMIT') return statement
    return {
      run: () => {
        const isLast = ++steps === at
        if (isLast && how === 'before') die()
        if (isLast && how === 'during') killer()
        const result = statement.run()
        if (isLast && how !== 'during') die()
        return result
      },
    }
  }
  process.on('exit', () => {
    if (TORTURE_COUNT !== undefined) fs.writeFileSync(TORTURE_COUNT, `${steps}`)
  })
}

function isOfCache([first]) {
  const path = typeof first === 'string' ? first : pathOf(first)
  return path.includes('/.maskloom/') && !path.endsWith('.jsonl')
}

/** A descriptor's file; descriptors are used again, so nothing is remembered. */
function pathOf(fd) {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

/** A thread that kills the process up to half a millisecond after it was told to. */
function startKiller() {
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const source = `
    const { workerData: flag } = require('node:worker_threads')
    Atomics.wait(flag, 0, 0)
    const until = performance.now() + Math.random() * 0.5
    while (performance.now() < until);
    process.kill(process.pid, 'SIGKILL')
  `
  new Worker(source, { eval: true, workerData: flag }).unref()
  return () => {
    Atomics.store(flag, 0, 1)
    Atomics.notify(flag, 0)
  }
}
