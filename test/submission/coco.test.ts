import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { submissionCoco } from '../../nodes/submission/coco.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, collectionOf, typedRun } from '../helpers/collections.ts'
import { demoPath } from '../helpers/demo.ts'
import { demoTruth } from '../helpers/demo-truth.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const defaults = { item_id: 'stem', class_id: 'name', box_decimals: 2, score_decimals: 5 }
const demo = { path: demoPath('annotations.json'), sha256: '' }

async function results(
  instances: { [id: string]: Instances },
  types: ReturnType<typeof classesOf>,
  params: object = {},
): Promise<unknown> {
  const run = typedRun({ instances: [types] }, { wanted: ['file'] })
  const inputs = { instances: collectionOf(instances) }
  const { file } = await runNode(submissionCoco, inputs, { ...defaults, ...params }, run)
  return JSON.parse(await readFile(file as string, 'utf8'))
}

describe('submission/coco', () => {
  it('writes the demo truth as its annotation file has it, with the ids of that file', async () => {
    const { file, types, instances } = await demoTruth()
    const written = await results(instances, types, { ids_from: demo, class_id: 'mid' })
    expect(written).toEqual(
      file.annotations.map(({ image_id, category_id, bbox, segmentation }) => ({
        image_id,
        category_id,
        bbox,
        score: 1,
        segmentation,
      })),
    )
  })

  it('counts images and classes from 1 without a file, and rounds', async () => {
    const one = boxInstances([10, 10], [{ label: 1, score: 0.123456789, box: [1, 2, 4, 6] }])
    const moved = { ...one, boxesXyxy: Float64Array.of(1.004, 2, 4.3333, 6) }
    expect(await results({ a: boxInstances([10, 10], []), b: moved }, classesOf('x', 'y'))).toMatchObject([
      { image_id: 2, category_id: 2, bbox: [1, 2, 3.33, 4], score: 0.12346 },
    ])
  })

  it('writes an empty list when nothing was found', async () => {
    expect(await results({ a: boxInstances([10, 10], []) }, classesOf('x'))).toEqual([])
  })

  it('names the item that the file does not know', async () => {
    const types = classesOf('Apple')
    await expect(results({ other: boxInstances([9, 9], []) }, types, { ids_from: demo })).rejects.toThrow(
      'there is no image for the item other (item_id: stem)',
    )
  })

  it('reports classes that the file does not know when checked', async () => {
    const bytes = await readFile(demo.path)
    const check = testCheck({ inputs: { instances: [classesOf('/m/014j1m')] }, readFile: () => bytes })
    await submissionCoco.types!({ ...defaults, ids_from: demo } as never, check.context)
    expect(check.problems).toMatchObject([{ param: 'class_id', message: expect.stringContaining('/m/014j1m') }])
    const fitting = testCheck({ inputs: { instances: [classesOf('/m/014j1m')] }, readFile: () => bytes })
    await submissionCoco.types!({ ...defaults, ids_from: demo, class_id: 'mid' } as never, fitting.context)
    expect(fitting.problems).toEqual([])
  })
})
