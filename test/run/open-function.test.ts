import { describe, expect, it } from 'vitest'
import type { Json } from '../../engine/base/canonical.ts'
import type { NodeDefinition, Values } from '../../engine/contract/node.ts'
import type { CompiledFunction, FunctionParams } from '../../engine/contract/pipeline-function.ts'
import { openFunction } from '../../engine/run/open-function.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Metrics } from '../../nodes/values/metrics.ts'
import { classesOf, collectionOf } from '../helpers/collections.ts'
import { functionIn, registry } from '../helpers/function-world.ts'
import { type BoxSpec, boxInstances } from '../helpers/instances.ts'
import { runNode, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const score = `maskloom: 1
name: score
params:
  confidence: { type: number, default: 0.5 }
  limits: { type: map, items: number, default: { cat: 10, dog: 20 } }
  iou: { type: number, default: 0.5 }
inputs:
  instances: { kind: instances, per: item }
  truth: { kind: instances, per: item }
steps:
  clean: { uses: ./clean.yaml, in: { instances: instances }, with: { score: "\${params.confidence}", limits: "\${params.limits}", iou: "\${params.iou}" } }
  metric: { uses: evaluate/cells, with: { rule: sartorius }, in: { instances: clean.instances, truth: truth } }
  errors: { uses: evaluate/errors, in: { instances: clean.instances, truth: truth } }
outputs: { metrics: metric.metrics, images: metric.images, errors: errors.metrics }
`
const clean = `maskloom: 1
name: clean
params: { score: { type: number }, limits: { type: map }, iou: { type: number } }
inputs: { instances: { kind: instances, per: item } }
steps:
  distinct: { uses: masks/nms, with: { score: "\${params.score}", iou: "\${params.iou}" }, in: { instances: instances } }
  large: { uses: instances/filter, with: { min_area_px: "\${params.limits}" }, in: { instances: distinct.instances } }
outputs: { instances: large.instances }
`
const main = `maskloom: 1
name: main
steps:
  scenes: { uses: made/scenes }
  tuned:
    uses: tune/search
    with: { pipeline: ./score.yaml, space: { confidence: [0.1, 0.2] }, objective: cells.score, output: metrics, in_sample: true }
    in: { instances: scenes.found, truth: scenes.truth }
outputs: { chosen: tuned.params }
`
const files = { 'pipelines/main.yaml': main, 'pipelines/score.yaml': score, 'pipelines/clean.yaml': clean }

/** Boxes that overlap more or less, of sizes and scores of all sorts. */
function scene(seed: number): { readonly found: Instances; readonly truth: Instances } {
  let state = seed * 7919 + 1
  const next = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const truth = Array.from({ length: 4 + next(4) }, (): BoxSpec => {
    const [x, y] = [next(40), next(40)]
    return { label: next(2), box: [x, y, x + 4 + next(12), y + 4 + next(12)] }
  })
  const found = truth.flatMap(({ label = 0, box: [x1, y1, x2, y2] }): BoxSpec[] => [
    { label, score: next(100) / 100, box: [x1, y1, x2 + next(3), y2] },
    { label, score: next(100) / 100, box: [x1 + next(3), y1, x2, y2 + next(2)] },
  ])
  return { found: boxInstances([64, 64], found), truth: boxInstances([64, 64], truth) }
}

const scenes = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`image${i}`, scene(i)] as const))
const part = (name: 'found' | 'truth') => Object.fromEntries(Object.entries(scenes).map(([id, one]) => [id, one[name]]))

function open(compiled: CompiledFunction, memoryBytes = 1e8, signal = new AbortController().signal) {
  const inputs = { instances: collectionOf(part('found')), truth: collectionOf(part('truth')) }
  return openFunction(compiled, inputs, { registry, outer: testRun({ signal }).context, memoryBytes })
}

/** The same steps, one after the other, without the engine. */
async function plainly(ids: readonly string[], paramsOf: (id: string) => FunctionParams) {
  const types = { instances: [classesOf('cat', 'dog')], truth: [classesOf('cat', 'dog')] }
  const run = (name: string, inputs: Values, params: object) => {
    const node = registry.nodes.get(name) as NodeDefinition
    return runNode(node, inputs, withDefaults(node, params), { inputTypes: types })
  }
  const found: { [id: string]: Instances } = {}
  for (const id of ids) {
    const { confidence, limits, iou } = { confidence: 0.5, limits: { cat: 10, dog: 20 }, iou: 0.5, ...paramsOf(id) }
    const distinct = await run('masks/nms', { instances: [scenes[id]!.found] }, { score: confidence, iou })
    const large = await run('instances/filter', distinct, { min_area_px: limits })
    found[id] = large['instances'] as Instances
  }
  const truth = Object.fromEntries(ids.map(id => [id, scenes[id]!.truth]))
  const inputs = { instances: collectionOf(found), truth: collectionOf(truth) }
  const [cells, errors] = [
    await run('evaluate/cells', inputs, { rule: 'sartorius' }),
    await run('evaluate/errors', inputs, {}),
  ]
  return { metrics: cells['metrics'], images: cells['images'], errors: errors['metrics'] }
}

const ids = Object.keys(scenes)
const names = ['metrics', 'images', 'errors']
const configurations: readonly FunctionParams[] = [0.1, 0.4, 0.1, 0.8].flatMap(confidence =>
  [0.2, 0.7].map((iou): { [name: string]: Json } => ({ confidence, iou, limits: { cat: 20, dog: 100 * confidence } })),
)

describe('a pipeline as a function', () => {
  it.each([1e8, 40_000])(
    'gives what its steps give one after the other, with %d bytes of memory',
    async memoryBytes => {
      const compiled = await functionIn(files)
      const run = await open(compiled, memoryBytes)
      expect(run.ids).toEqual(ids)
      for (const params of [{}, ...configurations]) {
        const evaluated = await run.evaluate(ids.map(id => ({ id, params })))
        expect(await evaluated.outputs(names)).toEqual(await plainly(ids, () => params))
        const some = [1, 3, 4]
        const expected = await plainly(
          some.map(i => ids[i]!),
          () => params,
        )
        expect(await evaluated.outputs(names, some)).toEqual(expected)
      }
    },
  )

  it('treats each item with its own parameters', async () => {
    const run = await open(await functionIn(files))
    const paramsOf = (id: string) => configurations[ids.indexOf(id)]!
    const evaluated = await run.evaluate(ids.map(id => ({ id, params: paramsOf(id) })))
    expect(await evaluated.outputs(names)).toEqual(await plainly(ids, paramsOf))
  })

  it('counts an item several times where every reduction says what it makes of one', async () => {
    const compiled = await functionIn({
      ...files,
      'pipelines/score.yaml': score.replace(/ {2}errors:.*\n/, '').replace(', errors: errors.metrics', ''),
    })
    const run = await open(compiled)
    expect(run.resamples).toBe(true)
    const evaluated = await run.evaluate(ids.map(id => ({ id, params: {} })))
    const scoreOf = async (positions: readonly number[]) =>
      ((await evaluated.outputs(['metrics'], positions))['metrics'] as Metrics)['cells']!['score']!
    const [first, second] = [await scoreOf([0]), await scoreOf([1])]
    expect(await scoreOf([0, 0, 1])).toBeCloseTo((2 * first + second) / 3, 12)
  })

  it('runs no step again whose values did not change', async () => {
    const compiled = await functionIn(files)
    let filtered = 0
    let measured = 0
    const nodes = new Map(registry.nodes)
    const count = (name: string, change: (node: NodeDefinition) => NodeDefinition) =>
      nodes.set(name, change(nodes.get(name)!))
    count('instances/filter', node => ({
      ...node,
      run: (...all) => {
        filtered++
        return node.run(...all)
      },
    }))
    count('evaluate/cells', node => ({
      ...node,
      parts: {
        ...node.parts!,
        of: (...all) => {
          measured++
          return node.parts!.of(...all)
        },
      },
    }))
    const inputs = { instances: collectionOf(part('found')), truth: collectionOf(part('truth')) }
    const services = { registry: { ...registry, nodes }, outer: testRun().context, memoryBytes: 1e8 }
    const run = await openFunction(compiled, inputs, services)
    const evaluate = async (params: FunctionParams) => {
      const evaluated = await run.evaluate(ids.map(id => ({ id, params })))
      return evaluated.outputs(['metrics'])
    }
    await evaluate({ confidence: 0 })
    expect([filtered, measured]).toEqual([6, 6])
    await evaluate({ confidence: 0 })
    // No score lies between these two: the first step gives the same, and the others are not run.
    await evaluate({ confidence: 0.0001 })
    expect([filtered, measured]).toEqual([6, 6])
    await evaluate({ confidence: 0, limits: { cat: 0, dog: 0 } })
    expect(filtered).toBe(12)
  })

  it('says in which step, with which parameters and of which item something failed', async () => {
    const run = await open(await functionIn(files))
    const params = { limits: { cat: 1 } }
    await expect(run.evaluate([{ id: 'image2', params }])).rejects.toThrow(
      'step clean/large, min_area_px {"cat":1}, item image2: min_area_px has no number for dog',
    )
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const run = await open(await functionIn(files), 1e8, stop.signal)
    stop.abort(new Error('enough'))
    await expect(run.evaluate([{ id: 'image0', params: {} }])).rejects.toThrow('enough')
  })

  it('needs all items at all inputs, and room for them', async () => {
    const compiled = await functionIn(files)
    const { image0: _, ...others } = part('truth')
    const inputs = { instances: collectionOf(part('found')), truth: collectionOf(others) }
    const services = { registry, outer: testRun().context, memoryBytes: 1e8 }
    await expect(openFunction(compiled, inputs, services)).rejects.toThrow('item image0 is missing at input truth')
    await expect(open(compiled, 1000)).rejects.toThrow('the inputs take more than 0 MiB in memory')
  })
})
