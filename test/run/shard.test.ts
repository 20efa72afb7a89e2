import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exportRun, importStore } from '../../cache/transfer.ts'
import { load } from '../../engine/api/load.ts'
import { PipelineError } from '../../engine/api/pipeline-error.ts'
import { plan } from '../../engine/api/plan.ts'
import { apiRun, fakeNodes } from '../helpers/api-run.ts'
import { project } from '../helpers/project.ts'
import { stagedPipeline } from '../helpers/staged-pipeline.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const texts = Object.fromEntries(names.map(name => [`texts/${name}.txt`, `${name}-word and more`]))
const none = { done: 0, rebuilt: 0, failed: 0, skipped: 0 }

/** Files and an index that lists one item more, joined by id. */
const twoSources = `maskloom: 1
name: two
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  lines: { uses: fake/lines, with: { path: index.txt } }
  both: { uses: fake/list, in: { texts: [texts.texts, lines.texts] }, join: inner }
  all: { uses: fake/collect, in: { texts: both.text } }
  listed: { uses: fake/collect, with: { title: listed }, in: { texts: lines.texts } }
outputs: { all: all.text, listed: listed.text }
`
const index = { 'index.txt': [...names, 'cc'].map(name => `${name} line-${name}\n`).join('') }

const scatterOnly = `maskloom: 1
name: lines
steps:
  lines: { uses: fake/lines, with: { path: index.txt } }
  loud: { uses: fake/upper, in: { texts: lines.texts } }
  all: { uses: fake/collect, in: { texts: loud.text } }
outputs: { all: all.text, loud: loud.text }
`

describe('a run of a part of the items', () => {
  it('computes its slice, and the slices together what a whole run does, each item once', async () => {
    const folder = project({ 'pipeline.yaml': stagedPipeline, ...texts })
    const parts = []
    for (const i of [1, 2, 3]) parts.push(await apiRun(folder, { shard: { index: i, count: 3 }, cache: `cache-${i}` }))
    expect(parts.map(part => Object.keys(part.outputs))).toEqual([
      ['all.txt', 'loud/a.txt', 'loud/b.txt'],
      ['all.txt', 'loud/c.txt', 'loud/d.txt'],
      ['all.txt', 'loud/e.txt', 'loud/f.txt', 'loud/g.txt'],
    ])
    expect(parts[1]?.outDirectory).toBe(join(folder, 'out', 'staged', 'shard-2-of-3'))
    expect(parts[1]?.outputs['all.txt']?.split('\n').map(line => line.slice(0, 2))).toEqual(['al', 'c:', 'd:'])

    const whole = await apiRun(folder, { cache: 'cache-whole' })
    const perItem = (executed: readonly string[]) => executed.filter(line => !line.startsWith('collect'))
    expect(parts.flatMap(part => perItem(part.executed)).sort()).toEqual(perItem(whole.executed))
  })

  it('leaves results that another cache can take in: then a whole run infers nothing, with the same outputs', async () => {
    const folder = project({ 'pipeline.yaml': stagedPipeline, ...texts })
    for (const i of [1, 2, 3]) {
      const cache = join(folder, `cache-${i}`)
      const part = await apiRun(folder, { shard: { index: i, count: 3 }, cache })
      const started = part.events.find(event => event.type === 'run.started')
      exportRun(cache, started?.runId ?? '', join(folder, `carried-${i}`))
      importStore(join(folder, 'cache-joined'), join(folder, `carried-${i}`))
    }
    const joined = await apiRun(folder, { cache: 'cache-joined', out: 'out-joined' })
    expect(joined.executed).toEqual(['collect 7'])
    expect(joined.finished).toMatchObject({ inferences: 0, tasks: { ...none, done: 1, hit: 56 } })
    const alone = await apiRun(folder, { cache: 'cache-alone', out: 'out-alone' })
    expect(joined.outputs).toEqual(alone.outputs)
    expect((await apiRun(folder, { cache: 'cache-joined' })).finished.tasks).toEqual({ ...none, hit: 57 })
  })

  it('narrows every source to the same stretch of ids', async () => {
    const folder = project({ 'pipeline.yaml': twoSources, ...texts, ...index })
    const outputs = []
    for (const i of [1, 2, 3]) outputs.push((await apiRun(folder, { shard: { index: i, count: 3 } })).outputs)
    const ids = (text: string | undefined) =>
      text
        ?.split('\n')
        .slice(1)
        .map(line => line.split(':')[0])
        .join(' ')
    expect(outputs.map(one => ids(one['all.txt']))).toEqual(['a b', 'c d', 'e f g'])
    expect(outputs.map(one => ids(one['listed.txt']))).toEqual(['a b', 'c cc d', 'e f g'])
  })

  it('works when an index is the only source, whether it is cached or not', async () => {
    const folder = project({ 'pipeline.yaml': scatterOnly, ...index })
    const first = await apiRun(folder, { shard: { index: 1, count: 2 } })
    expect(Object.keys(first.outputs)).toEqual(['all.txt', 'loud/a.txt', 'loud/b.txt', 'loud/c.txt', 'loud/cc.txt'])
    const second = await apiRun(folder, { shard: { index: 2, count: 2 } })
    expect(Object.keys(second.outputs)).toEqual(['all.txt', 'loud/d.txt', 'loud/e.txt', 'loud/f.txt', 'loud/g.txt'])
    expect(second.executed.filter(line => line.startsWith('lines'))).toEqual([])
    const whole = await apiRun(folder)
    expect(whole.executed).toEqual(['collect 8'])
  })

  it('is all hits when it is run again', async () => {
    const folder = project({ 'pipeline.yaml': twoSources, ...texts, ...index })
    const shard = { index: 2, count: 2 }
    const first = await apiRun(folder, { shard })
    const second = await apiRun(folder, { shard })
    expect(second.executed).toEqual([])
    expect(second.outputs).toEqual(first.outputs)
    expect(second.finished.tasks).toMatchObject(none)
  })

  it('is planned as it is run', async () => {
    const folder = project({ 'pipeline.yaml': stagedPipeline, ...texts })
    const pipeline = await load('pipeline.yaml', { directory: folder, nodes: [fakeNodes] })
    const shard = { index: 3, count: 3 }
    const before = await plan(pipeline, { shard })
    expect(before.items).toEqual([{ step: 'texts', items: 3 }])
    const { finished } = await apiRun(folder, { shard })
    expect(before.totals).toMatchObject({ run: finished.tasks.done, hit: 0, inferences: finished.inferences })
    expect((await plan(pipeline, { shard })).totals).toMatchObject({ run: 0, maybe: 0, hit: finished.tasks.done })
    const index = (await plan(pipeline)).steps.find(step => step.step === 'scan')
    expect(index).toMatchObject({ hit: 6, run: 8 })
  })
})

describe('a run of listed items', () => {
  it('computes those, in a folder of outputs of their own', async () => {
    const folder = project({ 'pipeline.yaml': stagedPipeline, ...texts })
    const some = await apiRun(folder, { items: ['f', 'b'] })
    expect(Object.keys(some.outputs)).toEqual(['all.txt', 'loud/b.txt', 'loud/f.txt'])
    expect(some.outDirectory).toMatch(/out.staged.items-[0-9a-f]{8}$/)
    expect((await apiRun(folder, { items: ['b', 'f', 'b'] })).outDirectory).toBe(some.outDirectory)
    expect((await apiRun(folder, { items: ['b', 'f'], shard: { index: 2, count: 2 } })).outputs).toEqual({
      'all.txt': expect.stringContaining('f: '),
      'loud/f.txt': some.outputs['loud/f.txt'],
    })
  })

  it('is refused before anything runs when one is not there', async () => {
    const folder = project({ 'pipeline.yaml': stagedPipeline, ...texts })
    const refused = apiRun(folder, { items: ['a', 'bb'] })
    await expect(refused).rejects.toThrow(PipelineError)
    await expect(refused).rejects.toThrow('did you mean `b`?')
    await expect(apiRun(folder, { shard: { index: 1, count: 9 } })).rejects.toThrow(
      '7 items cannot be cut into 9 parts',
    )
  })

  it('ends as a failure when only the index can tell that one is not there', async () => {
    const folder = project({ 'pipeline.yaml': scatterOnly, ...index })
    // The first time the index is read, the second time it is cached.
    for (const time of [1, 2]) {
      const { finished, events } = await apiRun(folder, { items: ['zz'] })
      expect(finished.status, `time ${time}`).toBe('failed')
      expect(JSON.stringify(events)).toContain('does not have: `zz`')
    }
    expect((await apiRun(folder, { items: ['a'] })).finished.status).toBe('done')
  })
})
