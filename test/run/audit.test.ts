import { describe, expect, it } from 'vitest'
import { apiRun, fakeNodes, remarksOf } from '../helpers/api-run.ts'
import { project, write } from '../helpers/project.ts'
import { stagedPipeline, threeTexts } from '../helpers/staged-pipeline.ts'

const texts = Object.fromEntries(Object.entries(threeTexts).map(([name, text]) => [`texts/${name}.txt`, text]))

/** `random` never makes the same text twice; `loud` behind it is in the same unit and innocent. */
const unsteady = `maskloom: 1
name: unsteady
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  random: { uses: fake/random, in: { texts: texts.texts } }
  loud: { uses: fake/upper, in: { texts: random.text } }
  all: { uses: fake/collect, in: { texts: loud.text } }
outputs: { all: all.text }
`

/** A node whose transient output differs each time, and one that stores what it sees in it. */
const noise = `
const kind = { name: 'noise', description: 'Noise.', transient: true, extension: 'x', encode: () => { throw 0 }, decode: () => { throw 0 } }
const common = { version: 1, description: 'x', mode: 'item', lane: 'cpu', example: '', types: () => ({}) }
const params = { type: 'object', additionalProperties: false, properties: {} }
const text = { kind: 'text', per: 'item', description: 'x' }
export const kinds = [kind]
export const nodes = [
  { ...common, name: 'try/noise', params, inputs: { texts: text }, outputs: { noise: { ...text, kind: 'noise' } },
    run: ({ texts }) => ({ noise: { text: texts + Math.random() } }) },
  { ...common, name: 'try/read', params, inputs: { noise: { ...text, kind: 'noise' } }, outputs: { text },
    run: ({ noise }) => ({ text: noise.text }) },
]
`
const throughTransient = `maskloom: 1
name: noise
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  noise: { uses: try/noise, in: { texts: texts.texts } }
  read: { uses: try/read, in: { noise: noise.noise } }
outputs: { read: read.text }
`

describe('an audit', () => {
  it('computes hits again, finds them equal and stores nothing', async () => {
    const folder = project({ 'pipeline.yaml': stagedPipeline, ...texts })
    const first = await apiRun(folder)
    const audited = await apiRun(folder, { audit: 1 })
    expect(audited.finished).toMatchObject({
      status: 'done',
      inferences: 0,
      tasks: { hit: 25, done: 0, rebuilt: 0 },
      audit: { audited: 25, different: 0, nodes: [] },
    })
    expect(audited.executed).toEqual(first.executed)
    expect(remarksOf(audited.events)).toEqual([': audited 25 hits: all equal'])
    expect(audited.outputs).toEqual(first.outputs)
  })

  it('names the node that is not deterministic, not those that read from it, and fails the run', async () => {
    const folder = project({ 'pipeline.yaml': unsteady, ...texts })
    const first = await apiRun(folder)
    const audited = await apiRun(folder, { audit: 1 })
    expect(audited.finished).toMatchObject({
      status: 'failed',
      tasks: { failed: 0, hit: 10 },
      audit: { different: 6, nodes: ['fake/random'] },
    })
    const said = remarksOf(audited.events)
    expect(said.slice(0, 3).sort()).toEqual(
      ['p', 'q', 'r'].map(item => `random ${item}: fake/random is not deterministic: text came out different`),
    )
    expect(said[3]).toBe(': audited 10 hits: 6 came out different; not deterministic: fake/random')
    expect(audited.outputs, 'the first result stays').toEqual(first.outputs)
    expect((await apiRun(folder)).executed).toEqual([])
  })

  it('suspects the makers of values that are never stored', async () => {
    const folder = project({ 'pipeline.yaml': throughTransient, 'noise.mjs': noise, ...texts })
    const nodes = [fakeNodes, './noise.mjs']
    await apiRun(folder, { nodes })
    const audited = await apiRun(folder, { nodes, audit: 1 })
    expect(audited.finished.audit).toMatchObject({ different: 3, nodes: ['try/noise', 'try/read'] })
    expect(remarksOf(audited.events)).toContain(
      'read p: try/read (or try/noise, whose values it reads) is not deterministic: text came out different',
    )
  })

  it('takes a share of the hits, at least one, and says when there are none', async () => {
    const folder = project({ 'pipeline.yaml': unsteady, ...texts })
    expect(remarksOf((await apiRun(folder, { audit: 1 })).events)).toEqual([
      ': audited nothing: no hit could be computed again',
    ])
    const some = await apiRun(folder, { audit: 0.0001 })
    expect(some.finished.audit?.audited).toBeGreaterThan(0)
    expect(some.finished.audit?.audited).toBeLessThan(4)
  })

  it('leaves alone what this run computed', async () => {
    const folder = project({ 'pipeline.yaml': stagedPipeline, ...texts })
    await apiRun(folder)
    write(folder, { 'texts/s.txt': 'sorbus' })
    const audited = await apiRun(folder, { audit: 1 })
    expect(audited.finished).toMatchObject({ status: 'done', audit: { audited: 24, different: 0 } })
  })
})
