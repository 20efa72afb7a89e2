import { readFile } from 'node:fs/promises'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { submissionOpenImages } from '../../nodes/submission/open-images.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, collectionOf, typedRun } from '../helpers/collections.ts'
import { demoTruth } from '../helpers/demo-truth.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const defaults = { decimals: 6, scores: 'fixed', empty_rows: 'true-size', shard_order: 'number' }
const types = classesOf('/m/cat', '/m/dog')
const ref: ImageRef = { sha256: 'a'.repeat(64), widthPx: 12, heightPx: 10, channels: 3, bitDepth: 8, format: 'png' }
const filled = boxInstances(
  [10, 12],
  [
    { label: 1, score: 0.25, box: [0, 0, 3, 3] },
    { label: 0, score: 0.9999999, box: [2, 2, 4, 4] },
    { label: 0, score: 0.00001, box: [5, 5, 7, 7] },
  ],
)
const none = boxInstances([10, 12], [])

async function submit(
  instances: { [id: string]: Instances },
  params: object = {},
  ids = Object.keys(instances),
): Promise<{ text: string; notes: readonly string[] }> {
  const run = typedRun({ instances: [types] }, { wanted: ['file'] })
  const images = collectionOf(Object.fromEntries(ids.map(id => [id, ref])))
  const inputs = { instances: collectionOf(instances), images }
  const { file } = await runNode(submissionOpenImages, inputs, { ...defaults, ...params }, run)
  return { text: await readFile(file as string, 'utf8'), notes: run.notes }
}

describe('submission/open-images', () => {
  it('writes one row for each image, in order, with the masks of the demo truth', async () => {
    const { file, types: demoTypes, instances, images } = await demoTruth()
    const run = typedRun({ instances: [demoTypes] }, { wanted: ['file'] })
    const inputs = { instances: collectionOf(instances), images }
    const outputs = await runNode(submissionOpenImages, inputs, defaults, run)
    const [header, ...rows] = (await readFile(outputs['file'] as string, 'utf8')).trimEnd().split('\n')
    expect(header).toBe('ImageID,ImageWidth,ImageHeight,PredictionString')
    expect(rows.map(row => row.split(',')[0])).toEqual(images.ids)
    for (const [index, row] of rows.entries()) {
      const image = file.images[index]!
      const [, width, height, predictions] = row.split(',')
      expect([Number(width), Number(height)]).toEqual([image.width, image.height])
      const expected = file.annotations.filter(({ image_id }) => image_id === image.id)
      const words = predictions!.split(' ')
      expect(words).toHaveLength(3 * expected.length)
      for (const [k, { category_id, segmentation }] of expected.entries()) {
        const [classId, score, text] = words.slice(3 * k, 3 * k + 3)
        expect([classId, score]).toEqual([file.categories[category_id - 1]!.mid, '1.000000'])
        expect(inflateSync(Buffer.from(text!, 'base64')).toString('latin1')).toBe(segmentation.counts)
      }
    }
    expect(run.notes[0]).toMatch(
      /^submission of 24 rows, \d+ bytes, masks per image 4 \/ 7 \/ 9 \(min \/ median \/ max\)$/,
    )
  })

  it('prints scores with the decimals asked for and never in exponent form', async () => {
    const scores = (text: string) => text.match(/\/m\/\w+ (\S+)/g)
    expect(scores((await submit({ a: filled })).text)).toEqual([
      '/m/dog 0.250000',
      '/m/cat 1.000000',
      '/m/cat 0.000010',
    ])
    expect(scores((await submit({ a: filled }, { decimals: 8 })).text)).toContain('/m/cat 0.99999990')
  })

  it('gives images without instances a row of their size, or −1 × −1', async () => {
    expect((await submit({ a: none, b: filled })).text.split('\n')[1]).toBe('a,12,10,')
    expect((await submit({ a: none }, { empty_rows: 'minus-one' })).text.split('\n')[1]).toBe('a,-1,-1,')
  })

  it('caps the masks of an image by score, in their order', async () => {
    const { text, notes } = await submit({ a: filled }, { max_per_image: 2 })
    expect(text.match(/\/m\/\w+/g)).toEqual(['/m/dog', '/m/cat'])
    expect(notes[0]).toContain('masks per image 2 / 2 / 2')
  })

  it('leaves masks without a pixel out and says so', async () => {
    const { text, notes } = await submit({ a: boxInstances([10, 12], [{ box: [1, 1, 1, 1] }]) })
    expect(text.split('\n')[1]).toBe('a,12,10,')
    expect(notes[0]).toContain('1 masks without a pixel left out')
  })

  it('quotes ids that hold a comma and finds them again', async () => {
    expect((await submit({ 'a,b': none })).text).toContain('"a,b",12,10,')
  })

  it('does not hand out a file that does not read back: a class id with a space', async () => {
    const spaced = classesOf('fire hydrant', 'dog')
    const check = testCheck({ inputs: { instances: [spaced], images: [{}] } })
    await submissionOpenImages.types!(defaults as never, check.context)
    expect(check.problems).toMatchObject([
      { input: 'instances', message: expect.stringContaining('"fire hydrant" holds a space') },
    ])
    const run = typedRun({ instances: [spaced] }, { wanted: ['file'] })
    const inputs = { instances: collectionOf({ a: filled }), images: collectionOf({ a: ref }) }
    await expect(runNode(submissionOpenImages, inputs, defaults, run)).rejects.toThrow(
      'row 2 (a), column PredictionString: has 11 words',
    )
  })

  it('refuses images without instances, instances without image, and frames of another size', async () => {
    await expect(submit({ a: none }, {}, ['a', 'b'])).rejects.toThrow('item b is missing at input instances')
    await expect(submit({ a: none, b: none }, {}, ['a'])).rejects.toThrow('item b is missing at input images')
    await expect(submit({ a: boxInstances([12, 10], []) })).rejects.toThrow(
      'a live in a 10 × 12 frame, the image is 12 × 10',
    )
  })
})
