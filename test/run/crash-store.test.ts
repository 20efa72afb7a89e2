import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { RunEvent } from '../../engine/contract/event.ts'
import { faultyFiles, systemError } from '../cache/faulty-files.ts'
import { createRig, imbalance, type Rig, type RigRunOptions } from '../helpers/rig.ts'
import { stagedPipeline } from '../helpers/staged-pipeline.ts'

let rig: Rig | undefined
afterEach(() => {
  rig?.close()
  rig = undefined
})

/** Each some ten pages of the index long. */
const texts = Object.fromEntries(
  Array.from({ length: 4 }, (_, i) => [`t${i}`, `word${i} ${`${i} filler `.repeat(4_000)}`]),
)
const large = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.repeat(8)]))

/** A run that ends with a problem: the problem, and what was told before. */
async function troubled(options: RigRunOptions): Promise<{ problem: TaskError; events: readonly RunEvent[] }> {
  const events: RunEvent[] = []
  const told = (event: RunEvent, handle: Parameters<NonNullable<RigRunOptions['onEvent']>>[1]) => {
    events.push(event)
    options.onEvent?.(event, handle)
  }
  const problem: unknown = await rig!.run({ ...options, onEvent: told }).catch((error: unknown) => error)
  if (!(problem instanceof TaskError)) throw new Error(`the run should have ended with a problem: ${String(problem)}`)
  return { problem, events }
}

async function reference(): Promise<{ readonly [file: string]: string }> {
  return (await rig!.run({ cache: 'reference', out: 'reference-out' })).outputs
}

describe('a store that refuses results in the middle of a run', () => {
  it('ends the run with its problem, told once; the next run goes on where it stopped', async () => {
    rig = createRig(stagedPipeline, texts)
    const opened: Database.Database[] = []
    let scans = 0
    const { problem, events } = await troubled({
      store: {
        database: (path, options) => {
          const db = new Database(path, options)
          opened.push(db)
          return db
        },
      },
      onEvent: event => {
        if (event.type !== 'task.done' || event.step !== 'scan' || ++scans !== 3) return
        for (const db of opened) if (db.open) db.pragma('max_page_count = 1')
      },
    })
    expect(problem.diagnostic).toMatchObject({ code: 'disk-full' })
    expect(problem.diagnostic.fix).toMatch(/run the same command again/)
    expect(events.filter(event => event.type === 'task.failed')).toEqual([])
    expect(events.at(-1)).toMatchObject({ type: 'run.finished', status: 'failed' })
    expect(imbalance({ events })).toEqual({})
    const rest = await rig.run()
    expect(rest.finished.status).toBe('done')
    expect(rest.finished.tasks.hit).toBeGreaterThanOrEqual(3)
    expect(rest.outputs).toEqual(await reference())
  })

  it.each([
    ['ENOSPC', 'disk-full'],
    ['EMFILE', 'too-many-files'],
    ['EIO', 'io-failed'],
  ])('for %s of a large value does the same', async (errno, code) => {
    rig = createRig(stagedPipeline, large)
    let writes = 0
    const files = faultyFiles((name, args) => {
      if (name === 'openSync' && String(args[0]).endsWith('.blob') && ++writes > 3) throw systemError(errno)
    })
    const { problem, events } = await troubled({ store: { files } })
    expect(problem.diagnostic.code).toBe(code)
    expect(events.filter(event => event.type === 'task.failed')).toEqual([])
    expect(imbalance({ events })).toEqual({})
    const rest = await rig.run()
    expect(rest.finished.status).toBe('done')
    expect(rest.outputs).toEqual(await reference())
  })

  it('also with keepGoing: nothing could be kept', async () => {
    rig = createRig(stagedPipeline, large)
    let writes = 0
    const files = faultyFiles((name, args) => {
      if (name === 'openSync' && String(args[0]).endsWith('.blob') && ++writes > 2) throw systemError('ENOSPC')
    })
    const { problem } = await troubled({ keepGoing: true, store: { files } })
    expect(problem.diagnostic.code).toBe('disk-full')
  })
})

describe('an index that is lost in the middle of a run', () => {
  const losses: { readonly [how: string]: (path: string) => void } = {
    'overwritten with something else': path => writeFileSync(path, 'x'.repeat(300_000)),
    truncated: path => writeFileSync(path, ''),
    'deleted with its log': path => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    },
    'moved away': path => {
      for (const suffix of ['', '-wal', '-shm']) renameSync(path + suffix, `${path}.moved${suffix}`)
    },
  }

  it.each(Object.keys(losses))('%s costs time, nothing else', async how => {
    rig = createRig(stagedPipeline, texts)
    const expected = await reference()
    let done = 0
    const run = await rig.run({
      set: ['delay=5'],
      onEvent: event => {
        if (event.type === 'task.done' && ++done === 8) losses[how]!(join(rig!.folder, '.maskloom', 'index.db'))
      },
    })
    expect(run.events.filter(event => event.type === 'task.failed' || event.type === 'task.skipped')).toEqual([])
    expect(run.finished.status).toBe('done')
    expect(run.outputs).toEqual(expected)
    expect(imbalance(run)).toEqual({})
    const again = await rig.run()
    expect(again.finished.status).toBe('done')
    expect(again.outputs).toEqual(expected)
  })
})

describe('a clock that jumps', () => {
  it.each([
    ['forward', 48 * 3600_000],
    ['back', -48 * 3600_000],
  ])('%s in the middle of a run changes nothing', async (_, jumpMs) => {
    rig = createRig(stagedPipeline, texts)
    const expected = await reference()
    let done = 0
    const now = () => Date.now() + (done >= 10 ? jumpMs : 0)
    const run = await rig.run({
      store: { now },
      onEvent: event => {
        if (event.type === 'task.done') done++
      },
    })
    expect(run.events.filter(event => event.type === 'task.failed' || event.type === 'task.skipped')).toEqual([])
    expect(run.finished.status).toBe('done')
    expect(run.outputs).toEqual(expected)
    const again = await rig.run({ store: { now } })
    expect(again.executed).toEqual([])
    expect(again.outputs).toEqual(expected)
  })
})
