import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { annotationsCoco } from '../../nodes/annotations/coco.ts'
import { annotationsOpenImages } from '../../nodes/annotations/open-images.ts'
import { decodeDense, maskAreas } from '../../nodes/kernels/rle.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { type Instances, instancesKind } from '../../nodes/values/instances.ts'
import type { Table } from '../../nodes/values/table.ts'
import { classesOf, collectionOf, scatter } from '../helpers/collections.ts'
import { goldenPath } from '../helpers/demo.ts'
import { type TestRun, testCheck, testRun } from '../helpers/run-context.ts'

const golden = (name: string) => ({ path: goldenPath(`open-images/${name}`), sha256: '' })
const defaults = { other_classes: 'refuse', resize: 'bilinear' }

function ref(widthPx: number, heightPx: number): ImageRef {
  return { sha256: 'a'.repeat(64), widthPx, heightPx, channels: 3, bitDepth: 8, format: 'jpeg' }
}

describe('annotations/open-images on three scenes', async () => {
  const coco = JSON.parse(await readFile(golden('coco.json').path, 'utf8')) as {
    images: { file_name: string; width: number; height: number }[]
    categories: { mid: string; name: string }[]
  }
  const images = coco.images.map(({ file_name, width, height }) => [file_name.replace('.jpg', ''), ref(width, height)])
  const classes = { classes: coco.categories.map(({ mid, name }) => ({ id: mid, name })) }
  const inputs = { images: collectionOf(Object.fromEntries(images) as { [id: string]: ImageRef }), classes }
  const params = { ...defaults, masks: golden('masks.csv'), mask_folder: golden('masks'), boxes: golden('boxes.csv') }

  it('gives the masks, classes and boxes that the COCO file of the same scenes gives', async () => {
    const rules = { item_id: 'stem', class_id: 'mid', without_mask: 'refuse', path: golden('coco.json') }
    const expected = new Map(
      (await scatter(annotationsCoco, {}, rules, testRun())).map(item => [item.id, item.outputs]),
    )
    const items = await scatter(annotationsOpenImages, inputs, params, testRun())
    expect(items.map(({ id }) => id)).toEqual([...expected.keys()].sort())
    for (const { id, outputs } of items) {
      const found = outputs['instances'] as Instances
      const { masks, labels, boxesXyxy } = expected.get(id)!['instances'] as Instances
      expect(found.masks).toEqual(masks)
      expect(found.labels).toEqual(labels)
      // Shares with six decimals of at most 320 pixels.
      for (const [k, side] of found.boxesXyxy.entries()) expect(Math.abs(side - boxesXyxy[k]!)).toBeLessThan(2e-4)
      expect(found.groupOf).toEqual(new Uint8Array(labels.length))
      instancesKind.encode(found)
    }
  })

  it('lists the verified classes of an image when their file is given', async () => {
    const items = await scatter(
      annotationsOpenImages,
      inputs,
      { ...params, image_labels: golden('image-labels.csv') },
      testRun(),
    )
    const { rows } = items.find(({ id }) => id === '5df4c88f035f0bbc')!.outputs['labels'] as Table
    expect(rows).toContainEqual(['/m/01yrx', 1])
    expect(items.reduce((sum, { outputs }) => sum + (outputs['labels'] as Table).rows.length, 0)).toBe(22)
  })
})

describe('annotations/open-images', () => {
  const maskHeader = 'MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks'
  const boxHeader = 'ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsGroupOf'

  /** One 2 × 2 mask of class cat whose upper left pixel is set, and the CSVs given. */
  async function read(
    masks: readonly string[],
    boxes: readonly string[] | undefined,
    images: { [id: string]: ImageRef },
    params: object = {},
    run: TestRun = testRun(),
  ): Promise<Map<string, Instances>> {
    const folder = mkdtempSync(join(tmpdir(), 'maskloom-test-'))
    mkdirSync(join(folder, 'masks'))
    await sharp(Uint8Array.of(1, 0, 0, 0), { raw: { width: 2, height: 2, channels: 1 } })
      .png()
      .toFile(join(folder, 'masks/m.png'))
    mkdirSync(join(folder, 'masks/by-m'))
    await sharp(Uint8Array.of(0, 0, 1, 1), { raw: { width: 2, height: 2, channels: 1 } })
      .png()
      .toFile(join(folder, 'masks/by-m/m.png'))
    writeFileSync(join(folder, 'masks.csv'), [maskHeader, ...masks, ''].join('\r\n'))
    if (boxes) writeFileSync(join(folder, 'boxes.csv'), [boxHeader, ...boxes, ''].join('\n'))
    const path = (name: string) => ({ path: join(folder, name), sha256: '' })
    const items = await scatter(
      annotationsOpenImages,
      { images: collectionOf(images), classes: classesOf('cat', 'dog') },
      {
        ...defaults,
        masks: path('masks.csv'),
        mask_folder: path('masks'),
        ...(boxes && { boxes: path('boxes.csv') }),
        ...params,
      },
      run,
    )
    return new Map(items.map(({ id, outputs }) => [id, outputs['instances'] as Instances]))
  }

  const row = 'm.png,a,cat,1,0.0,0.5,0.0,0.5,1,'

  it('resizes a mask to its image, bilinearly or to the nearest pixel', async () => {
    const bilinear = (await read([row], undefined, { a: ref(8, 4) })).get('a')!
    expect([...decodeDense(bilinear.masks, 0, 'row-major')]).toEqual([
      ...[1, 1, 1, 1, 0, 0, 0, 0],
      ...[1, 1, 1, 0, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 0, 0, 0, 0],
    ])
    const nearest = (await read([row], undefined, { a: ref(8, 4) }, { resize: 'nearest' })).get('a')!
    expect([...maskAreas(nearest.masks)]).toEqual([8])
    expect([...nearest.boxesXyxy]).toEqual([0, 0, 4, 2])
    expect(nearest.groupOf).toBeUndefined()
  })

  it('keeps all that is not black after the resize, as published converters do', async () => {
    const any = (await read([row], undefined, { a: ref(8, 4) }, { resize: 'bilinear-any' })).get('a')!
    const line = [1, 1, 1, 1, 1, 1, 0, 0]
    expect([...decodeDense(any.masks, 0, 'row-major')]).toEqual([...line, ...line, ...line, 0, 0, 0, 0, 0, 0, 0, 0])
  })

  it('looks for masks in a folder named by their first character', async () => {
    const found = await read([row], undefined, { a: ref(2, 2) }, { subfolder: 'by-{first}' })
    expect([...decodeDense(found.get('a')!.masks, 0, 'row-major')]).toEqual([0, 0, 1, 1])
    const elsewhere = read([row], undefined, { a: ref(2, 2) }, { subfolder: 'of-{first}' })
    await expect(elsewhere).rejects.toThrow(/of-m.m\.png/)
  })

  it.each([
    ['a picture of another kind', 'm.jpg', {}],
    ['a hidden file', '.m.png', {}],
    ['a hidden folder', '.by/m.png', {}],
    ['a folder above that the first character leads to', '.m.png', { subfolder: '{first}{first}' }],
  ])('reads no mask that the key of the step does not cover: %s', async (_, maskPath, params) => {
    const outside = read([row.replace('m.png', maskPath)], undefined, { a: ref(2, 2) }, params)
    await expect(outside).rejects.toThrow(
      /row 2, column MaskPath.*leads to .*; expected a \.png below the masks folder/,
    )
  })

  it('marks group-of instances and keeps boxes without mask as instances without a pixel', async () => {
    const boxes = [
      'a,x,cat,1,0.0,0.5,0.0,0.500001,1',
      'a,x,dog,1,0.0,0.5,0.0,0.5,0',
      'a,x,dog,1,0.2,0.4,0,1,1',
      'b,x,dog,1,0,1,0,1,1',
    ]
    const { groupOf, labels, masks, boxesXyxy } = (await read([row], boxes, { a: ref(10, 10) })).get('a')!
    expect([...labels]).toEqual([0, 1, 1])
    expect([...groupOf!]).toEqual([1, 0, 1])
    expect([...maskAreas(masks)].map(area => area > 0)).toEqual([true, false, false])
    expect([...boxesXyxy.slice(8)]).toEqual([2, 0, 4, 10])
  })

  it('makes an item of every image at its input and of no other', async () => {
    const items = await read([row], undefined, { a: ref(2, 2), b: ref(3, 3) })
    expect([...items.keys()]).toEqual(['a', 'b'])
    expect(items.get('b')!.scores).toHaveLength(0)
    expect((await read([row], undefined, { c: ref(2, 2) })).get('c')!.scores).toHaveLength(0)
  })

  it('leaves rows of other classes out when asked, and says how many', async () => {
    const run = testRun()
    const fox = row.replace('cat', 'fox')
    const items = await read([row, fox], undefined, { a: ref(2, 2) }, { other_classes: 'skip' }, run)
    expect([...items.get('a')!.labels]).toEqual([0])
    expect(run.notes).toEqual(['1 rows of classes outside the class list left out'])
  })

  it.each([
    [
      'an unknown class',
      row.replace('cat', 'fox'),
      'masks.csv, row 2, column LabelName: there is no class fox among the 2',
    ],
    ['a path out of the folder', row.replace('m.png', '../m.png'), 'row 2, column MaskPath: is "../m.png"'],
    ['a mask that is not there', row.replace('m.png', 'n.png'), 'n.png cannot be read'],
    [
      'a coordinate that is no number',
      row.replace('0.5,0.0', 'x,0.0'),
      'row 2, column BoxXMax: is "x"; expected a number',
    ],
    ['a row cut short', 'm.png,a,cat', 'row 2: is cut before column BoxXMin'],
  ])('refuses %s and says where', async (_name, line, message) => {
    await expect(read([line], undefined, { a: ref(2, 2) })).rejects.toThrow(message)
  })

  it('names the columns that a file lacks', async () => {
    const params = { ...defaults, masks: golden('boxes.csv'), mask_folder: golden('masks') }
    const inputs = { images: collectionOf({ a: ref(2, 2) }), classes: classesOf('cat') }
    await expect(scatter(annotationsOpenImages, inputs, params, testRun())).rejects.toThrow(
      'boxes.csv, row 1: has no column MaskPath, BoxXMin, BoxXMax, BoxYMin, BoxYMax',
    )
  })

  it('has the classes of its input', async () => {
    const check = testCheck({ inputs: { classes: [classesOf('cat')] } })
    expect(await annotationsOpenImages.types!({} as never, check.context)).toEqual({ instances: classesOf('cat') })
  })
})
