import { mkdtempSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { annotationsCoco } from '../../nodes/annotations/coco.ts'
import { decodeDense, maskAreas } from '../../nodes/kernels/rle.ts'
import { type Instances, instancesKind } from '../../nodes/values/instances.ts'
import { scatter } from '../helpers/collections.ts'
import { demoPath } from '../helpers/demo.ts'
import { testCheck, testRun } from '../helpers/run-context.ts'

const defaults = { item_id: 'stem', class_id: 'name', without_mask: 'refuse' }
const square = [
  [1, 1, 1, 3, 3, 3, 3, 1],
  [3, 3, 3, 4, 4, 4, 4, 3],
]
const document = {
  images: [
    { id: 7, file_name: 'a/one.jpg', width: 5, height: 4 },
    { id: 3, file_name: 'b/two.tar.png', width: 5, height: 5 },
  ],
  categories: [
    { id: 9, name: 'dog', mid: '/m/dog' },
    { id: 2, name: 'cat', mid: '/m/cat' },
  ],
  annotations: [
    { id: 1, image_id: 3, category_id: 9, bbox: [1, 1, 3, 3], area: 4.5, iscrowd: 0, segmentation: square },
    { id: 2, image_id: 3, category_id: 2, segmentation: { size: [5, 5], counts: [6, 2, 3, 2, 12] }, iscrowd: 1 },
    { id: 5, image_id: 3, category_id: 2, segmentation: { size: [5, 5], counts: '62309' } },
  ],
}

function write(content: object): { path: string; sha256: string } {
  const path = join(mkdtempSync(join(tmpdir(), 'maskloom-test-')), 'truth.json')
  writeFileSync(path, JSON.stringify(content))
  return { path, sha256: 'x' }
}

async function read(content: object, params: object = {}): Promise<Map<string, Instances>> {
  const items = await scatter(annotationsCoco, {}, { ...defaults, path: write(content), ...params }, testRun())
  return new Map(items.map(({ id, outputs }) => [id, outputs['instances'] as Instances]))
}

describe('annotations/coco', () => {
  it('makes an item of every picture, also of one without annotations', async () => {
    const items = await read(document)
    expect([...items.keys()]).toEqual(['one', 'two.tar'])
    expect(items.get('one')).toMatchObject({ sizeHw: [4, 5], scores: new Float64Array(0) })
    for (const instances of items.values()) instancesKind.encode(instances)
  })

  it('names items by path or image id when asked', async () => {
    expect([...(await read(document, { item_id: 'path' })).keys()]).toEqual(['a/one', 'b/two.tar'])
    expect([...(await read(document, { item_id: 'image-id' })).keys()]).toEqual(['7', '3'])
  })

  it('reads polygons, run lengths and compressed run lengths; boxes and areas as stated or from the mask', async () => {
    const { boxesXyxy, labels, scores, masks, crowd, areasPx } = (await read(document)).get('two.tar')!
    expect([...decodeDense(masks, 0, 'row-major')]).toEqual([
      ...[0, 0, 0, 0, 0],
      ...[0, 1, 1, 0, 0],
      ...[0, 1, 1, 0, 0],
      ...[0, 0, 0, 1, 0],
      ...[0, 0, 0, 0, 0],
    ])
    expect([...maskAreas(masks)]).toEqual([5, 4, 4])
    expect(decodeDense(masks, 1, 'row-major')).toEqual(decodeDense(masks, 2, 'row-major'))
    expect([...boxesXyxy]).toEqual([1, 1, 4, 4, 1, 1, 3, 3, 1, 1, 3, 3])
    expect([...areasPx!]).toEqual([4.5, 4, 4])
    expect([...labels]).toEqual([1, 0, 0])
    expect([...scores]).toEqual([1, 1, 1])
    expect([...crowd!]).toEqual([0, 1, 0])
  })

  it('knows its classes when checked: categories by ascending id, ids from the field asked for', async () => {
    const { path } = write(document)
    const check = testCheck({ readFile: () => Buffer.from(JSON.stringify(document)) })
    const params = { ...defaults, class_id: 'mid', path: { path, sha256: 'x' } }
    expect(await annotationsCoco.types!(params as never, check.context)).toEqual({
      instances: {
        classes: [
          { id: '/m/cat', name: 'cat' },
          { id: '/m/dog', name: 'dog' },
        ],
      },
    })
    await annotationsCoco.types!({ ...params, class_id: 'midd' } as never, check.context)
    expect(check.problems).toMatchObject([
      {
        param: 'path',
        message: expect.stringContaining('category 2: has no text or number in midd; its fields are id, name, mid'),
      },
    ])
  })

  it('reads the demo truth with the boxes, areas and classes of its file', async () => {
    const path = demoPath('annotations.json')
    const file = JSON.parse(await readFile(path, 'utf8')) as {
      images: { id: number; file_name: string }[]
      annotations: { image_id: number; category_id: number; area: number; bbox: number[] }[]
    }
    const items = await scatter(annotationsCoco, {}, { ...defaults, path: { path, sha256: '' } }, testRun())
    expect(items).toHaveLength(24)
    let count = 0
    for (const [index, { id, outputs }] of items.entries()) {
      const { masks, boxesXyxy, labels } = outputs['instances'] as Instances
      const image = file.images[index]!
      const expected = file.annotations.filter(a => a.image_id === image.id)
      expect(`${id}.jpg`).toBe(image.file_name)
      expect([...maskAreas(masks)]).toEqual(expected.map(a => a.area))
      expect([...labels]).toEqual(expected.map(a => a.category_id - 1))
      expect([...boxesXyxy]).toEqual(expected.flatMap(({ bbox: [x, y, w, h] }) => [x!, y!, x! + w!, y! + h!]))
      count += labels.length
    }
    expect(count).toBe(159)
  })

  it('takes boxes as masks only when asked', async () => {
    const boxed = { ...document, annotations: [{ id: 4, image_id: 7, category_id: 2, bbox: [1, 0, 2, 3] }] }
    await expect(read(boxed)).rejects.toThrow('truth.json, annotation 4 of a/one.jpg: has no segmentation')
    const { masks } = (await read(boxed, { without_mask: 'box' })).get('one')!
    expect([...maskAreas(masks)]).toEqual([6])
  })

  const broken = (annotation: object) => ({
    ...document,
    annotations: [{ ...document.annotations[0], ...annotation }],
  })
  it.each([
    [
      'a polygon of two corners',
      broken({ segmentation: [[1, 1, 2, 2]] }),
      'annotation 1 of b/two.tar.png: polygon 0 has 4 numbers',
    ],
    [
      'run lengths of another size',
      broken({ segmentation: { size: [4, 5], counts: [20] } }),
      'segmentation.size is [4,5]',
    ],
    [
      'run lengths that do not add up',
      broken({ segmentation: { size: [5, 5], counts: [20] } }),
      'annotation 1 of b/two.tar.png: the counts add up to 20',
    ],
    ['cut text', broken({ segmentation: { size: [5, 5], counts: '6230' } }), 'annotation 1 of b/two.tar.png'],
    ['an unknown category', broken({ category_id: 4 }), 'there is no category 4'],
    ['an unknown image', broken({ image_id: 4 }), 'annotation 1: there is no image 4'],
    ['a box with a negative side', broken({ bbox: [1, 1, -2, 3] }), 'bbox is [1,1,-2,3]'],
    ['a negative area', broken({ area: -1 }), 'area is -1'],
    [
      'two pictures with one item id',
      {
        ...document,
        images: [document.images[0], { ...document.images[0], id: 8, file_name: 'c/one.png' }],
        annotations: [],
      },
      'c/one.png and a/one.jpg (image 7) both become the item one',
    ],
    [
      'an image id twice',
      { ...document, images: [document.images[0], document.images[0]] },
      'image 7: stands there twice',
    ],
    [
      'a picture without size',
      { ...document, images: [{ id: 1, file_name: 'x.png' }] },
      'image 1: width and height are nothing',
    ],
    ['a file of results', [], 'expected an object with images'],
    ['a file without images', { categories: [] }, 'has no list images'],
  ])('refuses %s and says where', async (_name, content, message) => {
    await expect(read(content)).rejects.toThrow(message)
  })
})
