import { afterEach, expect, it } from 'vitest'
import { runsDiff } from '../../engine/api/runs-diff.ts'
import { runsDiffLines } from '../../engine/report/runs-diff.ts'
import { createRig, type Rig } from '../helpers/rig.ts'

let rig: Rig
afterEach(() => rig.close())

const pipeline = `maskloom: 1
name: measured
params: { suffix: { type: string, default: "!" } }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  loud: { uses: fake/upper, with: { suffix: "\${params.suffix}" }, in: { texts: texts.texts } }
  numbers: { uses: fake/tree, with: { path: numbers.json } }
  all: { uses: fake/collect, in: { texts: loud.text } }
outputs: { all: all.text, numbers: numbers.text }
`

async function twoRuns(between: () => void, set: readonly string[] = []) {
  rig = createRig(pipeline, { p: 'pear', q: 'quince' })
  rig.write('numbers.json', '{"all":{"AP":0.5,"AR":null,"count":7}}')
  const ids: string[] = []
  const onEvent = (event: { readonly type: string; readonly runId?: string }) => {
    if (event.type === 'run.started') ids.push(event.runId!)
  }
  await rig.run({ onEvent })
  between()
  await rig.run({ set, onEvent })
  return rig.withStore(store => runsDiff(store, ids[0]!, ids[1]!))!
}

it('says which cell differs first, and what that did to the numbers', async () => {
  const diff = await twoRuns(() => rig.write('numbers.json', '{"all":{"AP":0.625,"AR":null,"count":9}}'), ['suffix=?'])
  expect(diff.cells.map(({ address }) => address)).toEqual(['numbers', 'loud'])
  expect(diff.otherOutputs).toEqual(['all'])
  expect(runsDiffLines({ ...diff, before: 'A', after: 'B' }).slice(1)).toEqual([
    expect.stringMatching(/^differs first: numbers$/),
    expect.stringMatching(/^ {2}numbers {2}path [0-9a-f]{12} → [0-9a-f]{12}$/),
    '  loud     suffix "!" → "?"',
    'other results from there: all',
    '                             before   after   change',
    '  numbers.text  all / AP     0.5000  0.6250  +0.1250',
    '  numbers.text  all / count       7       9       +2',
  ])
})

it('tells another source from another result', async () => {
  const diff = await twoRuns(() => rig.write('texts/p.txt', 'plum'))
  expect(diff.cells.map(({ address }) => address)).toEqual(['texts'])
  expect(diff.numbers).toEqual([])
})

it('finds nothing between two runs of the same', async () => {
  const diff = await twoRuns(() => {})
  expect(runsDiffLines(diff)).toEqual([`${diff.before} and ${diff.after} made the same.`])
})

it('knows no run that was not recorded', async () => {
  await twoRuns(() => {})
  expect(rig.withStore(store => runsDiff(store, 'a', 'b'))).toBeUndefined()
})

it('says a number that a table took over once, the first twenty, and how many there are', () => {
  const one = { before: 0.5, after: 0.625 }
  const lines = runsDiffLines({
    before: 'A',
    after: 'B',
    params: [],
    cells: [],
    added: [],
    removed: [],
    otherOutputs: [],
    numbers: [
      { name: 'scores.table  all / box.AP', ...one },
      { name: 'score.metrics  box / AP', ...one },
      { name: 'score.metrics  box / AR', ...one },
      ...Array.from({ length: 20 }, (_, i) => ({ name: `score.metrics  by class / ${i}`, ...one })),
    ],
  })
  expect(lines.slice(1, 5)).toEqual([
    '                                before   after   change',
    '  scores.table  all / box.AP    0.5000  0.6250  +0.1250',
    '  score.metrics  box / AR       0.5000  0.6250  +0.1250',
    '  score.metrics  by class / 0   0.5000  0.6250  +0.1250',
  ])
  expect(lines.slice(-3)).toEqual([
    '  score.metrics  by class / 17  0.5000  0.6250  +0.1250',
    '  … and 2 more',
    '  --json lists all 23',
  ])
})
