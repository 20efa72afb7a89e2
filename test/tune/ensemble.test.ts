import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evaluateCoco } from '../../nodes/evaluate/coco.ts'
import { forwardSelection, reducedCounts } from '../../nodes/kernels/forward-selection.ts'
import { masksFuseSources } from '../../nodes/masks/fuse-sources.ts'
import { masksWbf } from '../../nodes/masks/wbf.ts'
import { tuneEnsemble } from '../../nodes/tune/ensemble.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Metrics } from '../../nodes/values/metrics.ts'
import { selectionOf } from '../../nodes/values/selection.ts'
import type { Table } from '../../nodes/values/table.ts'
import type { Weights } from '../../nodes/values/weights.ts'
import { classesOf, collectionOf, typedRun } from '../helpers/collections.ts'
import { type DemoProject, demoProject, finishedOf } from '../helpers/demo-project.ts'
import { type BoxSpec, boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const greedy = (score: (counts: readonly number[]) => number, more: object = {}) =>
  forwardSelection({ memberCount: 3, method: 'with-replacement', steps: 6, minGain: 0, score, ...more })

/** Best when the members have the ratios 2 : 1 : 0. */
const towards = (counts: readonly number[]) => {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return -[2 / 3, 1 / 3, 0].reduce((sum, share, m) => sum + Math.abs(share - counts[m]! / total), 0)
}

describe('forward selection', () => {
  it('adds a member again where that helps, and takes the best of the steps, the shortest of equals', () => {
    const { steps, chosen } = greedy(towards)
    expect(steps.map(step => step.member)).toEqual([0, 1, 0, 0, 1, 0])
    expect(chosen).toBe(2)
    expect(steps[chosen]!.counts).toEqual([2, 1, 0])
  })

  it('adds each once without replacement', () => {
    const { steps, chosen } = greedy(towards, { method: 'without-replacement' })
    expect(steps.map(step => step.member)).toEqual([0, 1, 2])
    expect(steps[chosen]!.counts).toEqual([1, 1, 0])
  })

  it('in order: adds the result if it improves the score', () => {
    const gains = [0.1, -0.2, 0.3]
    const score = (counts: readonly number[]) => counts.reduce((sum, count, m) => sum + count * gains[m]!, 0)
    const { steps, chosen } = greedy(score, { method: 'in-order' })
    expect(steps.map(step => step.counts)).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [1, 0, 1],
    ])
    expect(chosen).toBe(2)
    expect(greedy(score, { method: 'in-order', minGain: 0.35 }).chosen).toBe(0)
  })

  it('takes nothing where no score is defined, and passes over members without one', () => {
    expect(greedy(() => Number.NaN).chosen).toBe(-1)
    expect(greedy(counts => (counts[0]! > 0 ? Number.NaN : 1)).steps[0]!.member).toBe(1)
  })

  it('makes in each step the choice that a plain loop makes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 64, maxLength: 64 }), values => {
        const score = (counts: readonly number[]) => values[(counts[0]! + 4 * counts[1]! + 16 * counts[2]!) % 64]!
        let counts = [0, 0, 0]
        for (const step of greedy(score).steps) {
          const tried = counts.map((_, m) => score(counts.map((count, n) => (n === m ? count + 1 : count))))
          expect(step.score).toBe(Math.max(...tried))
          expect(step.member).toBe(tried.indexOf(step.score))
          counts = [...step.counts]
        }
      }),
    )
  })

  it('reduces counts to their ratios', () => {
    expect(reducedCounts([4, 0, 2])).toEqual([2, 0, 1])
    expect(reducedCounts([0, 0, 3])).toEqual([0, 0, 1])
    expect(reducedCounts([0, 0])).toEqual([0, 0])
  })
})

const scene = (...specs: BoxSpec[]) => boxInstances([64, 64], specs)
const ids = ['a', 'b', 'c', 'd']
const truth = Object.fromEntries(
  ids.map((id, i) => [id, scene({ label: 0, box: [2 * i, 0, 20 + 2 * i, 20] }, { label: 1, box: [30, 30, 50, 50] })]),
)
/** One that sees cats well, one that sees dogs well, and one that sees nothing that is there. */
const member = (cat: number, dog: number, wrong: number) =>
  Object.fromEntries(
    ids.map((id, i) => [
      id,
      scene(
        { label: 0, score: 0.8, box: [2 * i + cat, cat, 20 + 2 * i + cat, 20 + cat] },
        { label: 1, score: 0.7, box: [30 + dog, 30, 50 + dog, 50] },
        ...(wrong > 0 ? [{ label: 0, score: 0.9, box: [40, 0, 60, 20] } as const] : []),
      ),
    ]),
  )
const members: readonly { readonly [id: string]: Instances }[] = [member(1, 6, 0), member(5, 1, 0), member(9, 9, 1)]
const names = ['cats', 'dogs', 'noise']
const types = { members: members.map(() => classesOf('cat', 'dog')), truth: [classesOf('cat', 'dog')] }

async function choose(params: object = {}, folds?: readonly (readonly string[])[]) {
  const run = typedRun(types, { wanted: Object.keys(tuneEnsemble.outputs) })
  const defaults = Object.entries(tuneEnsemble.params.properties).map(([name, schema]) => [name, schema['default']])
  const inputs = {
    members: members.map(one => collectionOf(one)),
    truth: collectionOf(truth),
    ...(folds && { folds: folds.map(selectionOf) }),
  }
  const places = names.map(name => ({ model: name }))
  const outputs = await runNode(tuneEnsemble, inputs, { ...Object.fromEntries(defaults), places, ...params }, run)
  return {
    weights: outputs['weights'] as Weights,
    table: outputs['table'] as Table,
    folds: outputs['folds'] as Table,
    metrics: outputs['metrics'] as Metrics,
    notes: run.notes,
  }
}

describe('tune/ensemble', () => {
  it.each([
    ['masks/wbf', masksWbf, { iou: 0.4, skip_below: 0, mask_threshold: 0.3, several_per_source: false }],
    ['masks/fuse-sources', masksFuseSources, { iou: 0.4 }],
  ] as const)('the score it reports is that of %s with the weights it found', async (merge, node, params) => {
    const { weights, metrics } = await choose({ merge, iou: 0.4, mask_threshold: 0.3, bootstrap: 0 })
    expect(weights['model']!['noise']).toBe(0)
    const merged: { [id: string]: Instances } = {}
    for (const id of ids) {
      const run = typedRun({ instances: types.members }, { wanted: ['instances'] })
      const coordinates = names.map(name => ({ model: name }))
      const inputs = { instances: members.map(one => one[id]!), weights }
      merged[id] = (await runNode(node, inputs, { ...params, weights: coordinates }, run))['instances'] as Instances
    }
    const run = typedRun({ instances: [types.members[0]!], truth: types.truth }, { wanted: ['metrics'] })
    const coco = { max_detections: 100, rules: 'fixed', boundary: false, bootstrap: 0, seed: 0 }
    const inputs = { instances: collectionOf(merged), truth: collectionOf(truth) }
    const score = ((await runNode(evaluateCoco, inputs, coco, run))['metrics'] as Metrics)['mask']!['AP']!
    expect(score).toBeGreaterThan(0.2)
    expect(metrics['ensemble']!['in-sample']).toBeCloseTo(score, 12)
  })

  it('tells the steps, the best member and equal weights beside the choice', async () => {
    const { table, metrics, notes } = await choose({ steps: 4, bootstrap: 20 })
    expect(table.columns).toEqual(['step', 'adds', 'score', 'low', 'high', 'taken'])
    expect(table.rows).toHaveLength(4)
    const scores = metrics['ensemble']!
    expect(scores['in-sample']).toBeGreaterThanOrEqual(scores['best member']!)
    expect(scores['in-sample']).toBeGreaterThan(scores['equal weights']!)
    expect(scores['gain']).toBeCloseTo(scores['in-sample']! - scores['equal weights']!, 12)
    expect(metrics['ensemble low']!['in-sample']).toBeLessThanOrEqual(scores['in-sample']!)
    expect(notes[0]).toMatch(/ensembles of 3 members measured on 4 images$/)
  })

  it('judges each fold by what the others chose', async () => {
    const { folds, metrics } = await choose({ bootstrap: 0 }, [
      ['a', 'b'],
      ['c', 'd'],
    ])
    expect(folds.columns).toEqual(['fold', ...names])
    expect(folds.rows.map(([fold]) => fold)).toEqual([0, 1])
    expect(metrics['ensemble']).toHaveProperty('cross-validated')
  })

  it.each([
    ['no folds', { in_sample: false, held_out: false }, {}, 'this would be judged on the images it is fitted on'],
    [
      'predictions of unknown origin',
      { in_sample: false, held_out: false },
      { folds: [{}, {}] },
      'nothing shows that `members` is made of predictions out of fold: models may have been trained on these images',
    ],
    [
      'two axes',
      { in_sample: true, held_out: false, places: [{ model: 'a', scale: '1' }] },
      {},
      'the members stand on 2 axes (model, scale); weights are found for one',
    ],
  ])('refuses %s before anything runs', (_, params, more, message) => {
    const { context, problems } = testCheck({ inputs: { ...types, ...more } })
    tuneEnsemble.types!({ places: [], ...params } as never, context)
    expect(problems.map(problem => problem.message)).toEqual([message])
  })
})

describe('pipelines/ensemble-weights.yaml', () => {
  let demo: DemoProject
  const set = [
    '--set',
    'scales=[208]',
    '--set',
    'models=[demo/models/L1, demo/models/L3]',
    '--set',
    'folds=[0, 1]',
    '--set',
    'count=2',
  ]

  beforeAll(() => {
    demo = demoProject({ images: 2 })
  })
  afterAll(() => demo.remove())

  it('runs no model again to choose by another rule', async () => {
    const first = await demo.maskloom('run', 'ensemble-weights', '--json', ...set)
    expect(first.stderr).toBe('')
    expect(finishedOf(first)).toMatchObject({ status: 'done', inferences: 2 * 4 })
    const second = await demo.maskloom('run', 'ensemble-weights', '--json', ...set, '--set', 'method=in-order')
    expect(finishedOf(second)).toMatchObject({ status: 'done', inferences: 0 })
  })
})
