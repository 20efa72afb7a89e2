import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { datasetMaskPictures } from '../../nodes/dataset/mask-pictures.ts'
import { datasetOpenImages } from '../../nodes/dataset/open-images.ts'
import { datasetYoloIndex } from '../../nodes/dataset/yolo-index.ts'
import { datasetYoloLabels } from '../../nodes/dataset/yolo-labels.ts'
import { imagesToFile } from '../../nodes/images/to-file.ts'
import { instancesRelabel } from '../../nodes/instances/relabel.ts'
import { splitsIdPart } from '../../nodes/splits/id-part.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, collectionOf, scatter, typedRun } from '../helpers/collections.ts'
import { demoPath } from '../helpers/demo.ts'
import { drawn, encoded } from '../helpers/dense-masks.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const text = (value: unknown) =>
  typeof value === 'string' ? readFileSync(value, 'utf8') : new TextDecoder().decode(value as Uint8Array)

const withMasks = (picture: string, more: object = {}): Instances => {
  const masks = encoded(...picture.split(' ').map(drawn))
  const count = masks.offsets.length - 1
  return {
    sizeHw: masks.sizeHw,
    boxesXyxy: Float64Array.from({ length: 4 * count }, (_, i) => [0, 0, 1, 1][i % 4]!),
    scores: new Float64Array(count).fill(1),
    labels: new Int32Array(count),
    masks,
    ...more,
  }
}

describe('dataset/yolo-labels', () => {
  async function lines(instances: Instances, params: object = {}) {
    const run = typedRun({ instances: [classesOf('cat', 'dog')] })
    const { file } = await runNode(datasetYoloLabels, { instances }, withDefaults(datasetYoloLabels, params), run)
    return { text: text(file), notes: run.notes }
  }

  it('writes a line for each instance, corners as shares without zeros at the end', async () => {
    const given = boxInstances([8, 3], [{ label: 1, box: [0, 0, 1, 4] }, { box: [1, 1, 3, 8] }])
    const { text, notes } = await lines(given)
    expect(text).toBe('1 0.333333 0 0.333333 0.5 0 0.5 0 0\n0 1 0.125 1 1 0.333333 1 0.333333 0.125\n')
    expect(notes).toEqual([])
  })

  it('leaves out crowds and masks without a pixel, and says so', async () => {
    const { text, notes } = await lines(withMasks('# . #', { crowd: Uint8Array.of(1, 0, 0) }))
    expect(text.split('\n')).toHaveLength(2)
    expect(notes).toEqual(['left out: crowds 1, masks without a pixel 1'])
  })

  it('keeps the largest part, and fills holes, when told', async () => {
    const ring = withMasks('###.#/#.#../###..')
    expect((await lines(ring, { parts: 'largest' })).text.split(' ')).toHaveLength(1 + 2 * (4 + 4 + 2))
    expect((await lines(ring, { parts: 'largest', holes: 'fill' })).text.split(' ')).toHaveLength(1 + 2 * 4)
    expect((await lines(ring, { holes: 'fill' })).text.split(' ')).toHaveLength(1 + 2 * (4 + 4 + 2))
  })
})

describe('dataset/yolo-index', () => {
  const instances = collectionOf({ a: boxInstances([2, 2], []), 'x/b': boxInstances([2, 2], []) })

  it('lists pictures for training and validation beside the names of the classes', async () => {
    const run = typedRun({ instances: [classesOf('cat', 'no')] })
    const params = withDefaults(datasetYoloIndex, {})
    const index = await runNode(datasetYoloIndex, { instances, valid: { ids: ['a'] } }, params, run)
    expect(text(index['data'])).toBe('train: "train.txt"\nval: "valid.txt"\nnames:\n  0: "cat"\n  1: "no"\n')
    expect([text(index['train']), text(index['valid'])]).toEqual(['./images/x/b.png\n', './images/a.png\n'])
    const whole = await runNode(datasetYoloIndex, { instances }, params, run)
    expect(text(whole['train'])).toBe('./images/a.png\n./images/x/b.png\n')
    expect(text(whole['valid'])).toBe(text(whole['train']))
  })
})

describe('dataset/open-images', () => {
  it('writes masks, boxes, image labels, classes and their tree', async () => {
    const run = typedRun({
      instances: [
        {
          classes: [
            { id: '/m/1', name: 'A, b' },
            { id: '/m/2', name: 'C' },
          ],
        },
      ],
    })
    const one = withMasks('#./.. ../.. .#/.#', { labels: Int32Array.of(1, 0, 1), groupOf: Uint8Array.of(0, 1, 0) })
    const params = withDefaults(datasetOpenImages, { path_prefix: 'train/' })
    const files = await runNode(
      datasetOpenImages,
      { instances: collectionOf({ i: one, none: boxInstances([2, 2], []) }) },
      params,
      run,
    )
    expect(text(files['masks'])).toBe(
      [
        'MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax',
        'train/i/0000.png,i,/m/2,0000,0.000000,0.500000,0.000000,0.500000',
        'train/i/0002.png,i,/m/2,0002,0.000000,0.500000,0.000000,0.500000',
        '',
      ].join('\n'),
    )
    expect(text(files['boxes']).split('\n').slice(0, 3)).toEqual([
      'ImageID,LabelName,XMin,XMax,YMin,YMax,IsGroupOf',
      'i,/m/2,0.000000,0.500000,0.000000,0.500000,0',
      'i,/m/1,0.000000,0.500000,0.000000,0.500000,1',
    ])
    expect(text(files['image_labels'])).toBe('ImageID,LabelName,Confidence\ni,/m/1,1\ni,/m/2,1\n')
    expect(text(files['classes'])).toBe('/m/1,"A, b"\n/m/2,C\n')
    expect(JSON.parse(text(files['hierarchy']))).toEqual({
      LabelName: '/m/0bl9f',
      Subcategory: [{ LabelName: '/m/1' }, { LabelName: '/m/2' }],
    })
    const children = await scatter(datasetMaskPictures, { instances: one } as never, {}, testRun())
    expect(children.map(({ id }) => id)).toEqual(['0000', '0002'])
  })
})

describe('images/to-file', () => {
  const path = demoPath('images/320b124057c7bb15.jpg')
  const bytes = readFileSync(path)
  const image = {
    sha256: sha256(bytes),
    widthPx: 320,
    heightPx: 240,
    channels: 3,
    bitDepth: 8 as const,
    format: 'jpeg',
  }
  const sources = { [image.sha256]: path }

  it('passes on a file of the format, byte for byte', async () => {
    const { file } = await runNode(
      imagesToFile,
      { image },
      withDefaults(imagesToFile, { format: 'jpeg' }),
      testRun({ sources }),
    )
    expect(Buffer.from(file as Uint8Array).equals(bytes)).toBe(true)
  })

  it('draws others, and parts of pictures, with the same pixels', async () => {
    const { file } = await runNode(imagesToFile, { image }, withDefaults(imagesToFile, {}), testRun({ sources }))
    const [drawnPixels, pixels] = await Promise.all([
      sharp(file as Uint8Array)
        .raw()
        .toBuffer(),
      sharp(bytes).raw().toBuffer(),
    ])
    expect(drawnPixels.equals(pixels)).toBe(true)
  })
})

describe('instances/relabel', () => {
  const classes = classesOf('cat', 'dog', 'bus')
  const given = boxInstances(
    [9, 9],
    [0, 1, 2, 0].map(label => ({ label, box: [0, 0, label + 1, 1] as [number, number, number, number] })),
  )

  async function relabel(changes: object) {
    const run = typedRun({ instances: [classes] })
    const { instances } = (await runNode(instancesRelabel, { instances: given }, { classes: changes }, run)) as {
      instances: Instances
    }
    const check = testCheck({ inputs: { instances: [classes] } })
    const types = (await instancesRelabel.types!({ classes: changes } as never, check.context)) as {
      instances: { classes: { id: string }[] }
    }
    const ids = types.instances.classes.map(({ id }) => id)
    return { ids, labels: Array.from(instances.labels, label => ids[label]), problems: check.problems }
  }

  it('unites, renames and leaves out', async () => {
    expect(await relabel({ others: 'thing' })).toMatchObject({
      ids: ['thing'],
      labels: ['thing', 'thing', 'thing', 'thing'],
    })
    expect(await relabel({ dog: 'animal', cat: 'animal' })).toMatchObject({
      ids: ['animal', 'bus'],
      labels: ['animal', 'animal', 'bus', 'animal'],
    })
    expect(await relabel({ dog: 'cat', others: null })).toMatchObject({ ids: ['cat'], labels: ['cat'] })
    expect(await relabel({ cat: null })).toMatchObject({ ids: ['dog', 'bus'], labels: ['dog', 'bus'] })
  })

  it('says which classes are not there, and when none is left', async () => {
    expect((await relabel({ cow: 'x' })).problems[0]!.message).toBe(
      'there is no class cow at the input instances; there are cat, dog, bus',
    )
    expect((await relabel({ others: null })).problems[0]!.message).toBe('no class is left')
  })
})

describe('splits/id-part', () => {
  const part = (pattern: string, itemId: string) =>
    runNode(splitsIdPart, { items: 0 }, { pattern }, testRun({ itemId }))

  it('is what the parentheses match, joined', async () => {
    const id = 'A172_Phase_C7_1_00d00h00m_3'
    expect(await part('^([^_]+)_[^_]+_([^_]+)_', id)).toEqual({ label: { text: 'A172_C7' } })
    await expect(part('^(x)', id)).rejects.toThrow(`the id ${id} gives no label by ^(x)`)
    await expect(part('^A172', id)).rejects.toThrow('gives no label')
  })
})
