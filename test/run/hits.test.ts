import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createRig, doneTasks, imbalance, type Rig } from '../helpers/rig.ts'
import { stagedPipeline, threeTexts } from '../helpers/staged-pipeline.ts'

let rig: Rig
afterEach(() => rig.close())

const noTasks = { hit: 0, done: 0, rebuilt: 0, failed: 0, skipped: 0 }

describe('what is known is not computed again', () => {
  it('runs nothing the second time, and delivers nothing twice', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    const first = await rig.run()
    expect(first.finished).toMatchObject({ status: 'done', inferences: 6, tasks: { ...noTasks, done: 25 } })
    expect(imbalance(first)).toEqual({})
    const second = await rig.run()
    expect(second.finished).toMatchObject({ status: 'done', inferences: 0, tasks: { ...noTasks, hit: 25 } })
    expect(second.executed).toEqual([])
    expect(second.outputs).toEqual(first.outputs)
    expect(second.events.filter(event => event.type === 'output.delivered').map(event => event.unchanged)).toEqual([
      true,
      true,
    ])
    expect(imbalance(second)).toEqual({})
  })

  it('finds whole groups again after a run in which single items changed', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    rig.write('texts/p.txt', 'pear tree 4')
    await rig.run()
    const third = await rig.run()
    const hits = third.events.filter(event => event.type === 'task.hits')
    expect(third.finished.tasks).toEqual({ ...noTasks, hit: 25 })
    // One for each step, not for each item.
    expect(hits).toHaveLength(7)
  })

  it('runs only what follows a changed parameter', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    const changed = await rig.run({ set: ['suffix=?'] })
    expect(doneTasks(changed)).toEqual(['all', 'loud p', 'loud q', 'loud r'])
    expect(changed.finished).toMatchObject({ inferences: 0, tasks: { ...noTasks, hit: 21, done: 4 } })
    expect(changed.outputs['loud/p.txt']).toMatch(/\?$/)
  })

  it('finds results of an earlier setting when it is set back', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    const first = await rig.run()
    await rig.run({ set: ['suffix=?'] })
    const back = await rig.run()
    expect(back.finished.tasks).toEqual({ ...noTasks, hit: 25 })
    expect(back.outputs).toEqual(first.outputs)
  })

  it('does not run a step whose inputs came out as before, although what made them is new', async () => {
    const pipeline = (unused: string) => `maskloom: 1
name: cut
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  digit: { uses: fake/has-digit, with: { unused: "${unused}" }, in: { texts: texts.texts } }
  loud: { uses: fake/io-upper, in: { texts: digit.text } }
  all: { uses: fake/collect, in: { texts: loud.text } }
outputs: { all: all.text }
`
    rig = createRig(pipeline('a'), threeTexts)
    await rig.run()
    rig.write('pipeline.yaml', pipeline('b'))
    const changed = await rig.run()
    expect(doneTasks(changed)).toEqual(['digit p', 'digit q', 'digit r'])
    expect(changed.executed).toEqual(['has-digit pear', 'has-digit quince', 'has-digit rowan'])
    expect(changed.finished.tasks).toEqual({ ...noTasks, hit: 7, done: 3 })
    expect(imbalance(changed)).toEqual({})
  })

  it('cuts off inside a segment as well', async () => {
    const pipeline = (unused: string) => `maskloom: 1
name: cut
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  scan: { uses: fake/scan, in: { texts: texts.texts } }
  digit: { uses: fake/has-digit, with: { unused: "${unused}" }, in: { texts: scan.outline } }
  read: { uses: fake/read-map, in: { map: scan.map, hint: digit.text } }
outputs: { read: read.text }
`
    rig = createRig(pipeline('a'), threeTexts)
    await rig.run()
    rig.write('pipeline.yaml', pipeline('b'))
    const changed = await rig.run()
    expect(doneTasks(changed)).toEqual(['digit p', 'digit q', 'digit r'])
    expect(changed.finished).toMatchObject({ inferences: 0, tasks: { ...noTasks, hit: 9, done: 3 } })
    expect(imbalance(changed)).toEqual({})
  })
})

describe('source files', () => {
  it('runs nothing when files are only touched', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    for (const name of Object.keys(threeTexts)) utimesSync(join(rig.folder, `texts/${name}.txt`), 1e9, 1e9)
    const touched = await rig.run()
    expect(touched.executed).toEqual([])
    expect(touched.finished.tasks).toEqual({ ...noTasks, hit: 25 })
  })

  it('runs exactly the tasks of a file that was replaced', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    rig.write('texts/q.txt', 'quail nest 9')
    const replaced = await rig.run()
    expect(doneTasks(replaced)).toEqual([
      'all',
      'loud q',
      'merged q',
      'pooled q',
      'read[model=a] q',
      'read[model=b] q',
      'scan[model=a] q',
      'scan[model=b] q',
      'texts q',
    ])
    expect(replaced.executed).toEqual([
      'collect 3',
      'fold a:qn9,b:qn9',
      'fold a:quail,b:quail',
      'io-upper 1*a:quail',
      'read-map  a:quail',
      'read-map  b:quail',
      'scan a quail map+outline',
      'scan b quail map+outline',
      'texts quail',
    ])
    expect(replaced.finished).toMatchObject({ inferences: 2, tasks: { ...noTasks, hit: 16, done: 9 } })
    expect(imbalance(replaced)).toEqual({})
  })

  it('runs only the new file, and what needs all, when one is added', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    rig.write('texts/s.txt', 'sorb wood 4')
    const added = await rig.run()
    expect(added.finished).toMatchObject({ inferences: 2, tasks: { ...noTasks, hit: 24, done: 9 } })
    expect(added.outputs['all.txt']?.split('\n')).toHaveLength(5)
  })

  it('runs only what needs all when one is removed', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    rig.remove('texts/q.txt')
    const removed = await rig.run()
    expect(doneTasks(removed)).toEqual(['all'])
    expect(removed.outputs['all.txt']).not.toContain('q:')
  })

  it('does not compute a renamed file again', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    rig.remove('texts/q.txt')
    rig.write('texts/z.txt', threeTexts.q)
    const renamed = await rig.run()
    expect(doneTasks(renamed)).toEqual(['all'])
    expect(renamed.outputs['all.txt']).toContain('\nz: ')
  })

  it('computes two files with the same bytes once, if they come one after the other', async () => {
    rig = createRig(stagedPipeline, { p: threeTexts.p })
    await rig.run()
    rig.write('texts/twin.txt', threeTexts.p)
    const twins = await rig.run()
    expect(doneTasks(twins)).toEqual(['all'])
    expect(twins.outputs['loud/twin.txt']).toBe(twins.outputs['loud/p.txt'])
  })

  it('gives a node that asks for the item’s id another key for every id', async () => {
    const pipeline = `maskloom: 1
name: tagged
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  tagged: { uses: fake/tagged, in: { texts: texts.texts } }
outputs: { tagged: tagged.text }
`
    rig = createRig(pipeline, { p: 'same', q: 'same' })
    const run = await rig.run()
    expect(run.outputs).toEqual({ 'tagged/p.txt': 'p=same', 'tagged/q.txt': 'q=same' })
    rig.remove('texts/q.txt')
    rig.write('texts/r.txt', 'same')
    expect(doneTasks(await rig.run())).toEqual(['tagged r'])
  })

  it('notices a file that changes between hashing and running through the digest, not the path', async () => {
    rig = createRig(stagedPipeline, { p: 'pear tree 1' })
    await rig.run()
    writeFileSync(join(rig.folder, 'texts/p.txt'), 'pear tree 2')
    const changed = await rig.run()
    expect(changed.outputs['loud/p.txt']).toContain('PEAR TREE 2')
  })
})

describe('what a key does not contain', () => {
  it('does not depend on the order in which matrix values are written', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    const first = await rig.run({ set: ['models=[a, b]'] })
    const second = await rig.run({ set: ['models=[b, a]'] })
    expect(second.finished.tasks).toEqual({ ...noTasks, hit: 25 })
    expect(second.outputs).toEqual(first.outputs)
  })

  it('runs two steps that come out equal as one task', async () => {
    const pipeline = `maskloom: 1
name: twins
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  one: { uses: fake/upper, in: { texts: texts.texts } }
  two: { uses: fake/upper, with: { suffix: "" }, in: { texts: texts.texts } }
  pair: { uses: fake/list, in: { texts: [one.text, two.text] } }
outputs: { pair: pair.text, one: one.text, two: two.text }
`
    rig = createRig(pipeline, { p: 'pear' })
    const run = await rig.run()
    expect(run.executed).toEqual(['list PEAR,PEAR', 'texts pear', 'upper pear'])
    expect(run.outputs).toEqual({ 'one/p.txt': 'PEAR', 'pair/p.txt': 'PEAR/PEAR', 'two/p.txt': 'PEAR' })
    expect(imbalance(run)).toEqual({})
  })

  it('shares results between pipelines of different shape', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    rig.write(
      'pipeline.yaml',
      `maskloom: 1
name: other
steps:
  sources: { uses: fake/texts, with: { path: texts } }
  look: { uses: fake/scan, with: { model: a }, in: { texts: sources.texts } }
outputs: { outline: look.outline }
`,
    )
    const other = await rig.run()
    expect(other.finished).toMatchObject({ inferences: 0, tasks: { ...noTasks, hit: 6 } })
  })
})

describe('what is asked of a node', () => {
  it('asks only for the ports that somebody needs', async () => {
    rig = createRig(stagedPipeline, { p: threeTexts.p })
    const outline = await rig.run({ targets: ['pooled.text'] })
    expect(outline.executed).toEqual(['fold a:pt1,b:pt1', 'scan a pear outline', 'scan b pear outline', 'texts pear'])
    const changed = await rig.run()
    expect(changed.executed.filter(line => line.startsWith('scan'))).toEqual(['scan a pear map', 'scan b pear map'])
    expect(doneTasks(changed).filter(line => line.startsWith('scan'))).toEqual([
      'scan[model=a] p rebuilt',
      'scan[model=b] p rebuilt',
    ])
    expect(imbalance(changed)).toEqual({})
  })

  it('makes transient values again for what a changed parameter needs, and counts that as rebuilt', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    const changed = await rig.run({ set: ['mark=>'] })
    expect(changed.finished).toMatchObject({ inferences: 6, tasks: { ...noTasks, hit: 6, done: 13, rebuilt: 6 } })
    expect(doneTasks(changed).filter(line => line.endsWith('rebuilt'))).toEqual(
      ['a', 'b'].flatMap(model => ['p', 'q', 'r'].map(item => `scan[model=${model}] ${item} rebuilt`)),
    )
    expect(imbalance(changed)).toEqual({})
  })

  it('runs a step again under --force, and keeps the result that was there', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    const first = await rig.run()
    const forced = await rig.run({ forced: ['loud'] })
    expect(forced.executed).toEqual(['io-upper 1*a:pear', 'io-upper 1*a:quince', 'io-upper 1*a:rowan'])
    expect(forced.finished.tasks).toEqual({ ...noTasks, hit: 22, rebuilt: 3 })
    expect(forced.outputs).toEqual(first.outputs)
    expect(imbalance(forced)).toEqual({})
  })

  it('runs a step inside a segment again under --force, with what it needs', async () => {
    rig = createRig(stagedPipeline, { p: threeTexts.p })
    await rig.run()
    const forced = await rig.run({ forced: ['read'] })
    expect(doneTasks(forced)).toEqual([
      'read[model=a] p rebuilt',
      'read[model=b] p rebuilt',
      'scan[model=a] p rebuilt',
      'scan[model=b] p rebuilt',
    ])
    expect(imbalance(forced)).toEqual({})
  })

  it('runs a collection step again under --force', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    const forced = await rig.run({ forced: ['all'] })
    expect(forced.executed).toEqual(['collect 3'])
    expect(forced.finished.tasks).toEqual({ ...noTasks, hit: 24, rebuilt: 1 })
  })

  it('runs source files again under --force', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    const forced = await rig.run({ forced: ['texts'] })
    expect(forced.executed).toEqual(['texts pear', 'texts quince', 'texts rowan'])
    expect(forced.finished.tasks).toEqual({ ...noTasks, hit: 22, rebuilt: 3 })
  })
})
