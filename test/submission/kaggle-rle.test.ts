import { readFileSync } from 'node:fs'
import { assert, asyncProperty, constantFrom } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { annotationsKaggleRle } from '../../nodes/annotations/kaggle-rle.ts'
import { submissionKaggleRle } from '../../nodes/submission/kaggle-rle.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, collectionOf, scatter, typedRun } from '../helpers/collections.ts'
import { type DenseMask, decoded, denseMasks, drawn, encoded, rows } from '../helpers/dense-masks.ts'
import { runNode, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

async function write(instances: { [id: string]: Instances }, params: object = {}): Promise<string> {
  const run = typedRun({ instances: [classesOf('shoe', 'hat')] })
  const given = withDefaults(submissionKaggleRle, params)
  const { file } = await runNode(submissionKaggleRle, { instances: collectionOf(instances) }, given, run)
  return file as string
}

const written = async (...given: Parameters<typeof write>) => readFileSync(await write(...given), 'utf8')

function instancesOf(...masks: DenseMask[]): Instances {
  return {
    sizeHw: [masks[0]!.height, masks[0]!.width],
    boxesXyxy: new Float64Array(4 * masks.length),
    scores: new Float64Array(masks.length).fill(0.5),
    labels: Int32Array.from(masks, (_, i) => i % 2),
    masks: encoded(...masks),
  }
}

describe('submission/kaggle-rle', () => {
  const two = instancesOf(drawn('##./#..'), drawn('..#/..#'))
  const none = { ...instancesOf(drawn('...')), ...boxless() }

  function boxless() {
    return {
      scores: new Float64Array(0),
      labels: new Int32Array(0),
      boxesXyxy: new Float64Array(0),
      masks: { ...encoded(drawn('...')), offsets: Uint32Array.of(0) },
    }
  }

  it('writes one row for each object and one for an image without any', async () => {
    expect(await written({ b: two, a: none })).toBe('id,predicted\na,\nb,1 2 4 1\nb,3 1 6 1\n')
    expect(await written({ b: two, a: none }, { no_objects: 'no-row' })).toBe('id,predicted\nb,1 2 4 1\nb,3 1 6 1\n')
  })

  it('writes the layout of iMaterialist', async () => {
    const params = {
      order: 'column-major',
      id_column: 'ImageId',
      id_extension: '.jpg',
      mask_column: 'EncodedPixels',
      class_column: 'ClassId',
      no_objects_class: '23',
    }
    expect(await written({ b: two, a: none }, params)).toBe(
      'ImageId,EncodedPixels,ClassId\na.jpg,,23\nb.jpg,1 3,shoe\nb.jpg,5 2,hat\n',
    )
  })

  it('comes back through the reader', async () => {
    await assert(
      asyncProperty(denseMasks(3), constantFrom('row-major', 'column-major'), async (masks, order) => {
        const path = await write({ x: instancesOf(...masks) }, { order, overlaps: 'accept' })
        const { height: heightPx, width: widthPx } = masks[0]!
        const picture = { sha256: 'a'.repeat(64), widthPx, heightPx, channels: 1, bitDepth: 8, format: 'png' }
        const params = { path: { path, sha256: '' }, order, classes: ['cell'], mask_column: 'predicted' }
        const given = withDefaults(annotationsKaggleRle, params)
        const [item] = await scatter(annotationsKaggleRle, { images: collectionOf({ x: picture }) }, given, testRun())
        const { masks: read, scores } = item!.outputs['instances'] as Instances
        const pictures = Array.from(scores, (_, i) => rows(decoded(read, i)))
        expect(pictures).toEqual(masks.filter(({ pixels }) => pixels.includes(1)).map(rows))
      }),
    )
  })

  it('refuses objects that overlap, with image and extent, and skips those without a pixel', async () => {
    const overlapping = instancesOf(drawn('##.'), drawn('.##'))
    await expect(written({ x: overlapping })).rejects.toThrow('objects of the image x overlap: 1 pixels')
    expect(await written({ x: overlapping }, { overlaps: 'accept' })).toBe('id,predicted\nx,1 2\nx,2 2\n')
    const empty = instancesOf(drawn('...'), drawn('##.'))
    expect(await written({ x: empty })).toBe('id,predicted\nx,1 2\n')
    expect(await written({ x: empty }, { empty_masks: 'write' })).toBe('id,predicted\nx,\nx,1 2\n')
  })
})
