import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { decodeManifest } from '../../engine/base/manifest.ts'
import { createRig, doneTasks, imbalance, type Rig, type RigRun } from '../helpers/rig.ts'
import { stagedPipeline, threeTexts } from '../helpers/staged-pipeline.ts'

let rig: Rig
afterEach(() => rig.close())

const noTasks = { hit: 0, done: 0, rebuilt: 0, failed: 0, skipped: 0 }

function remarks(run: RigRun): readonly string[] {
  return run.events.flatMap(event => (event.type === 'remark' ? [event.message] : []))
}

/** Forgets the bytes of a text that some task made; the row that names it stays. */
function lose(text: string): void {
  rig.withStore(store => {
    const digest = sha256(new TextEncoder().encode(text))
    if (store.read(digest) === undefined) throw new Error(`the test wants to lose ${text}, which is not there`)
    store.drop(digest)
  })
}

describe('a value that is gone from the cache', () => {
  it('is made again in the same run when a step needs it', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    const first = await rig.run()
    lose(first.outputs['loud/q.txt'] as string)
    const run = await rig.run({ set: ['title=new'], targets: ['all'] })
    expect(run.finished.status).toBe('done')
    expect(remarks(run)).toEqual(['loud.text was lost from the cache and is made again'])
    expect(doneTasks(run)).toEqual(['all', 'loud q rebuilt'])
    expect(run.outputs['all.txt']).toBe((first.outputs['all.txt'] as string).replace('all\n', 'new\n'))
    expect(run.finished.tasks).toEqual({ ...noTasks, hit: 23, done: 1, rebuilt: 1 })
    expect(imbalance(run)).toEqual({})
  })

  it('is made again when it is an output that is to be delivered', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    const first = await rig.run()
    lose(first.outputs['loud/q.txt'] as string)
    lose(first.outputs['all.txt'] as string)
    rig.remove('out')
    const run = await rig.run()
    expect(run.outputs).toEqual(first.outputs)
    expect(doneTasks(run)).toEqual(['all rebuilt', 'loud q rebuilt'])
    expect(imbalance(run)).toEqual({})
  })

  it('is not made again when nobody needs it', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    const first = await rig.run()
    lose(first.outputs['loud/q.txt'] as string)
    const run = await rig.run({ set: ['title=new'], targets: ['all.text'], out: 'other' })
    expect(run.finished.status).toBe('done')
    const again = await rig.run({ targets: ['merged.text'], out: 'third' })
    expect(again.executed).toEqual([])
  })

  it('is made again with everything before it that is gone too, transient values included', async () => {
    rig = createRig(stagedPipeline, { p: threeTexts.p })
    const first = await rig.run()
    const merged = await rig.run({ targets: ['merged.text'], out: 'merged' })
    lose(first.outputs['loud/p.txt'] as string)
    lose(merged.outputs['merged.text/p.txt'] as string)
    const run = await rig.run({ set: ['title=new'] })
    expect(run.outputs['all.txt']).toBe((first.outputs['all.txt'] as string).replace('all\n', 'new\n'))
    expect(doneTasks(run)).toEqual(['all', 'loud p rebuilt', 'merged p rebuilt'])
    expect(imbalance(run)).toEqual({})
  })

  it('is made again inside a segment by whoever made it', async () => {
    rig = createRig(stagedPipeline, { p: threeTexts.p })
    await rig.run()
    lose('a:pt1')
    lose('1*a:pt1+1*b:pt1')
    const run = await rig.run({ set: ['mark=>'] })
    expect(run.finished.status).toBe('done')
    expect(doneTasks(run)).toEqual([
      'all',
      'loud p',
      'merged p',
      'pooled p rebuilt',
      'read[model=a] p',
      'read[model=b] p',
      'scan[model=a] p rebuilt',
      'scan[model=b] p rebuilt',
    ])
    expect(imbalance(run)).toEqual({})
  })

  it('is made again when it is the list behind a group', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    const first = await rig.run()
    rig.withStore(store => {
      const record = store.runs.lastCell(join(rig.folder, 'pipeline.yaml'), 'loud')
      const digest = record?.outputs['text'] as string
      expect(decodeManifest(store.read(digest) as Uint8Array).ids).toEqual(['p', 'q', 'r'])
      store.drop(digest)
    })
    const run = await rig.run({ set: ['title=new'] })
    expect(run.outputs['loud/p.txt']).toBe(first.outputs['loud/p.txt'])
    expect(doneTasks(run)).toEqual(['all'])
    expect(imbalance(run)).toEqual({})
  })

  it('is made again when it is an item of a step that makes items', async () => {
    rig = createRig(
      `maskloom: 1
name: lines
params: { suffix: { type: string, default: "" } }
steps:
  lines: { uses: fake/lines, with: { path: list.txt } }
  loud: { uses: fake/upper, with: { suffix: "\${params.suffix}" }, in: { texts: lines.texts } }
outputs: { loud: loud.text }
`,
    )
    rig.write('list.txt', 'a one\nb two\n')
    await rig.run()
    lose('two')
    const run = await rig.run({ set: ['suffix=!'] })
    expect(run.finished.status).toBe('done')
    expect(run.outputs).toEqual({ 'loud/a.txt': 'ONE!', 'loud/b.txt': 'TWO!' })
    expect(doneTasks(run)).toEqual(['lines rebuilt', 'loud a', 'loud b'])
    expect(imbalance(run)).toEqual({})
  })

  it('says which node is not deterministic, and gives up, when what comes out is another value', async () => {
    rig = createRig(
      `maskloom: 1
name: random
params: { suffix: { type: string, default: "" } }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  random: { uses: fake/random, in: { texts: texts.texts } }
  loud: { uses: fake/io-upper, with: { suffix: "\${params.suffix}" }, in: { texts: random.text } }
outputs: { random: random.text, loud: loud.text }
`,
      { p: 'pear' },
    )
    const first = await rig.run()
    lose(first.outputs['random/p.txt'] as string)
    const run = await rig.run({ set: ['suffix=!'] })
    expect(run.finished.status).toBe('failed')
    expect(remarks(run)).toContain('random is not deterministic: text came out different for the same key')
    const problem = run.events.find(event => event.type === 'task.failed')?.problem
    expect(problem?.message).toBe(
      'random.text of p is lost from the cache, and what comes out when it is made again is another value',
    )
    expect(imbalance(run)).toEqual({})
  })

  it('is made once when several steps miss it', async () => {
    rig = createRig(
      `maskloom: 1
name: shared
params: { suffix: { type: string, default: "" } }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  base: { uses: fake/upper, in: { texts: texts.texts } }
  one: { uses: fake/io-upper, with: { suffix: "1\${params.suffix}" }, in: { texts: base.text } }
  two: { uses: fake/io-upper, with: { suffix: "2\${params.suffix}" }, in: { texts: base.text } }
  three: { uses: fake/io-upper, with: { suffix: "3\${params.suffix}" }, in: { texts: base.text } }
outputs: { one: one.text, two: two.text, three: three.text }
`,
      { p: 'pear' },
    )
    await rig.run()
    lose('PEAR')
    const run = await rig.run({ set: ['suffix=!'], threads: 3 })
    expect(run.finished.status).toBe('done')
    expect(run.executed.filter(line => line.startsWith('upper'))).toEqual(['upper pear'])
    expect(imbalance(run)).toEqual({})
  })

  it('names the cause when it cannot be made again', async () => {
    const pipeline = `maskloom: 1
name: barred
params: { suffix: { type: string, default: "" } }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  barred: { uses: fake/barred, with: { barrier: "BARRIER" }, in: { texts: texts.texts } }
  loud: { uses: fake/io-upper, with: { suffix: "\${params.suffix}" }, in: { texts: barred.text } }
outputs: { loud: loud.text }
`
    rig = createRig(pipeline, { p: 'pear', q: 'quince' })
    rig.write('pipeline.yaml', pipeline.replace('BARRIER', join(rig.folder, 'barrier')))
    await rig.run()
    rig.write('barrier', '')
    lose('past pear')
    const run = await rig.run({ set: ['suffix=!'], keepGoing: true })
    expect(run.finished.status).toBe('failed')
    expect(run.events.find(event => event.type === 'task.failed')).toMatchObject({
      step: 'loud',
      item: 'p',
      problem: {
        code: 'bad-value',
        message: 'barred.text was lost from the cache and cannot be made again: the barrier is down',
      },
    })
    expect(doneTasks(run)).toEqual(['loud q'])
    expect(imbalance(run)).toEqual({})
  })
})

describe('a damaged file in the cache', () => {
  it('is noticed, and its value made again', async () => {
    const long = 'pear '.repeat(100_000)
    rig = createRig(stagedPipeline, { p: long })
    const first = await rig.run()
    const objects = join(rig.folder, '.maskloom', 'objects')
    const files = readdirSync(objects, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) writeFileSync(join(file.parentPath, file.name), 'damaged')
    rig.remove('out')
    const run = await rig.run({ set: ['title=new'] })
    expect(run.finished.status).toBe('done')
    expect(run.outputs['loud/p.txt']).toBe(first.outputs['loud/p.txt'])
    expect(imbalance(run)).toEqual({})
  })
})
