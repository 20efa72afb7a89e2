import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { createRig, imbalance, type Rig, type RigRun } from '../helpers/rig.ts'
import { stagedPipeline } from '../helpers/staged-pipeline.ts'

/**
 * A cache with a past: texts come, change and go, parameters change back and forth, values are lost, steps forced, runs
 * stopped. After every change the result must be that of a first run in an empty cache.
 */
let rig: Rig
afterEach(() => rig.close())

/** Small repeatable random numbers: a whole number below `limit`. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed
  return limit => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

const words = ['pear', 'quince', 'rowan', 'sorb', 'tayberry', 'ugli']

describe('a cache with a past', () => {
  it.each([1, 2])('gives what an empty one gives, after every change (history %i)', async seed => {
    const random = randomNumbers(seed)
    const texts = new Map<string, string>()
    const settings = { separator: '+', mark: '', suffix: '!', models: 'a, b' }
    const pick = <T>(list: readonly T[]): T => list[random(list.length)]!
    rig = createRig(stagedPipeline)
    const write = (id: string) => {
      const text = `${pick(words)} ${pick(words)} ${random(3)}`
      texts.set(id, text)
      rig.write(`texts/${id}.txt`, text)
    }
    for (const id of ['a', 'b', 'c']) write(id)

    const changes: { readonly [name: string]: () => void } = {
      text: () => write(pick([...texts.keys()])),
      add: () => write(pick(['d', 'e', 'f', 'g'])),
      remove: () => {
        if (texts.size < 2) return
        const id = pick([...texts.keys()])
        texts.delete(id)
        rig.remove(`texts/${id}.txt`)
      },
      separator: () => Object.assign(settings, { separator: pick(['+', '-', '/']) }),
      mark: () => Object.assign(settings, { mark: pick(['', '>', '<']) }),
      suffix: () => Object.assign(settings, { suffix: pick(['!', '?']) }),
      models: () => Object.assign(settings, { models: pick(['a, b', 'b, a', 'a', 'a, b, c']) }),
      lose: () => loseSome(random),
      out: () => rmSync(join(rig.folder, 'out'), { recursive: true, force: true }),
    }
    for (let round = 0; round < 14; round++) {
      const names = [pick(Object.keys(changes)), pick(Object.keys(changes))]
      for (const name of names) changes[name]!()
      const set = Object.entries(settings).map(([name, value]) => `${name}=${name === 'models' ? `[${value}]` : value}`)
      const forced = random(5) === 0 ? [pick(['texts', 'scan', 'pooled', 'read', 'merged', 'loud', 'all'])] : []
      if (random(4) === 0) await stopEarly(set, random(6))
      // What an earlier run delivered for texts that are gone is not looked at.
      rmSync(join(rig.folder, 'out'), { recursive: true, force: true })
      const warm = await rig.run({ set, forced, slots: 1 + random(2) })
      const cold = await rig.run({ set, cache: `cold-${round}`, out: `cold-out-${round}` })
      expect([round, names, warm.finished.status]).toEqual([round, names, 'done'])
      expect(warm.outputs, `${round}: ${names}`).toEqual(cold.outputs)
      expect(imbalance(warm)).toEqual({})
      expect(imbalance(cold)).toEqual({})
    }
  })
})

async function stopEarly(set: readonly string[], after: number): Promise<RigRun> {
  let done = 0
  return rig.run({
    set,
    onEvent: (event, handle) => {
      if (event.type === 'task.done' && ++done === after + 1) handle.stop('history', 'stopped')
    },
  })
}

/** Forgets the bytes of about a third of all values, whatever they are. */
function loseSome(random: (limit: number) => number): void {
  const path = join(rig.folder, '.maskloom', 'index.db')
  if (!existsSync(path)) return
  const db = new Database(path, { readonly: true })
  const digests = db
    .prepare<[], { digest: Buffer }>('SELECT digest FROM blob ORDER BY digest')
    .all()
    .map(row => row.digest.toString('hex'))
  db.close()
  rig.withStore(store => {
    for (const digest of digests) if (random(3) === 0) store.drop(digest)
  })
}
