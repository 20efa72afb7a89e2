import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Values } from '../../engine/contract/node.ts'
import type { CompiledFunction, FunctionParams, PipelineFunction } from '../../engine/contract/pipeline-function.ts'
import { tuneSearch } from '../../nodes/tune/search.ts'
import type { Metrics } from '../../nodes/values/metrics.ts'
import type { Table } from '../../nodes/values/table.ts'
import { testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

/**
 * A pipeline of which everything is known: an image has a target for x, and scores 1 − (x − target)². The score of several
 * is the mean; `none` is never defined.
 */
const targets: { readonly [id: string]: number } = { a: 0.1, b: 0.2, c: 0.3, d: 0.9 }

function knownFunction(evaluations: FunctionParams[] = []): PipelineFunction {
  return {
    ids: Object.keys(targets),
    resamples: true,
    evaluate: async items => {
      if (items.length === 4) evaluations.push(items[0]!.params)
      return {
        outputs: async (_names, positions = [...items.keys()]) => {
          const scores = positions.map(i => 1 - (Number(items[i]!.params['x']) - targets[items[i]!.id]!) ** 2)
          const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
          return { metrics: { group: { score: mean, loss: -mean, none: null } } }
        },
      }
    },
  }
}

const pipeline = {
  path: '/score.yaml',
  base: { x: 0.8, other: 'kept' },
  types: { x: 'number', other: 'string' },
  inputs: [],
  tasks: [],
  outputs: { metrics: { source: { input: '' }, kind: 'metrics', per: 'collection', facets: {} } },
} as unknown as CompiledFunction

const folds = [{ ids: ['a', 'b'] }, { ids: ['c', 'd'] }]

async function search(params: object, inputs: Values = { folds }, known = knownFunction()) {
  const run = testRun({ wanted: Object.keys(tuneSearch.outputs) })
  const context = { ...run.context, pipeline: async () => known }
  const usual = { pipeline, objective: 'group.score', space: { x: [0, 0.2, 0.3, 0.5] }, method: 'grid' }
  const outputs = (await tuneSearch.run(
    inputs as never,
    withDefaults(tuneSearch, { ...usual, ...params }) as never,
    context,
  )) as Values
  return {
    metrics: outputs['metrics'] as Metrics,
    table: outputs['table'] as Table,
    folds: outputs['folds'] as Table,
    params: new TextDecoder().decode(outputs['params'] as Uint8Array),
    notes: run.notes,
  }
}

/** Of the images at these targets. */
const scoreAt = (x: number, ...ids: string[]) =>
  ids.reduce((sum, id) => sum + 1 - (x - targets[id]!) ** 2, 0) / ids.length

describe('a search', () => {
  it('chooses the best, and beside it without each fold, which is scored with that', async () => {
    const { metrics, table, folds: byFold } = await search({ bootstrap: 0 })
    // By hand: 0.3 is best for all (0.8975), 0.2 for a and b (0.995), 0.5 for c and d (0.9).
    const crossValidated = (scoreAt(0.5, 'a', 'b') + scoreAt(0.2, 'c', 'd')) / 2
    expect(crossValidated).toBeCloseTo(0.8125, 12)
    const { search: numbers } = metrics as { readonly search: { readonly [name: string]: number } }
    expect(numbers['in-sample']).toBeCloseTo(0.8975, 12)
    expect(numbers['as written']).toBeCloseTo(0.7225, 12)
    expect(numbers['cross-validated']).toBeCloseTo(crossValidated, 12)
    expect(numbers['gain']).toBeCloseTo(crossValidated - 0.7225, 12)
    expect(numbers['configurations']).toBe(5)
    expect(table.rows.map(([trial, x, , chosen]) => [trial, x, chosen])).toEqual([
      [0, 0.8, null],
      [1, 0, null],
      [2, 0.2, 'without 1'],
      [3, 0.3, 'all'],
      [4, 0.5, 'without 0'],
    ])
    expect(byFold.columns).toEqual(['fold', 'items', 'x', 'score elsewhere', 'score held out'])
    const expected = [
      [0, 2, 0.5, scoreAt(0.5, 'c', 'd'), scoreAt(0.5, 'a', 'b')],
      [1, 2, 0.2, scoreAt(0.2, 'a', 'b'), scoreAt(0.2, 'c', 'd')],
    ]
    for (const [f, row] of byFold.rows.entries())
      for (const [i, value] of row.entries()) expect(Number(value)).toBeCloseTo(expected[f]![i]!, 12)
  })

  it('finds the smallest loss where less is better', async () => {
    const { metrics, params } = await search({ objective: 'group.loss', direction: 'minimize', bootstrap: 0 })
    expect(metrics['search']?.['in-sample']).toBeCloseTo(-0.8975, 12)
    expect(metrics['search']?.['gain']).toBeGreaterThan(0)
    expect(parse(params)).toEqual({ x: 0.3 })
  })

  it('keeps what is written if nothing is better', async () => {
    const { params, table } = await search({ space: { x: [0.99, 1] }, bootstrap: 0 })
    expect(parse(params)).toEqual({ x: 0.8 })
    expect(table.rows[0]?.[3]).toContain('all')
  })

  it('writes maps whole, with a line on the scores', async () => {
    const own = { ...pipeline, base: { x: 0.8, limits: { cat: 1, dog: 2 } }, types: { limits: 'map of integers' } }
    const { params } = await search({ pipeline: own, space: { x: [0.3], limits: { dog: [5] } }, bootstrap: 0 })
    expect(params).toBe(
      '# group.score: 0.8975 in-sample, 0.6975 cross-validated, 0.7225 as written\nx: 0.3\nlimits: {"cat":1,"dog":5}\n',
    )
  })

  it('says how much the scores depend on the images', async () => {
    const { metrics, notes } = await search({ bootstrap: 500 })
    for (const name of ['in-sample', 'cross-validated', 'as written', 'gain']) {
      const [low, at, high] = ['search low', 'search', 'search high'].map(group => metrics[group]![name]!) as number[]
      expect(low! < at! && at! < high!).toBe(true)
    }
    expect(notes.at(-1)).toMatch(/^group\.score: in-sample 0\.8975 \[0\.\d{4}, 0\.\d{4}\]; cross-validated /)
    expect((await search({ bootstrap: 500 })).metrics).toEqual(metrics)
  })

  it.each(['random', 'tpe'])('by %s comes near the best, and is the same for the same seed', async method => {
    const space = { x: { from: 0, to: 1 } }
    const { metrics, notes } = await search({ method, space, trials: 60, bootstrap: 0 })
    expect(metrics['search']?.['in-sample']).toBeGreaterThan(0.9)
    expect(metrics['search']?.['configurations']).toBe(61)
    const progress = notes.filter(note => note.includes(' configurations, best group.score '))
    // Ten for each search: TPE has one more for each fold.
    expect(progress.length).toBe(method === 'tpe' ? 30 : 10)
    expect((await search({ method, space, trials: 60, bootstrap: 0 })).metrics).toEqual(metrics)
    expect((await search({ method, space, trials: 60, bootstrap: 0, seed: 1 })).table).not.toEqual(
      (await search({ method, space, trials: 60, bootstrap: 0 })).table,
    )
  })

  it('evaluates each configuration once for all folds where the method does not look at scores', async () => {
    const evaluations: FunctionParams[] = []
    await search(
      { method: 'random', space: { x: { from: 0, to: 1 } }, trials: 20, bootstrap: 0 },
      { folds },
      knownFunction(evaluations),
    )
    // 21, all with what was chosen, and again for the three numbers of the report.
    expect(evaluations.length).toBe(21 + 1 + 3)
  })

  it('without folds only knows the score in-sample', async () => {
    const { metrics, folds: byFold } = await search({ in_sample: true, bootstrap: 0 }, {})
    expect(Object.keys(metrics['search']!)).toEqual(['in-sample', 'as written', 'configurations'])
    expect(byFold.rows).toEqual([])
  })

  it('says what the numbers are when the objective is none of them', async () => {
    await expect(search({ objective: 'group.scores' })).rejects.toMatchObject({
      diagnostic: { message: 'there is no number group.scores in the metrics', fix: 'did you mean group.score?' },
    })
    await expect(search({ objective: 'group.none' })).rejects.toThrow('group.none is not defined for any configuration')
  })

  it('needs each image in one fold', async () => {
    const lacking = { folds: [{ ids: ['a', 'b'] }, { ids: ['c'] }] }
    await expect(search({}, lacking)).rejects.toThrow('item d is held out by no fold')
  })
})
