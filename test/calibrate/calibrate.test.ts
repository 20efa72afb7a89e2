import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { calibrateFile } from '../../nodes/calibrate/file.ts'
import { calibrateFit } from '../../nodes/calibrate/fit.ts'
import { instancesCalibrate } from '../../nodes/instances/calibrate.ts'
import { fitIsotonic, fitTemperature } from '../../nodes/kernels/calibration.ts'
import { type Calibrations, calibrationKind, calibrationProblem, fitOfClass } from '../../nodes/values/calibration.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Metrics } from '../../nodes/values/metrics.ts'
import { selectionOf } from '../../nodes/values/selection.ts'
import type { Table } from '../../nodes/values/table.ts'
import { classesOf, collectionOf, typedRun } from '../helpers/collections.ts'
import { type BoxSpec, boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const scene = (...specs: BoxSpec[]) => boxInstances([64, 64], specs)

/** Twelve images with a cat each; the model is sure of itself, and right in every second. Dogs: one, missed. */
const ids = Array.from({ length: 12 }, (_, i) => `image-${String.fromCharCode(97 + i)}`)
const truth = Object.fromEntries(
  ids.map((id, i) => [
    id,
    scene({ label: 0, box: [0, 0, 20, 20] }, ...(i === 0 ? [{ label: 1, box: [40, 40, 60, 60] } as const] : [])),
  ]),
)
const found = Object.fromEntries(
  ids.map((id, i) => {
    const at = i % 2 === 0 ? 0 : 30
    const dog = i < 3 ? [{ label: 0, score: 0.4 + i / 10, box: [0, 40, 9, 49] } as const] : []
    return [id, scene({ label: 1, score: 0.9 + i / 200, box: [at, at, at + 20, at + 20] }, ...dog)]
  }),
)
const inputTypes = { truth: [classesOf('cat', 'dog')], instances: [classesOf('dog', 'cat')] }

async function fitted(params: object = {}, folds?: readonly (readonly string[])[]) {
  const run = typedRun(inputTypes, { wanted: Object.keys(calibrateFit.outputs) })
  const defaults = Object.fromEntries(
    Object.entries(calibrateFit.params.properties).map(([name, schema]) => [name, schema['default']]),
  )
  const inputs = {
    instances: collectionOf<Instances>(found),
    truth: collectionOf<Instances>(truth),
    ...(folds && { folds: folds.map(selectionOf) }),
  }
  const outputs = await runNode(calibrateFit, inputs, { ...defaults, min_detections: 5, ...params }, run)
  return {
    calibration: outputs['calibration'] as Calibrations,
    table: outputs['table'] as Table,
    classes: outputs['classes'] as Table,
    metrics: outputs['metrics'] as Metrics,
    plot: new TextDecoder().decode(outputs['plot'] as Uint8Array),
    notes: run.notes,
  }
}

const even = ids.filter((_, i) => i % 4 < 2)
const odd = ids.filter((_, i) => i % 4 >= 2)
const catScores = Float64Array.from(ids, (_, i) => 0.9 + i / 200)
const catRight = Uint8Array.from(ids, (_, i) => (i % 2 === 0 ? 1 : 0))

describe('calibrate/fit', () => {
  it('fits each class to its detections over all images, classes met by id', async () => {
    const { calibration, classes, metrics, notes } = await fitted()
    expect(calibration.fits).toHaveLength(1)
    expect(calibration.fits[0]!.classes).toEqual({ cat: { temperature: fitTemperature(catScores, catRight) } })
    // Three dogs are fewer than five, so they take the fit of all fifteen.
    const all = Float64Array.of(...catScores, 0.4, 0.5, 0.6)
    const temperature = fitTemperature(all, Uint8Array.of(...catRight, 0, 0, 0))
    const others = calibration.fits[0]!.others as { readonly temperature: number }
    expect(others.temperature).toBeCloseTo(temperature, 9)
    expect(classes.rows.map(row => row.slice(0, 5))).toEqual([
      ['cat', 'cat', 12, 6, 'its own'],
      ['dog', 'dog', 3, 0, 'others'],
    ])
    expect(metrics['before']).toMatchObject({ detections: 15, accuracy: 0.4 })
    expect(metrics['after']!['ECE']).toBeLessThan(metrics['before']!['ECE']!)
    expect(notes[0]).toContain('(in-sample), over 15 detections in 12 images')
  })

  it('says of an image what the other folds say', async () => {
    const { calibration, metrics, notes } = await fitted({ method: 'isotonic', by: 'all' }, [even, odd])
    expect(calibration.fits).toHaveLength(3)
    expect(calibration.folds['image-a']).toBe(0)
    expect(calibration.folds['image-c']).toBe(1)
    const chosen = [...ids.keys()].filter(i => i % 4 >= 2)
    const scores = Float64Array.of(...chosen.map(i => catScores[i]!), 0.4 + 2 / 10)
    const right = Uint8Array.of(...chosen.map(i => catRight[i]!), 0)
    expect(calibration.fits[1]!.others).toEqual(fitIsotonic(scores, right))
    const flattering = await fitted({ method: 'isotonic', by: 'all' })
    expect(flattering.metrics['after']!['ECE']).toBeCloseTo(0, 12)
    expect(metrics['after']!['ECE']).toBeGreaterThan(0.005)
    expect(notes[0]).toContain('(out of fold)')
  })

  it('leaves out detections of what does not count', async () => {
    const crowd = { ...truth['image-a']!, crowd: Uint8Array.of(1, 0) }
    const run = typedRun(inputTypes, { wanted: [] })
    const inputs = { instances: collectionOf({ a: found['image-a']! }), truth: collectionOf({ a: crowd }) }
    const params = { method: 'rank', by: 'all', min_detections: 1, iou: 0.5, compare: 'masks', bins: 10 }
    const { classes } = await runNode(calibrateFit, inputs, params, run)
    expect((classes as Table).rows.map(row => row[2])).toEqual([0, 1])
  })

  it('compares boxes when asked', async () => {
    const torn = { ...found['image-a']!, boxesXyxy: found['image-a']!.boxesXyxy.map(v => v / 2) }
    for (const [compare, right] of [
      ['masks', 1],
      ['boxes', 0],
    ] as const) {
      const run = typedRun(inputTypes, { wanted: [] })
      const inputs = { instances: collectionOf({ a: torn }), truth: collectionOf({ a: truth['image-a']! }) }
      const params = { method: 'rank', by: 'all', min_detections: 1, iou: 0.5, compare, bins: 10 }
      const { classes } = await runNode(calibrateFit, inputs, params, run)
      expect((classes as Table).rows[0]![3]).toBe(right)
    }
  })

  it('draws and tabulates reliability', async () => {
    const { table, plot } = await fitted()
    expect(table.columns).toHaveLength(8)
    expect(table.rows).toHaveLength(10)
    expect(table.rows.reduce((sum, row) => sum + (row[2] as number), 0)).toBe(15)
    expect(plot).toContain('before, ECE')
  })

  it.each([
    ['no folds', {}, { in_sample: false }, 'this would be judged on the images it is fitted on'],
    [
      'folds and in_sample',
      { folds: [{}, {}] },
      { in_sample: true },
      '`folds` is bound, so nothing is judged in-sample',
    ],
    ['one fold', { folds: [{}] }, { in_sample: false }, 'there is one fold, so nothing is left to fit on'],
  ])('refuses %s before anything runs', async (_, types, params, message) => {
    const { context, problems } = testCheck({ inputs: { ...inputTypes, ...types } })
    await calibrateFit.types!(params as never, context)
    expect(problems.map(problem => problem.message)).toEqual([message])
  })

  it.each([
    ['none', [even, odd.slice(1)], 'item image-c is held out by no fold'],
    ['two', [even, ids], 'item image-a is held out by the folds 0 and 1'],
  ])('refuses an item that is held out by %s', async (_, folds, message) => {
    await expect(fitted({}, folds)).rejects.toThrow(message)
  })
})

describe('instances/calibrate', () => {
  const calibration: Calibrations = {
    method: 'isotonic',
    fits: [
      { others: { temperature: 1 }, classes: { cat: { scores: [0, 1], values: [0.5, 0.7] } } },
      { others: { scores: [0.5], values: [0.25] }, classes: {} },
    ],
    folds: { known: 0 },
  }
  const instances = scene(
    { label: 1, score: 0.5, box: [0, 0, 9, 9] },
    { label: 0, score: 0.9, box: [9, 9, 20, 20] },
    { label: 1, score: 1, box: [20, 20, 30, 30] },
  )
  const types = { instances: [classesOf('dog', 'cat')] }

  it('maps scores class by class, and leaves the rest alone', async () => {
    const run = typedRun(types, { itemId: 'new', wanted: ['instances'] })
    const { instances: out } = (await runNode(instancesCalibrate, { instances, calibration }, {}, run)) as {
      instances: Instances
    }
    expect([...out.scores].map(score => Number(score.toFixed(12)))).toEqual([0.6, 0.9, 0.7])
    expect({ ...out, scores: instances.scores }).toEqual(instances)
  })

  it('takes the fit that never saw the image', async () => {
    const run = typedRun(types, { itemId: 'known', wanted: ['instances'] })
    const { instances: out } = (await runNode(instancesCalibrate, { instances, calibration }, {}, run)) as {
      instances: Instances
    }
    expect([...out.scores]).toEqual([0.25, 0.25, 0.25])
  })

  it('refuses a calibration of other classes before anything runs', async () => {
    const { context, problems } = testCheck({ inputs: { ...types, calibration: [classesOf('bird')] } })
    await instancesCalibrate.types!({} as never, context)
    expect(problems[0]?.message).toMatch(/^no class is in both: the instances have 2 classes \(dog, cat\)/)
  })
})

describe('calibration as a value', () => {
  it('has no fit of its own for a class that only every object knows', () => {
    const [others, cat] = [{ temperature: 2 }, { temperature: 3 }]
    const fit = { others, classes: { cat } }
    expect(['cat', 'dog', 'constructor'].map(id => fitOfClass(fit, id))).toEqual([cat, others, others])
  })

  it('comes back from bytes and from the delivered file', async () => {
    const { calibration } = await fitted({ method: 'isotonic' }, [even, odd])
    const bytes = calibrationKind.encode(calibration) as Uint8Array
    expect(calibrationKind.decode(bytes)).toEqual(calibration)
    const path = join(mkdtempSync(join(tmpdir(), 'maskloom-test-')), 'calibration.json')
    writeFileSync(path, bytes)
    const read = await runNode(calibrateFile, {}, { path: { path, sha256: '' } })
    expect(calibrationKind.encode(read['calibration'] as Calibrations)).toEqual(bytes)
  })

  it.each([
    [[], 'it is not a map'],
    [{ method: 'magic' }, 'the method is "magic", expected temperature, isotonic or rank'],
    [{ method: 'rank', fits: [] }, 'there is no list of fits'],
    [{ method: 'rank', fits: [{}] }, 'fit 0 has no map of classes'],
    [{ method: 'rank', fits: [{ classes: {} }] }, 'fit 0, others: there is no calibration'],
    [
      { method: 'rank', fits: [{ others: { temperature: 0 }, classes: {} }] },
      'fit 0, others: the temperature is 0, expected a number above 0',
    ],
    [
      { method: 'rank', fits: [{ others: { temperature: 1 }, classes: { cat: {} } }] },
      'fit 0, cat: there is no temperature, and no scores with values',
    ],
    [
      { method: 'rank', fits: [{ others: { scores: [0, 1], values: [1, 0.5] }, classes: {} }] },
      'fit 0, others: value 1 is 0.5, below the one before',
    ],
    [
      { method: 'rank', fits: [{ others: { temperature: 1 }, classes: {} }], folds: { a: 0 } },
      'item a is of fold 0; there are 0 folds',
    ],
  ])('refuses %j', (value, problem) => {
    expect(calibrationProblem(value)).toBe(problem)
  })
})
