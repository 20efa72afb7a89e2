import { mkdtempSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { annotationsCoco } from '../../nodes/annotations/coco.ts'
import { datasetCoco } from '../../nodes/dataset/coco.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, collectionOf, scatter, typedRun } from '../helpers/collections.ts'
import { demoTruth } from '../helpers/demo-truth.ts'
import { drawn, encoded } from '../helpers/dense-masks.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

interface Written {
  readonly images: { id: number; file_name: string; width: number; height: number }[]
  readonly categories: { [field: string]: unknown }[]
  readonly annotations: {
    id: number
    image_id: number
    category_id: number
    iscrowd: number
    area: number
    bbox: number[]
    segmentation: number[][] | { size: number[]; counts: string }
  }[]
}

async function written(
  instances: { [id: string]: Instances },
  types: ReturnType<typeof classesOf>,
  params: object = {},
  images?: ReturnType<typeof collectionOf<ImageRef>>,
): Promise<Written & { readonly path: string; readonly notes: readonly string[] }> {
  const run = typedRun({ instances: [types] }, { wanted: ['file'] })
  const inputs = { instances: collectionOf(instances), ...(images && { images }) }
  const { file } = await runNode(datasetCoco, inputs, withDefaults(datasetCoco, params), run)
  const document = JSON.parse(await readFile(file as string, 'utf8')) as Written
  return { ...document, path: file as string, notes: run.notes }
}

/** One instance with a drawn mask and its frame as box. */
function drawnInstance(picture: string, more: Partial<Instances> = {}): Instances {
  const masks = encoded(drawn(picture))
  const [height, width] = masks.sizeHw
  return {
    sizeHw: masks.sizeHw,
    boxesXyxy: Float64Array.of(0, 0, width, height),
    scores: Float64Array.of(1),
    labels: Int32Array.of(0),
    masks,
    ...more,
  }
}

const polygons = { segmentation: 'polygons' }

describe('dataset/coco', () => {
  it.each([
    ['run lengths', {}],
    ['polygons', { ...polygons, holes: 'run-lengths' }],
  ])('writes the demo truth as %s so that annotations/coco reads the same', async (_form, params) => {
    const { types, instances, images } = await demoTruth()
    const {
      path,
      categories,
      images: listed,
    } = await written(instances, types, { ...params, class_id: 'mid', decimals: 15 }, images)
    expect(categories[0]).toEqual({ id: 1, name: types.classes[0]!.name, mid: types.classes[0]!.id })
    expect(listed[0]).toEqual({ id: 1, file_name: `${images.ids[0]}.jpg`, width: 320, height: 240 })
    const read = withDefaults(annotationsCoco, { path: { path, sha256: '' }, class_id: 'mid' })
    const items = await scatter(annotationsCoco, {}, read, testRun())
    expect(items.map(({ id }) => id)).toEqual(images.ids)
    for (const { id, outputs } of items) expect(outputs['instances']).toEqual(instances[id])
  })

  it('numbers everything from 1, and images by a CSV if told', async () => {
    const box = (label: number) => boxInstances([10, 10], [{ label, box: [1, 2, 4, 6] }])
    const three = { a: box(0), b: box(1), c: box(0) }
    const types = classesOf('/m/x', '/m/y')
    const plain = await written(three, types)
    expect(plain.images.map(({ id, file_name }) => [id, file_name])).toEqual([
      [1, 'a.jpg'],
      [2, 'b.jpg'],
      [3, 'c.jpg'],
    ])
    expect(plain.categories).toEqual([
      { id: 1, name: '/m/x', original_id: '/m/x' },
      { id: 2, name: '/m/y', original_id: '/m/y' },
    ])
    expect(plain.annotations.map(({ id, image_id, category_id }) => [id, image_id, category_id])).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 1],
    ])
    expect(plain.annotations[0]).toMatchObject({ iscrowd: 0, area: 12, bbox: [1, 2, 3, 4] })
    const csv = join(mkdtempSync(join(tmpdir(), 'maskloom-test-')), 'masks.csv')
    writeFileSync(csv, 'MaskPath,ImageID\r\n1.png,c\r\n2.png,other\r\n3.png,a\r\n4.png,c\r\n')
    const byCsv = await written(three, types, { number_by: { path: csv, sha256: '' }, extension: 'png' })
    expect(byCsv.images.map(({ id, file_name }) => [id, file_name])).toEqual([
      [1, 'c.png'],
      [2, 'a.png'],
      [3, 'b.png'],
    ])
    expect(byCsv.annotations.map(({ id, image_id }) => [id, image_id])).toEqual([
      [1, 2],
      [2, 3],
      [3, 1],
    ])
  })

  it('writes polygons by each rule', async () => {
    const one = { a: drawnInstance('.##./.##./.##.') }
    const ring = async (params: object) =>
      (await written(one, classesOf('x'), { ...polygons, ...params })).annotations[0]!.segmentation
    expect(await ring({})).toEqual([[3, 0, 3, 3, 1, 3, 1, 0]])
    const squares = { polygons: 'marching-squares', tolerance_px: 0 }
    const indexed = (await ring({ ...squares, coordinates: 'pixel-index' })) as number[][]
    const continuous = (await ring(squares)) as number[][]
    expect(Math.min(...indexed[0]!)).toBe(0)
    expect(Math.min(...continuous[0]!)).toBe(0)
    expect(Math.max(...indexed[0]!)).toBe(2.5)
    expect(Math.max(...continuous[0]!)).toBe(3)
    const large = { a: drawnInstance('#####/#####/#####/#####') }
    const contours = await written(large, classesOf('x'), {
      ...polygons,
      polygons: 'tc89-l1',
      coordinates: 'pixel-index',
    })
    expect(contours.annotations[0]!.segmentation).toEqual([[0, 0, 0, 3, 4, 3, 4, 0]])
  })

  it('does with holes what it is told', async () => {
    const one = { a: drawnInstance('###/#.#/###') }
    const parts = async (holes: string) =>
      (await written(one, classesOf('x'), { ...polygons, holes })).annotations[0]!.segmentation
    expect(await parts('drop')).toHaveLength(1)
    expect(await parts('write')).toHaveLength(2)
    expect(await parts('run-lengths')).toMatchObject({ size: [3, 3] })
  })

  it('does with masks that are too small for a polygon what it is told, and says so', async () => {
    const small = { a: drawnInstance('#../...'), b: boxInstances([5, 5], [{ box: [1, 1, 4, 4] }]) }
    const rules = { ...polygons, polygons: 'tc89-l1' }
    const kept = await written(small, classesOf('x'), rules)
    expect(kept.annotations.map(({ image_id }) => image_id)).toEqual([1, 2])
    expect(kept.annotations[0]!.segmentation).toMatchObject({ size: [2, 3] })
    expect(kept.notes).toEqual(['2 annotations; 1 without a polygon written as run lengths'])
    const skipped = await written(small, classesOf('x'), { ...rules, without_polygon: 'skip', images_without: 'skip' })
    expect(skipped.images.map(({ id }) => id)).toEqual([2])
    expect(skipped.annotations.map(({ id, image_id }) => [id, image_id])).toEqual([[1, 2]])
    expect(skipped.notes).toEqual(['1 annotations; 1 without a polygon left out'])
  })

  it('leaves out masks without a pixel, and marks crowds and groups', async () => {
    const three = boxInstances([9, 9], [{ box: [0, 0, 3, 3] }, { box: [4, 4, 4, 4] }, { box: [5, 5, 9, 9] }])
    const marked = { ...three, groupOf: Uint8Array.of(0, 0, 1), crowd: Uint8Array.of(1, 0, 0) }
    const { annotations, notes } = await written({ a: marked }, classesOf('x'), polygons)
    expect(annotations.map(({ id, iscrowd }) => [id, iscrowd])).toEqual([
      [1, 1],
      [2, 1],
    ])
    expect(annotations.every(({ segmentation }) => !Array.isArray(segmentation))).toBe(true)
    expect(notes).toEqual(['2 annotations; 1 without a pixel left out'])
    const plain = await written({ a: marked }, classesOf('x'), { group_of: 'plain' })
    expect(plain.annotations.map(({ iscrowd }) => iscrowd)).toEqual([1, 0])
  })

  it('writes the box of the instance or of its mask', async () => {
    const one = { a: drawnInstance('..../.##./....') }
    expect((await written(one, classesOf('x'))).annotations[0]!.bbox).toEqual([0, 0, 4, 3])
    expect((await written(one, classesOf('x'), { box: 'mask' })).annotations[0]!.bbox).toEqual([1, 1, 2, 1])
  })

  it('refuses a picture of another size, and takes endings from their formats', async () => {
    const ref = (format: string, widthPx: number): ImageRef => {
      return { sha256: '0'.repeat(64), widthPx, heightPx: 3, channels: 3, bitDepth: 8, format }
    }
    const one = { a: drawnInstance('####/####/####') }
    const png = await written(one, classesOf('x'), {}, collectionOf({ a: ref('png', 4) }))
    expect(png.images[0]!.file_name).toBe('a.png')
    await expect(written(one, classesOf('x'), {}, collectionOf({ a: ref('png', 5) }))).rejects.toThrow(
      'the instances of a live in a 4 × 3 frame, the image is 5 × 3',
    )
  })

  it('is a file without annotations when there are none', async () => {
    const { images, annotations } = await written({ a: boxInstances([4, 4], []) }, classesOf('x'))
    expect([images.length, annotations]).toEqual([1, []])
  })

  it('reports a field that is taken when checked', async () => {
    const check = testCheck({ inputs: { instances: [classesOf('x')] } })
    await datasetCoco.types!(withDefaults(datasetCoco, { class_id: 'name' }) as never, check.context)
    expect(check.problems).toMatchObject([{ param: 'class_id' }])
  })
})
