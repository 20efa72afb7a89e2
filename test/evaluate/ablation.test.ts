import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import type { NodeDefinition, PathRef } from '../../engine/contract/node.ts'
import { evaluateAblation } from '../../nodes/evaluate/ablation.ts'
import { evaluateCells } from '../../nodes/evaluate/cells.ts'
import { evaluateCoco } from '../../nodes/evaluate/coco.ts'
import { evaluateMatching } from '../../nodes/evaluate/matching.ts'
import { type ObjectiveName, objectiveNames } from '../../nodes/kernels/objective.ts'
import type { Metrics } from '../../nodes/values/metrics.ts'
import type { Table } from '../../nodes/values/table.ts'
import { classesOf, collectionOf, typedRun } from '../helpers/collections.ts'
import { type DemoProject, demoProject, finishedOf } from '../helpers/demo-project.ts'
import { type BoxSpec, boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const scene = (...specs: BoxSpec[]) => boxInstances([64, 64], specs)

/** Cats that three variants find better or worse; the truth has its classes the other way round. */
const ids = ['a', 'b', 'c', 'd']
const truth = Object.fromEntries(
  ids.map((id, i) => [id, scene({ label: 1, box: [i, 0, 20 + i, 20] }, { label: 0, box: [30, 30, 50, 50 + i] })]),
)
const variant = (shift: number, missing: number) =>
  Object.fromEntries(
    ids.map((id, i) => [
      id,
      scene(
        ...(i < missing ? [] : [{ label: 0, score: 0.9 - i / 10, box: [i + shift, 0, 20 + i + shift, 20] } as const]),
        { label: 1, score: 0.8, box: [30, 30 + shift, 50, 50] },
        { label: 2, score: 0.99, box: [0, 30, 9, 40] },
        { label: 0, score: 0.05, box: [50, 0, 60, 10] },
      ),
    ]),
  )
const variants = { nothing: variant(1, 0), good: variant(4, 2), useless: variant(1, 0) }
const found = classesOf('cat', 'dog', 'bird')
const types = { truth: [classesOf('dog', 'cat')], instances: [found, found, found] }
const coordinates = Object.keys(variants).map(without => ({ without }))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskloom-ablation-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function jsonFile(name: string, document: object): PathRef {
  const path = join(folder, name)
  const text = JSON.stringify(document)
  writeFileSync(path, text)
  return { path, sha256: sha256(text) }
}

async function ablate(params: object) {
  const run = typedRun(types, { wanted: ['table', 'metrics', 'plot'] })
  const inputs = { instances: Object.values(variants).map(one => collectionOf(one)), truth: collectionOf(truth) }
  const all = {
    metric: 'mask.AP',
    score: 0,
    full: 'nothing',
    bootstrap: 50,
    seed: 0,
    variants: coordinates,
    costs: [],
    ...params,
  }
  const { table, metrics, plot } = await runNode(evaluateAblation, inputs, all, run)
  return { table: table as Table, metrics: metrics as Metrics, plot: new TextDecoder().decode(plot as Uint8Array) }
}

async function evaluated(node: NodeDefinition, name: keyof typeof variants, params: object): Promise<Metrics> {
  const run = typedRun({ truth: types.truth, instances: [found] }, { wanted: Object.keys(node.outputs) })
  const defaults = Object.entries(node.params.properties).map(([param, schema]) => [param, schema['default']])
  const inputs = { instances: collectionOf(variants[name]), truth: collectionOf(truth) }
  return (await runNode(node, inputs, { ...Object.fromEntries(defaults), ...params }, run))['metrics'] as Metrics
}

/** What each metric is called where it is evaluated by itself. */
const sameElsewhere: { readonly [name in ObjectiveName]: readonly [NodeDefinition, object, string, string] } = {
  'mask.AP': [evaluateCoco, {}, 'mask', 'AP'],
  'mask.AP50': [evaluateCoco, {}, 'mask', 'AP50'],
  'mask.AP75': [evaluateCoco, {}, 'mask', 'AP75'],
  'box.AP': [evaluateCoco, {}, 'box', 'AP'],
  'box.AP50': [evaluateCoco, {}, 'box', 'AP50'],
  'box.AP75': [evaluateCoco, {}, 'box', 'AP75'],
  'cells.dsb2018': [evaluateCells, {}, 'cells', 'score'],
  'cells.sartorius': [evaluateCells, { rule: 'sartorius', thresholds: 'numpy-arange' }, 'cells', 'score'],
  'cells.matching': [evaluateCells, { rule: 'matching' }, 'cells', 'score'],
  'matching.F1': [evaluateMatching, {}, 'IoU 0.5', 'f1'],
  'matching.PQ': [evaluateMatching, {}, 'IoU 0.5', 'classPanopticQuality'],
}

describe('evaluate/ablation', () => {
  it.each(objectiveNames)('%s is the number of the evaluation that has it', async metric => {
    const { metrics } = await ablate({ metric, bootstrap: 0 })
    const [node, params, group, name] = sameElsewhere[metric]
    for (const one of ['nothing', 'good'] as const) {
      const expected = (await evaluated(node, one, params))[group]![name]!
      expect(expected).toBeGreaterThan(0)
      expect(metrics['metric']![one], one).toBeCloseTo(expected, 12)
    }
  })

  it('says how far each is from the full one, the greatest loss first, with intervals of the paired difference', async () => {
    const { table, metrics, plot } = await ablate({})
    expect(table.columns).toEqual(['without', 'mask.AP', 'difference', 'low', 'high'])
    expect(table.rows.map(([name]) => name)).toEqual(['nothing', 'good', 'useless'])
    const { difference, 'difference low': low, 'difference high': high } = metrics
    expect(difference!['good']).toBeLessThan(-0.1)
    expect(low!['good']).toBeLessThanOrEqual(difference!['good']!)
    expect(high!['good']).toBeGreaterThanOrEqual(difference!['good']!)
    // The same predictions differ on no replicate: an unpaired interval would have a width.
    expect([difference!['useless'], low!['useless'], high!['useless']]).toEqual([0, 0, 0])
    expect(plot).toContain('useless')
  })

  it('leaves out predictions below a score', async () => {
    const { metrics } = await ablate({ metric: 'cells.dsb2018', score: 0.5, bootstrap: 0 })
    const all = await ablate({ metric: 'cells.dsb2018', bootstrap: 0 })
    expect(metrics['metric']!['nothing']).toBeGreaterThan(all.metrics['metric']!['nothing']!)
  })

  it('adds the seconds per image that a file of recorded costs has', async () => {
    const cells = coordinates.map((one, i) => ({ coordinates: one, secondsPerItem: i + 0.25, unknownSteps: [] }))
    const costs = [jsonFile('costs.json', { step: 'masks', cells: cells.reverse() })]
    const { table, plot } = await ablate({ costs })
    expect(table.columns.at(-1)).toBe('s per image')
    expect(table.rows.map(row => [row[0], row.at(-1)])).toEqual([
      ['nothing', 0.25],
      ['good', 1.25],
      ['useless', 2.25],
    ])
    expect(plot).toContain('good (1.25 s)')
    expect(plot).toContain('without nothing (0.25 s per image)')
  })

  it.each([
    [{ cells: [] }, 'costs.json: there is no cell for nothing'],
    [{ step: 'x' }, 'costs.json: there is no list `cells`'],
    [
      { cells: [{ coordinates: { without: 'nothing' }, secondsPerItem: 1, unknownSteps: ['heads'] }] },
      'costs.json, cell nothing: these steps had not run: heads',
    ],
    [
      { cells: [{ coordinates: { without: 'nothing' }, secondsPerItem: -1, unknownSteps: [] }] },
      'costs.json, cell nothing: secondsPerItem is -1, expected a number from 0',
    ],
  ])('refuses costs that say nothing of a variant: %j', async (document, message) => {
    const { context, problems } = testCheck({ inputs: types, readFile: path => readFileSync(path) })
    const costs = [jsonFile('costs.json', document)]
    await evaluateAblation.types!({ full: 'nothing', variants: coordinates, costs } as never, context)
    expect(problems).toEqual([{ param: 'costs', message, fix: expect.stringContaining('maskloom cost') }])
  })

  it('refuses a full one that is not there before anything runs', async () => {
    const { context, problems } = testCheck({ inputs: types })
    await evaluateAblation.types!({ full: 'nothin', variants: coordinates, costs: [] } as never, context)
    expect(problems).toEqual([
      {
        param: 'full',
        message: 'no variant is called nothin; there are nothing, good, useless',
        fix: 'did you mean nothing?',
      },
    ])
  })
})

describe('pipelines/ablation.yaml', () => {
  let demo: DemoProject
  const set = ['--set', 'scales=[208]', '--set', 'bootstrap=20', '--set', 'models=[demo/models/L1, demo/models/L3]']
  const left = [
    '--set',
    'variants=[{id: nothing, weights: {}, mask_nms_iou: 0.5}, {id: L3, weights: {model: {L3: 0}}, mask_nms_iou: 0.5}, {id: flip, weights: {flip: {horizontal: 0}}, mask_nms_iou: 0.5}, {id: NMS, weights: {}, mask_nms_iou: 1}]',
  ]

  beforeAll(() => {
    demo = demoProject({ images: 2 })
  })
  afterAll(() => demo.remove())

  it('runs each view once for all variants, and none for another metric', async () => {
    const first = await demo.maskloom('run', 'ablation', '--json', ...set, ...left)
    expect(first.stderr).toBe('')
    expect(finishedOf(first)).toMatchObject({ status: 'done', inferences: 2 * 4 })
    const second = await demo.maskloom('run', 'ablation', '--json', ...set, ...left, '--set', 'metric=box.AP50')
    expect(finishedOf(second)).toMatchObject({ status: 'done', inferences: 0 })
  })
})
