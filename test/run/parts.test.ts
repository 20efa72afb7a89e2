import { afterEach, describe, expect, it } from 'vitest'
import { createRig, doneTasks, imbalance, type Rig } from '../helpers/rig.ts'

let rig: Rig
afterEach(() => rig.close())

const texts = { a: 'red apple pie', b: 'blue sky', c: 'red sea' }

const byLabel = `maskloom: 1
name: by-label
params: { mark: { type: string, default: "!" } }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  colour: { uses: fake/first-word, in: { texts: texts.texts } }
  reds: { uses: fake/upper, items: { from: colour.word, equals: red }, in: { texts: texts.texts }, with: { suffix: "\${params.mark}" } }
  blues: { uses: fake/upper, items: { from: colour.word, equals: blue }, in: { texts: texts.texts }, with: { suffix: "?" } }
  again: { uses: fake/list, join: outer, in: { texts: [reds.text, blues.text] } }
  only: { uses: fake/collect, items: { from: colour.word, equals: red }, in: { texts: texts.texts } }
outputs: { reds: reds.text, all: again.text, only: only.text }
`

describe('a step on a part of the items', () => {
  it('runs on the chosen ones only, and disjoint parts are reunited', async () => {
    rig = createRig(byLabel, texts)
    const run = await rig.run()
    expect(run.finished.status).toBe('done')
    expect(run.outputs).toEqual({
      'reds/a.txt': 'RED APPLE PIE!',
      'reds/c.txt': 'RED SEA!',
      'all/a.txt': 'RED APPLE PIE!/-',
      'all/b.txt': '-/BLUE SKY?',
      'all/c.txt': 'RED SEA!/-',
      'only.txt': '\na: red apple pie\nc: red sea',
    })
    expect(imbalance(run)).toEqual({})
    const second = await rig.run()
    expect(second.executed).toEqual([])
    expect(second.finished.tasks).toMatchObject({ done: 0, failed: 0 })
  })

  it('runs again only where a new label lets an item in', async () => {
    rig = createRig(byLabel, texts)
    await rig.run()
    rig.write('texts/b.txt', 'red wine')
    const run = await rig.run()
    expect(run.finished.status).toBe('failed')
    expect(run.events.find(event => event.type === 'task.failed')).toMatchObject({
      problem: { code: 'empty-selection', message: 'no item has colour.word = "blue"', fix: 'values found: red' },
    })
  })

  it('runs on nothing when a label that can occur does not, and the rest goes on', async () => {
    const known = byLabel.replace('first-word, in', 'first-word, with: { known: [red, blue, green] }, in')
    rig = createRig(known, { a: texts.a, c: texts.c })
    const run = await rig.run()
    expect(run.finished.status).toBe('done')
    expect(run.outputs).toMatchObject({ 'all/a.txt': 'RED APPLE PIE!/-', 'all/c.txt': 'RED SEA!/-' })
    expect(imbalance(run)).toEqual({})
    const second = await rig.run()
    expect(second.executed).toEqual([])
  })

  it('is refused before the run for a label that cannot occur', async () => {
    rig = createRig(byLabel.replace('first-word, in', 'first-word, with: { known: [red, bleu] }, in'), texts)
    await expect(rig.run()).rejects.toThrow(/`colour.word` is never `blue`.*did you mean `bleu`/s)
  })

  it('takes a list of ids, for a pipeline as a whole too', async () => {
    rig = createRig(
      `maskloom: 1
name: outer
params: { length: { type: integer, default: 8 } }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  short: { uses: fake/short, in: { texts: texts.texts }, with: { length: "\${params.length}" } }
  inner: { uses: ./inner.yaml, items: short.ids, in: { texts: texts.texts } }
outputs: { loud: inner.loud, all: inner.all }
`,
      texts,
    )
    rig.write(
      'inner.yaml',
      `maskloom: 1
name: inner
inputs: { texts: { kind: text, per: item } }
steps:
  loud: { uses: fake/upper, in: { texts: texts } }
  pair: { uses: fake/list, in: { texts: [loud.text, texts] } }
  all: { uses: fake/collect, in: { texts: pair.text } }
outputs: { loud: loud.text, all: all.text }
`,
    )
    const run = await rig.run()
    expect(run.outputs).toEqual({
      'loud/b.txt': 'BLUE SKY',
      'loud/c.txt': 'RED SEA',
      'all.txt': '\nb: BLUE SKY/blue sky\nc: RED SEA/red sea',
    })
    const wider = await rig.run({ set: ['length=99'], out: 'wider' })
    expect(Object.keys(wider.outputs)).toEqual(['all.txt', 'loud/a.txt', 'loud/b.txt', 'loud/c.txt'])
    expect(wider.executed.filter(line => line.startsWith('upper'))).toEqual(['upper red'])
  })
})

describe('children of items', () => {
  const pipeline = `maskloom: 1
name: children
params: { mark: { type: string, default: "" } }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  words: { uses: fake/words, in: { texts: texts.texts } }
  loud: { uses: fake/upper, in: { texts: words.words }, with: { suffix: "\${params.mark}" } }
  sentence: { uses: fake/sentence, in: { texts: texts.texts, words: loud.text } }
outputs: { loud: loud.text, sentence: sentence.text }
`

  it('are items of their own, and are gathered by parent', async () => {
    rig = createRig(pipeline, { a: 'one two', 'a-b': 'x', sub: 'p q r' })
    const run = await rig.run()
    expect(run.outputs).toEqual({
      'loud/a/0.txt': 'ONE',
      'loud/a/1.txt': 'TWO',
      'loud/a-b/0.txt': 'X',
      'loud/sub/0.txt': 'P',
      'loud/sub/1.txt': 'Q',
      'loud/sub/2.txt': 'R',
      'sentence/a.txt': '0=ONE 1=TWO',
      'sentence/a-b.txt': '0=X',
      'sentence/sub.txt': '0=P 1=Q 2=R',
    })
    expect(imbalance(run)).toEqual({})
    const second = await rig.run()
    expect(second.executed).toEqual([])
    expect(second.outputs).toEqual(run.outputs)
  })

  it('are computed again one by one', async () => {
    rig = createRig(pipeline, { a: 'one two', b: 'p q' })
    await rig.run()
    rig.write('texts/a.txt', 'one three')
    const run = await rig.run()
    expect(doneTasks(run)).toEqual(['loud a/1', 'sentence a', 'texts a', 'words a'])
    const changed = await rig.run({ set: ['mark=!'] })
    expect(changed.executed.filter(line => line.startsWith('words') || line.startsWith('texts'))).toEqual([])
    expect(changed.outputs['sentence/a.txt']).toBe('0=ONE! 1=THREE!')
  })

  it('are made again when their bytes are lost', async () => {
    rig = createRig(pipeline, { a: 'one two' })
    await rig.run()
    const word = '3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3'
    rig.withStore(store => store.drop(word))
    const run = await rig.run({ set: ['mark=!'] })
    expect(run.finished.status).toBe('done')
    expect(run.outputs['sentence/a.txt']).toBe('0=ONE! 1=TWO!')
  })
})
