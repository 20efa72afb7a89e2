import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { NodeDefinition } from '../../engine/contract/node.ts'
import { evaluateCells } from '../../nodes/evaluate/cells.ts'
import { evaluateCoco } from '../../nodes/evaluate/coco.ts'
import { evaluateErrors } from '../../nodes/evaluate/errors.ts'
import { evaluateLvis } from '../../nodes/evaluate/lvis.ts'
import { evaluateMatching } from '../../nodes/evaluate/matching.ts'
import { evaluateOpenImages } from '../../nodes/evaluate/open-images.ts'
import { evaluatePixels } from '../../nodes/evaluate/pixels.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { type Metrics, metricsKind } from '../../nodes/values/metrics.ts'
import { type Table, tableKind } from '../../nodes/values/table.ts'
import { classesOf, collectionOf, typedRun } from '../helpers/collections.ts'
import { type BoxSpec, boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const scene = (...specs: BoxSpec[]) => boxInstances([64, 64], specs)

/** Two images of two classes: a found cat, a missed dog; a found dog beside a false cat. */
const truth: { readonly [id: string]: Instances } = {
  a: scene({ label: 0, box: [0, 0, 20, 20] }, { label: 1, box: [30, 30, 50, 50] }),
  b: scene({ label: 1, box: [10, 10, 30, 30] }),
}
// The predictions list their classes the other way round, and one the truth does not know.
const found: { readonly [id: string]: Instances } = {
  a: scene({ label: 2, score: 0.9, box: [0, 0, 20, 20] }, { label: 1, score: 0.8, box: [0, 0, 9, 9] }),
  b: scene({ label: 0, score: 0.7, box: [10, 10, 30, 30] }, { label: 2, score: 0.95, box: [40, 40, 60, 60] }),
}
const inputTypes = { truth: [classesOf('cat', 'dog')], instances: [classesOf('dog', 'bird', 'cat')] }

interface Outputs {
  readonly metrics: Metrics
  readonly table: Table
  readonly curves: string
  readonly images: Table | undefined
  readonly notes: readonly string[]
}

/** Runs with the defaults of the node's parameters, and holds every output to the rules of its kind. */
async function evaluate(
  node: NodeDefinition,
  params: object = {},
  more: object = {},
  types: object = inputTypes,
): Promise<Outputs> {
  const defaults = Object.entries(node.params.properties).flatMap(([name, schema]) =>
    'default' in schema ? [[name, schema['default']]] : [],
  )
  const run = typedRun(types as typeof inputTypes, { wanted: Object.keys(node.outputs) })
  const inputs = { instances: collectionOf(found), truth: collectionOf(truth), ...more }
  const outputs = await runNode(node, inputs, { ...Object.fromEntries(defaults), ...params }, run)
  metricsKind.encode(outputs['metrics'] as Metrics)
  tableKind.encode(outputs['table'] as Table)
  return {
    metrics: outputs['metrics'] as Metrics,
    table: outputs['table'] as Table,
    images: outputs['images'] as Table | undefined,
    curves: new TextDecoder().decode((outputs['curves'] as Uint8Array | undefined) ?? new Uint8Array(0)),
    notes: run.notes,
  }
}

describe('evaluate/coco', () => {
  it('draws the curves and measures boundaries when asked', async () => {
    const { metrics, curves, table } = await evaluate(evaluateCoco, { boundary: true })
    expect(Object.keys(metrics)).toEqual([
      'box',
      'mask',
      'boundary',
      'box AP by class',
      'mask AP by class',
      'boundary AP by class',
    ])
    // Cat: found, but below a false one; dog: one of two.
    expect(metrics['mask']?.['AP']).toBeCloseTo((0.5 + 51 / 101) / 2, 9)
    expect(table.columns).toContain('boundary AP50')
    expect(curves).toMatch(/^<svg /)
    expect(curves.match(/class="mark-line /g)).toHaveLength(9)
  })

  it('adds intervals that hold the number, the same for the same seed', async () => {
    const one = await evaluate(evaluateCoco, { bootstrap: 60, seed: 5 })
    const again = await evaluate(evaluateCoco, { bootstrap: 60, seed: 5 })
    expect(again.metrics).toEqual(one.metrics)
    expect(one.metrics['box low']?.['AP50']).toBeLessThanOrEqual(one.metrics['box']!['AP50']!)
    expect(one.metrics['box high']?.['AP50']).toBeGreaterThanOrEqual(one.metrics['box']!['AP50']!)
    expect(one.metrics['box low']?.['APl']).toBeNull()
    expect(Object.keys(one.metrics)).toHaveLength(12)
  })
})

describe('evaluate/open-images', () => {
  it('counts detections only where their class was annotated or verified', async () => {
    const plain = await evaluate(evaluateOpenImages)
    // The false cat of image b is forgiven: nobody looked for cats there.
    expect(plain.metrics['AP by class']).toEqual({ cat: 1, dog: 0.5 })
    const verified: Table = { columns: ['class', 'confidence'], rows: [['cat', 0]] }
    const none: Table = { columns: ['class', 'confidence'], rows: [] }
    const labels = collectionOf({ a: none, b: verified })
    const strict = await evaluate(evaluateOpenImages, {}, { labels })
    expect(strict.metrics['AP by class']).toEqual({ cat: 0.5, dog: 0.5 })
    expect(strict.metrics['open images']).toEqual({ mAP: 0.5, classes: 2, truths: 3 })
    expect(strict.curves.match(/class="mark-line /g)).toHaveLength(2)
    expect(strict.notes).toEqual(['Open Images mAP 0.5000 over 2 images and 2 classes (cat, dog)'])
  })

  it('lifts truth and labels to the parent classes of a hierarchy, predictions not', async () => {
    const hierarchy = { ...classesOf('animal', 'cat', 'dog'), parents: [[], [0], [0]] }
    const { metrics, table } = await evaluate(evaluateOpenImages, {}, { hierarchy })
    expect(metrics['AP by class']).toEqual({ cat: 1, dog: 0.5, animal: 0 })
    expect(table.rows.map(([id, , truths]) => [id, truths])).toEqual([
      [null, 6],
      ['cat', 1],
      ['dog', 2],
      ['animal', 3],
    ])
  })

  it('compares boxes when asked', async () => {
    const { metrics } = await evaluate(evaluateOpenImages, { mode: 'boxes', bootstrap: 20 })
    expect(metrics['open images']?.['mAP']).toBe(0.75)
    expect(metrics['open images high']?.['mAP']).toBeLessThanOrEqual(1)
  })
})

describe('evaluate/lvis', () => {
  const file = (content: object) => {
    const path = join(mkdtempSync(join(tmpdir(), 'maskloom-test-')), 'lvis.json')
    writeFileSync(path, JSON.stringify(content))
    return { path, sha256: '' }
  }
  const lists = (images: object[]) => ({
    images: images.map(image => ({ neg_category_ids: [], not_exhaustive_category_ids: [], ...image })),
    categories: [
      { id: 1, name: 'cat', frequency: 'f' },
      { id: 2, name: 'dog', frequency: 'r' },
    ],
  })

  it('forgives what was not looked for and counts what was confirmed absent', async () => {
    const free = await evaluate(evaluateLvis, { path: file(lists([{ id: 'a' }, { id: 'b' }])) })
    expect(free.metrics['mask']).toMatchObject({
      APf: expect.closeTo(1, 9),
      APr: expect.closeTo(51 / 101, 9),
      APc: null,
    })
    const checked = await evaluate(evaluateLvis, {
      path: file(lists([{ id: 'a' }, { id: 'b', neg_category_ids: [1] }])),
    })
    expect(checked.metrics['mask']?.['APf']).toBeCloseTo(0.5, 9)
    expect(checked.table.rows.map(row => row.slice(0, 4))).toEqual([
      ['cat', 'cat', 'frequent', 1],
      ['dog', 'dog', 'rare', 2],
    ])
  })

  it('explains files and items that do not fit', async () => {
    const unnamed = lists([
      { id: 1, coco_url: 'http://images/a.jpg' },
      { id: 2, coco_url: 'http://images/c.jpg' },
    ])
    await expect(evaluate(evaluateLvis, { path: file(unnamed), item_id: 'stem' })).rejects.toThrow(
      'item b is no image of',
    )
    await expect(evaluate(evaluateLvis, { path: file({ images: [{ id: 1 }], categories: [] }) })).rejects.toThrow(
      'lvis.json, images[0]: has no list neg_category_ids; this is not an LVIS file',
    )
    const check = testCheck({
      inputs: inputTypes,
      readFile: () => new TextEncoder().encode('{"images":[],"categories":[{"id":1,"name":"cat"}]}'),
    })
    await evaluateLvis.types!(
      { path: { path: 'x.json', sha256: '' }, item_id: 'stem', class_id: 'name' } as never,
      check.context,
    )
    expect(check.problems.map(({ message }) => message)).toEqual([
      'x.json, categories[0]: has the frequency undefined; expected "r", "c" or "f"',
    ])
  })
})

describe('evaluate/cells', () => {
  it('scores images, pooled counts, and classes of images', async () => {
    // Image a: the cat is hit, the dog missed; image b: the dog is hit, beside a false cat.
    const { metrics, table, images } = await evaluate(evaluateCells)
    expect(metrics['cells']).toEqual({ score: 0.5 })
    expect(images?.rows).toEqual([
      ['a', 0.5],
      ['b', 0.5],
    ])
    expect(table.rows[0]).toEqual([0.5, 2, 1, 1, 0.5])
    const byClass = await evaluate(evaluateCells, { by_class: true, bootstrap: 10 })
    expect(byClass.metrics['score by class']).toEqual({ cat: 0.5, dog: 0.5 })
    expect(byClass.metrics['cells low']).toBeDefined()
  })
})

describe('evaluate/pixels', () => {
  it('measures foreground as a whole and by class', async () => {
    const { metrics, images, table } = await evaluate(evaluatePixels, { reduce: 'pooled' })
    // 800 of 1600 px that either has are in both: two squares of four.
    expect(metrics['pixels']).toMatchObject({ jaccard: 0.5, precision: 800 / 1200, recall: 800 / 1200 })
    expect(metrics['jaccard by class']).toEqual({ cat: 0.5, dog: 0.5 })
    expect(images?.rows).toEqual([
      ['a', 0.5, 2 / 3],
      ['b', 0.5, 2 / 3],
    ])
    expect(table.rows[1]?.slice(0, 5)).toEqual(['cat', 'cat', 400, 800, 400])
  })
})

describe('evaluate/matching', () => {
  it('gives F1 and panoptic quality at each threshold', async () => {
    const { metrics, table } = await evaluate(evaluateMatching, { iou: [0.5, 0.9], bootstrap: 10 })
    expect(metrics['IoU 0.5']).toMatchObject({ precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, panopticQuality: 2 / 3 })
    expect(metrics['IoU 0.9']).toMatchObject({ classPanopticQuality: 2 / 3 })
    expect(table.rows).toHaveLength(4)
  })
})

describe('evaluate/errors', () => {
  it('says what would be gained by repairing each kind', async () => {
    const { metrics, table, notes } = await evaluate(evaluateErrors)
    expect(metrics['errors']).toEqual({ class: 0, location: 0, both: 0, duplicate: 0, background: 1, missed: 1 })
    expect(metrics['gain']?.['background']).toBeCloseTo(0.25, 9)
    expect(table.rows.map(row => row[0])).toContain('missed')
    expect(notes[0]).toContain('most is lost to background errors: nothing is there')
  })

  it('refuses thresholds the wrong way round', () => {
    const check = testCheck({ inputs: inputTypes })
    evaluateErrors.types!({ foreground_iou: 0.3, background_iou: 0.5 } as never, check.context)
    expect(check.problems[0]?.message).toBe('the background threshold 0.5 is above the foreground threshold 0.3')
  })
})

describe('classes', () => {
  it('that never meet are found before anything runs', () => {
    for (const node of [evaluateCells, evaluateOpenImages, evaluatePixels, evaluateMatching]) {
      const check = testCheck({ inputs: { truth: [classesOf('cat')], instances: [classesOf('/m/01yrx')] } })
      node.types!({} as never, check.context)
      expect(check.problems[0]?.message).toContain('no class is in both')
    }
  })
})
