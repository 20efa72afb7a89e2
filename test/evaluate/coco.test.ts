import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { annotationsCoco } from '../../nodes/annotations/coco.ts'
import { evaluateCoco } from '../../nodes/evaluate/coco.ts'
import { countsToMaskSet } from '../../nodes/kernels/rle.ts'
import { decodeCounts } from '../../nodes/kernels/rle-string.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { type Metrics, metricsKind } from '../../nodes/values/metrics.ts'
import { type Table, tableKind } from '../../nodes/values/table.ts'
import { classesOf, collectionOf, scatter, typedRun } from '../helpers/collections.ts'
import { goldenPath } from '../helpers/demo.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'

interface Detection {
  readonly image_id: number
  readonly category_id: number
  readonly bbox: readonly [number, number, number, number]
  readonly score: number
  readonly segmentation: { readonly size: [number, number]; readonly counts: string }
}

interface Expected {
  readonly [kind: string]: { readonly stats: { readonly [name: string]: number }; readonly byClass: readonly number[] }
}

async function golden<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(goldenPath(`evaluate/${name}.json`), 'utf8')) as T
}

/** Image ids as item ids, padded so that item order is pycocotools' order (ascending id). */
const itemId = (imageId: number | string) => String(imageId).padStart(3, '0')

async function goldenTruth(): Promise<{ [id: string]: Instances }> {
  const params = {
    path: { path: goldenPath('evaluate/truth.json'), sha256: '' },
    item_id: 'image-id',
    class_id: 'id',
    without_mask: 'refuse',
  }
  const items = await scatter(annotationsCoco, {}, params, testRun())
  return Object.fromEntries(items.map(({ id, outputs }) => [itemId(id), outputs['instances'] as Instances]))
}

function toInstances(detections: readonly Detection[], sizeHw: readonly [number, number]): Instances {
  return {
    sizeHw,
    boxesXyxy: Float64Array.from(detections.flatMap(({ bbox: [x, y, w, h] }) => [x, y, x + w, y + h])),
    scores: Float64Array.from(detections, ({ score }) => score),
    // The labels of another list order than the truth's: category 12 is label 0.
    labels: Int32Array.from(detections, ({ category_id }) => 12 - category_id),
    masks: countsToMaskSet(
      detections.map(({ segmentation }) => decodeCounts(segmentation.counts, sizeHw)),
      sizeHw,
    ),
  }
}

const ids = Array.from({ length: 12 }, (_, index) => String(index + 1))
const inputTypes = { truth: [classesOf(...ids)], instances: [classesOf(...ids.toReversed())] }

async function evaluate(
  instances: { [id: string]: Instances },
  truth: { [id: string]: Instances },
  params: object = {},
): Promise<{ metrics: Metrics; table: Table; notes: readonly string[] }> {
  const run = typedRun(inputTypes, { wanted: ['metrics', 'table'] })
  const outputs = await runNode(
    evaluateCoco,
    { instances: collectionOf(instances), truth: collectionOf(truth) },
    { max_detections: 100, rules: 'fixed', boundary: false, bootstrap: 0, seed: 0, ...params },
    run,
  )
  return { metrics: outputs['metrics'] as Metrics, table: outputs['table'] as Table, notes: run.notes }
}

async function goldenRun(rules: string): ReturnType<typeof evaluate> {
  const truth = await goldenTruth()
  const detections = await golden<Detection[]>('detections')
  const found = Object.entries(truth).map(([id, { sizeHw }]): [string, Instances] => [
    id,
    toInstances(
      detections.filter(({ image_id }) => itemId(image_id) === id),
      sizeHw,
    ),
  ])
  return evaluate(Object.fromEntries(found), truth, { rules })
}

describe('evaluate/coco', () => {
  it.each(['strict', 'fixed'])('gives the numbers of pycocotools under %s rules, classes met by id', async rules => {
    const { metrics } = await goldenRun(rules)
    const expected = (await golden<{ [rules: string]: Expected }>('expected'))[rules]!
    const orNull = (value: number) => (value === -1 ? null : value)
    for (const kind of ['box', 'mask']) {
      for (const [name, value] of Object.entries(expected[kind]!.stats)) {
        expectNumber(metrics[kind]![name], orNull(value), `${kind} ${name}`)
      }
      for (const [label, value] of expected[kind]!.byClass.entries()) {
        expectNumber(metrics[`${kind} AP by class`]![ids[label]!], orNull(value), `${kind} AP of ${label}`)
      }
    }
  })

  it('says the headline, and tables what it measured with undefined numbers left empty', async () => {
    const { metrics, table, notes } = await goldenRun('fixed')
    expect(notes).toHaveLength(1)
    expect(notes[0]).toMatch(/^box AP 0\.\d{4}, mask AP 0\.\d{4} over 12 images and 12 classes/)
    expect(table.rows).toHaveLength(13)
    expect(table.rows[0]!.slice(3, 4)).toEqual([metrics['box']!['AP']])
    expect(table.rows[4]).toEqual(['4', '4', 0, null, null, null, null, null, null])
    metricsKind.encode(metrics)
    tableKind.encode(table)
  })

  const frame = [100, 100] as const
  const truth = { a: boxInstances(frame, [{ label: 2, box: [10, 10, 50, 50] }]), b: boxInstances(frame, []) }

  it('gives 1 to predictions that are the truth, and 0 where nothing was found', async () => {
    const right = { a: boxInstances(frame, [{ label: 9, box: [10, 10, 50, 50], score: 0.9 }]), b: truth.b }
    expect((await evaluate(right, truth)).metrics['mask']).toMatchObject({
      // COCO's precision is tp / (tp + fp + 2⁻⁵²).
      AP: expect.closeTo(1, 12),
      AR100: 1,
      APs: null,
      APm: expect.closeTo(1, 12),
    })
    const nothing = { a: truth.b, b: truth.b }
    expect((await evaluate(nothing, truth)).metrics['mask']).toMatchObject({ AP: 0, AR100: 0 })
  })

  it('ignores group-of truth: neither a miss nor a false alarm', async () => {
    const group = { ...truth, a: { ...truth.a, groupOf: Uint8Array.of(1) } }
    expect((await evaluate({ a: truth.b, b: truth.b }, group)).metrics['box']).toMatchObject({ AP: null })
  })

  it('names the item that one input lacks', async () => {
    await expect(evaluate({ a: truth.b }, truth)).rejects.toThrow('item b is missing at input instances')
    await expect(evaluate({ ...truth, c: truth.b }, truth)).rejects.toThrow('item c is missing at input truth')
  })

  it('reports class lists that have nothing in common', async () => {
    const check = testCheck({ inputs: { instances: [classesOf('/m/cat')], truth: [classesOf('cat')] } })
    await evaluateCoco.types!({} as never, check.context)
    expect(check.problems).toMatchObject([{ input: 'truth', fix: expect.stringContaining('class_id: mid') }])
  })
})

function expectNumber(actual: number | null | undefined, expected: number | null, what: string): void {
  if (expected === null) expect(actual, what).toBeNull()
  else expect(actual, what).toBeCloseTo(expected, 12)
}
