import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openLeases } from '../../cache/leases.ts'
import { openStore } from '../../cache/open.ts'
import { ownerOf } from '../../cache/owner.ts'
import { DOUBT_MS, EXPIRY_MS } from '../../cache/owners.ts'
import { sha256 } from '../../engine/base/digest.ts'
import { type Compiled, compileStore, ended, messages } from './compiled.ts'

let folder: string
const segment = sha256('segment')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-leases-'))
  openStore(folder).close()
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Gives the lease on item `a` to somebody else. */
function heldBy(owner: { host?: string; boot?: string; pid?: number; start?: string; beatMs: number }): void {
  const { host, boot, pid, start } = { ...ownerOf(process.pid), ...owner }
  const db = new Database(join(folder, 'index.db'))
  db.prepare('INSERT INTO owner VALUES (77, ?, ?, ?, ?, ?)').run(host, boot, pid, start, owner.beatMs)
  db.prepare('INSERT INTO lease VALUES (?, ?, 77, 5)').run(Buffer.from(segment, 'hex'), 'a')
  db.close()
}

const NOW = 1_000_000_000
const named = (...items: string[]) => items.map(item => ({ segment, item }))
/** Each item in a set of its own. */
const each = (...items: string[]) => items.map(item => named(item))

/** Items among a and b that are taken at this time of the clock, after watching for so long. */
function takenAt(nowMs: number, watchedMs = 0): readonly string[] {
  let monotonicMs = 0
  const leases = openLeases(folder, { heartbeat: false, now: () => nowMs, monotonicMs: () => monotonicMs })
  if (watchedMs > 0) leases.take(each('a'))
  monotonicMs = watchedMs
  const { holders } = leases.take(each('a', 'b'))
  leases.close()
  return ['a', 'b'].filter((_, i) => holders[i] === undefined)
}

describe('a lease', () => {
  it('on a free item is given, again to the same process too, and can be given back', () => {
    const leases = openLeases(folder, { heartbeat: false })
    expect(leases.take(each('a', 'b'))).toEqual({ holders: [undefined, undefined], shared: false })
    expect(leases.take(each('b', 'c')).holders).toEqual([undefined, undefined])
    expect(leases.take([[{ segment: sha256('another segment'), item: 'a' }]]).holders).toEqual([undefined])
    leases.release(named('a'))
    leases.take([])
    const db = new Database(join(folder, 'index.db'))
    expect(db.prepare('SELECT item FROM lease ORDER BY item').pluck().all()).toEqual(['a', 'b', 'c'])
    leases.close()
    expect(db.prepare('SELECT count(*) FROM lease').pluck().get()).toBe(0)
    db.close()
  })

  it('that is given back and taken at once is held', () => {
    const leases = openLeases(folder, { heartbeat: false })
    leases.take(each('a'))
    leases.release(named('a'))
    leases.take(each('a'))
    leases.take([])
    const db = new Database(join(folder, 'index.db'))
    expect(db.prepare('SELECT item FROM lease').pluck().all()).toEqual(['a'])
    db.close()
    leases.close()
  })

  it('of a process that died is taken over at once', () => {
    heldBy({ pid: 4_999_999, beatMs: NOW })
    expect(takenAt(NOW)).toEqual(['a', 'b'])
  })

  it('of an earlier process with the same id is taken over at once', () => {
    heldBy({ start: '1', beatMs: NOW })
    expect(ownerOf(process.pid).start === '' ? ['a', 'b'] : takenAt(NOW)).toEqual(['a', 'b'])
  })

  it('of before a reboot is taken over at once', () => {
    heldBy({ boot: '00000001', beatMs: NOW })
    expect(takenAt(NOW)).toEqual(['a', 'b'])
  })

  it('of another container is respected until no life was seen for a while', () => {
    heldBy({ host: '00000001', beatMs: NOW })
    expect(takenAt(NOW, EXPIRY_MS - 1)).toEqual(['b'])
    expect(takenAt(NOW, EXPIRY_MS)).toEqual(['a', 'b'])
  })

  it('of a process that runs but is stuck ends, too', () => {
    heldBy({ ...ownerOf(process.ppid), beatMs: NOW })
    expect(takenAt(NOW, EXPIRY_MS - 1)).toEqual(['b'])
    expect(takenAt(NOW, EXPIRY_MS)).toEqual(['a', 'b'])
  })

  it('does not end because the clock was set forward: a live process has time to show itself', () => {
    heldBy({ ...ownerOf(process.ppid), beatMs: NOW })
    expect(takenAt(NOW + 100 * EXPIRY_MS)).toEqual(['b'])
    expect(takenAt(NOW + 100 * EXPIRY_MS, DOUBT_MS - 1)).toEqual(['b'])
    expect(takenAt(NOW + 100 * EXPIRY_MS, DOUBT_MS)).toEqual(['a', 'b'])
  })

  it('of a stuck process ends although the clock was set back', () => {
    heldBy({ ...ownerOf(process.ppid), beatMs: NOW })
    expect(takenAt(NOW - 100 * EXPIRY_MS, EXPIRY_MS - 1)).toEqual(['b'])
    expect(takenAt(NOW - 100 * EXPIRY_MS, EXPIRY_MS)).toEqual(['a', 'b'])
  })

  it('that is held says by whom and since when', () => {
    heldBy({ host: '00000001', pid: 123, beatMs: NOW })
    const db = new Database(join(folder, 'index.db'))
    db.prepare(
      "INSERT INTO run (id, pipeline, path, started_ms, status, params_json, owner) VALUES ('r', 'p', '/p', 1, 'running', '{}', 77)",
    ).run()
    db.close()
    const leases = openLeases(folder, { heartbeat: false, now: () => NOW })
    expect(leases.take(each('a'))).toEqual({ holders: [{ processId: 123, runId: 'r', sinceMs: 5 }], shared: true })
    leases.close()
  })

  it('is taken for all names of a set or for none', () => {
    heldBy({ host: '00000001', beatMs: NOW })
    const leases = openLeases(folder, { heartbeat: false, now: () => NOW })
    const { holders } = leases.take([named('x', 'a', 'y'), named('z')])
    expect(holders.map(holder => holder !== undefined)).toEqual([true, false])
    const db = new Database(join(folder, 'index.db'))
    expect(db.prepare('SELECT item FROM lease WHERE owner <> 77').pluck().all()).toEqual(['z'])
    db.close()
    leases.close()
  })

  it('that the store cannot record is given all the same: the commit that follows will say what is wrong', () => {
    const leases = openLeases(folder, { heartbeat: false })
    const db = new Database(join(folder, 'index.db'))
    db.exec("CREATE TRIGGER full BEFORE INSERT ON lease BEGIN SELECT RAISE(ABORT, 'no'); END")
    db.close()
    expect(leases.take(each('a', 'b'))).toEqual({ holders: [undefined, undefined], shared: true })
    leases.close()
  })
})

describe('between processes', () => {
  let compiled: Compiled

  beforeAll(() => {
    compiled = compileStore()
  })

  afterAll(() => compiled.remove())

  /** Takes items one after the other and computes what it gets; items that others hold come again at the end. */
  const RUNNER = `
import { appendFileSync } from 'node:fs'
import { openLeases } from './cache/leases.js'
import { openStore } from './cache/open.js'
import { recordDigest, sha256 } from './engine/base/digest.js'
const [folder, log, count] = process.argv.slice(2)
const store = openStore(folder)
const leases = openLeases(folder)
const segment = sha256('segment')
const keyOf = item => recordDigest('test.key', item)
let waiting = Array.from({ length: Number(count) }, (_, i) => String(i))
while (waiting.length > 0) {
  const later = []
  for (const item of waiting) {
    if (store.task(keyOf(item)) !== undefined) continue
    if (leases.take([[{ segment, item }]]).holders[0] !== undefined) { later.push(item); continue }
    if (store.task(keyOf(item)) === undefined) {
      appendFileSync(log, item + '\\n')
      const bytes = Buffer.from(item)
      const digest = sha256(bytes)
      store.commit([{ key: keyOf(item), recipe: digest, outputs: { out: digest }, durationMs: 1,
        blobs: [{ digest, sizeBytes: bytes.byteLength, content: bytes }] }])
    }
    leases.release([{ segment, item }])
  }
  waiting = later
}
leases.close()
store.close()
`

  it('no item is computed twice', async () => {
    const log = join(folder, 'log')
    const children = Array.from({ length: 3 }, () => compiled.start(RUNNER, [folder, log, '200']))
    expect((await Promise.all(children.map(ended))).map(({ code }) => code)).toEqual([0, 0, 0])
    const computed = readFileSync(log, 'utf8').trim().split('\n')
    expect(computed).toHaveLength(200)
    expect(new Set(computed).size).toBe(200)
  })

  it('the leases of a killed process are free at once', async () => {
    const child = compiled.start(
      `import { openLeases } from './cache/leases.js'
       const leases = openLeases(process.argv[2])
       leases.take([[{ segment: process.argv[3], item: 'a' }]])
       process.send('taken')
       setInterval(() => {}, 1000)`,
      [folder, segment],
    )
    const end = ended(child)
    await messages(child, 1)
    const leases = openLeases(folder, { heartbeat: false })
    expect(leases.take(each('a')).holders.map(holder => holder?.processId)).toEqual([child.pid])
    child.kill('SIGKILL')
    await end
    expect(leases.take(each('a')).holders).toEqual([undefined])
    leases.close()
  })

  it('a process whose main thread is busy still shows that it lives', async () => {
    const child = compiled.start(
      `import { openLeases } from './cache/leases.js'
       import Database from 'better-sqlite3'
       const leases = openLeases(process.argv[2], { now: () => 5 })
       leases.take([[{ segment: process.argv[3], item: 'a' }]])
       const db = new Database(process.argv[2] + '/index.db')
       const beat = db.prepare('SELECT max(beat_ms) FROM owner').pluck()
       // Never returns to the event loop until the heartbeat has been seen.
       const giveUpMs = Date.now() + 30_000
       while (beat.get() === 5 && Date.now() < giveUpMs);
       process.send(beat.get())
       leases.close()`,
      [folder, segment],
    )
    const end = ended(child)
    expect(await messages(child, 1)).toBeGreaterThan(Date.now() - 60_000)
    expect((await end).code).toBe(0)
  })
})
