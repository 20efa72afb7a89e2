import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { RunEvent } from '../../engine/contract/event.ts'
import { createRig, doneTasks, imbalance, type Rig, type RigRun } from '../helpers/rig.ts'

let rig: Rig
afterEach(() => rig.close())

const noTasks = { hit: 0, done: 0, rebuilt: 0, failed: 0, skipped: 0 }

/** Fails for texts with "bad"; what collects comes in both kinds. */
const pipeline = `maskloom: 1
name: failing
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  sound: { uses: fake/fail, with: { word: bad }, in: { texts: texts.texts } }
  loud: { uses: fake/io-upper, in: { texts: sound.text } }
  all: { uses: fake/collect, in: { texts: loud.text } }
  rest: { uses: fake/collect-rest, in: { texts: loud.text } }
outputs: { loud: loud.text, all: all.text, rest: rest.text }
`
const oneBad = { p: 'pear', q: 'quince bad', r: 'rowan' }

function failures(run: RigRun): readonly string[] {
  return run.events.flatMap(event =>
    event.type === 'task.failed' ? [`${event.address} ${event.item}: ${event.problem.message}`] : [],
  )
}

function skips(run: RigRun): readonly string[] {
  return run.events.flatMap(event =>
    event.type === 'task.skipped' ? [`${event.step} ${event.tasks}: ${event.reason}`] : [],
  )
}

describe('a task that fails', () => {
  it('stops the run, without keepGoing, and leaves outputs alone', async () => {
    rig = createRig(pipeline, oneBad)
    const run = await rig.run()
    expect(run.finished.status).toBe('failed')
    expect(failures(run)).toEqual(['sound q: found the word bad'])
    expect(run.outputs).toEqual({})
    expect(run.finished.outputs).toEqual({})
    expect(imbalance(run)).toEqual({})
  })

  it('lets everything finish that does not depend on it, with keepGoing', async () => {
    rig = createRig(pipeline, oneBad)
    const run = await rig.run({ keepGoing: true })
    expect(run.finished.status).toBe('failed')
    expect(failures(run)).toEqual(['sound q: found the word bad'])
    expect(skips(run)).toEqual(['loud 1: an input failed', 'all 1: 1 item it needs failed'])
    expect(doneTasks(run)).toEqual(['loud p', 'loud r', 'rest', 'sound p', 'sound r', 'texts p', 'texts q', 'texts r'])
    expect(run.finished.tasks).toEqual({ ...noTasks, done: 8, failed: 1, skipped: 2 })
    expect(imbalance(run)).toEqual({})
  })

  it('gives a collection node that accepts it the items there are, and the names of the others', async () => {
    rig = createRig(pipeline, oneBad)
    const run = await rig.run({ keepGoing: true })
    expect(run.outputs).toEqual({ 'rest.txt': '\np: PEAR\nr: ROWAN\nfailed: q' })
    expect(Object.keys(run.finished.outputs)).toEqual(['rest'])
  })

  it('is not cached: it fails again, and only it runs', async () => {
    rig = createRig(pipeline, oneBad)
    await rig.run({ keepGoing: true })
    const again = await rig.run({ keepGoing: true })
    expect(again.executed).toEqual(['fail quince'])
    expect(again.finished.tasks).toEqual({ ...noTasks, hit: 8, failed: 1, skipped: 2 })
    expect(imbalance(again)).toEqual({})
  })

  it('runs with what follows once its cause is gone', async () => {
    rig = createRig(pipeline, oneBad)
    await rig.run({ keepGoing: true })
    rig.write('texts/q.txt', 'quince good')
    const mended = await rig.run()
    expect(mended.finished.status).toBe('done')
    expect(doneTasks(mended)).toEqual(['all', 'loud q', 'rest', 'sound q', 'texts q'])
    expect(mended.outputs['all.txt']).toBe('\np: PEAR\nq: QUINCE GOOD\nr: ROWAN')
    expect(imbalance(mended)).toEqual({})
  })

  it('says which fix was suggested, and where a bug of a node is', async () => {
    rig = createRig(
      `maskloom: 1
name: bugs
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  sound: { uses: fake/fail, with: { word: bad }, in: { texts: texts.texts } }
  bug: { uses: fake/bug, in: { texts: texts.texts } }
outputs: { sound: sound.text, bug: bug.text }
`,
      { p: 'bad' },
    )
    const run = await rig.run({ keepGoing: true })
    const problems = run.events.flatMap(event => (event.type === 'task.failed' ? [event.problem] : []))
    problems.sort((a, b) => (a.code < b.code ? -1 : 1))
    expect(problems[0]).toEqual({ code: 'bad-value', message: 'found the word bad', fix: 'take it out' })
    expect(problems[1]).toMatchObject({ code: 'node-error', message: 'index out of range' })
    expect(problems[1]?.notes?.[0]?.message).toMatch(/fake-nodes\.mjs/)
  })
})

describe('a failure inside a segment', () => {
  const segment = `maskloom: 1
name: segment
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  scan:
    uses: fake/scan
    matrix: { model: [a, b, c] }
    with: { model: "\${matrix.model}" }
    in: { texts: texts.texts }
  sound: { uses: fake/fail, matrix: scan, with: { word: "b:qb" }, in: { texts: scan.outline } }
  pooled: { uses: fake/fold, over: [model], in: { texts: sound.text } }
  read: { uses: fake/read-map, matrix: scan, in: { map: scan.map, hint: pooled.text } }
  merged: { uses: fake/fold, over: [model], in: { texts: read.text } }
outputs: { merged: merged.text }
`

  it('ends every task of its item in one event, and no other item suffers', async () => {
    rig = createRig(segment, { p: 'pear', q: 'quince bad' })
    const run = await rig.run({ keepGoing: true })
    expect(failures(run)).toEqual(['sound[model=b] q: found the word b:qb'])
    expect(doneTasks(run).filter(line => line.endsWith(' p'))).toHaveLength(12)
    expect(imbalance(run)).toEqual({})
    const total = Object.values(run.finished.tasks).reduce((sum, count) => sum + count, 0)
    expect(total).toBe(2 * 12)
  })

  it('counts what was done before the failure as known the next time', async () => {
    rig = createRig(segment, { q: 'quince bad' })
    const first = await rig.run({ keepGoing: true })
    const done = doneTasks(first)
    const second = await rig.run({ keepGoing: true })
    expect(doneTasks(second).filter(line => !line.endsWith('rebuilt'))).toEqual([])
    expect(second.finished.tasks.hit).toBe(done.length)
    expect(imbalance(second)).toEqual({})
  })
})

describe('a step that fails as a whole', () => {
  it('skips what needs it', async () => {
    rig = createRig(
      `maskloom: 1
name: ids
steps:
  lines: { uses: fake/lines, with: { path: list.txt } }
  loud: { uses: fake/io-upper, in: { texts: lines.texts } }
  all: { uses: fake/collect-rest, in: { texts: loud.text } }
outputs: { all: all.text }
`,
    )
    rig.write('list.txt', 'a one\nb two\na three\n')
    const run = await rig.run({ keepGoing: true })
    expect(failures(run)).toEqual(['lines undefined: item id "a" of `lines` is there twice'])
    expect([...skips(run)].sort()).toEqual(['all 1: a step it needs failed', 'loud 1: a step it needs failed'])
    expect(run.finished).toMatchObject({ status: 'failed', outputs: {} })
    expect(imbalance(run)).toEqual({})
  })
})

describe('a worker that dies', () => {
  const crashing = (once: string) => `maskloom: 1
name: crashing
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  scan: { uses: fake/scan, in: { texts: texts.texts } }
  read: { uses: fake/read-map, in: { map: scan.map } }
  crash: { uses: fake/crash, with: { word: bad, once: "${once}" }, in: { texts: read.text } }
outputs: { crash: crash.text }
`

  it('costs one attempt: its units are tried again on a new one', async () => {
    rig = createRig('', oneBad)
    rig.write('pipeline.yaml', crashing(join(rig.folder, 'once')))
    const run = await rig.run()
    expect(run.finished.status).toBe('done')
    expect(Object.keys(run.outputs)).toEqual(['crash/p.txt', 'crash/q.txt', 'crash/r.txt'])
    expect(imbalance(run)).toEqual({})
  })

  it('fails the item that kills it every time, and only that', async () => {
    rig = createRig(crashing(''), oneBad)
    const run = await rig.run({ keepGoing: true, attempts: 3 })
    expect(run.finished.status).toBe('failed')
    const failed = run.events.filter(
      (event): event is RunEvent & { type: 'task.failed' } => event.type === 'task.failed',
    )
    expect(failed.map(event => event.item)).toEqual(['q'])
    expect(failed[0]?.problem).toMatchObject({
      code: 'worker-crash',
      message: '3 workers died on it; the last one was killed from outside, most likely for lack of memory (SIGKILL)',
    })
    expect(imbalance(run)).toEqual({})
  })
})
