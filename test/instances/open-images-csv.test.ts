import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { instancesOpenImagesCsv } from '../../nodes/instances/open-images-csv.ts'
import { maskAreas } from '../../nodes/kernels/rle.ts'
import { submissionOpenImages } from '../../nodes/submission/open-images.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { type Instances, instancesKind } from '../../nodes/values/instances.ts'
import { classesOf, collectionOf, scatter, typedRun } from '../helpers/collections.ts'
import { demoTruth } from '../helpers/demo-truth.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'

const header = 'ImageID,ImageWidth,ImageHeight,PredictionString'
const classes = classesOf('/m/cat', '/m/dog')
/** Columns 1–3, rows 1–2 of a 5 × 6 (h × w) frame, and a whole 3 × 4 frame. */
const patch = 'eNozMzI2MDCwBAAFlQFl'
const full = 'eNozsAEAAJ4AbQ=='
const ref: ImageRef = { sha256: 'a'.repeat(64), widthPx: 6, heightPx: 5, channels: 3, bitDepth: 8, format: 'png' }

function write(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'maskloom-test-')), 'theirs.csv')
  writeFileSync(path, text)
  return path
}

async function read(text: string, images?: { [id: string]: ImageRef }): Promise<Map<string, Instances>> {
  const inputs = { classes, ...(images && { images: collectionOf(images) }) }
  const items = await scatter(instancesOpenImagesCsv, inputs, { path: { path: write(text), sha256: '' } }, testRun())
  return new Map(items.map(({ id, outputs }) => [id, outputs['instances'] as Instances]))
}

describe('instances/open-images-csv', () => {
  it('reads masks at the size of their row, and boxes from the masks', async () => {
    const items = await read(`${header}\nb,6,5,/m/dog 0.5 ${patch} /m/cat 1e-05 ${patch}\na,4,3,/m/cat 1.0 ${full}\n`)
    expect([...items.keys()]).toEqual(['b', 'a'])
    const b = items.get('b')!
    expect(b.sizeHw).toEqual([5, 6])
    expect([...b.labels]).toEqual([1, 0])
    expect([...b.scores]).toEqual([0.5, 0.00001])
    expect([...b.boxesXyxy]).toEqual([1, 1, 4, 3, 1, 1, 4, 3])
    expect([...maskAreas(items.get('a')!.masks)]).toEqual([12])
    for (const instances of items.values()) instancesKind.encode(instances)
  })

  it('forgives a byte order mark, CRLF and an empty prediction', async () => {
    const items = await read(`\uFEFF${header}\r\na,6,5,/m/dog .25 ${patch}\r\nb,6,5,\r\n`)
    expect([...items.get('a')!.scores]).toEqual([0.25])
    expect(items.get('b')!.scores).toHaveLength(0)
  })

  it('takes the size of −1 × −1 rows from the images', async () => {
    const text = `${header}\na,-1,-1,\n`
    expect((await read(text, { a: ref })).get('a')!.sizeHw).toEqual([5, 6])
    await expect(read(text)).rejects.toThrow('row 2: the size of a is -1 × -1')
    await expect(read(text, { b: ref })).rejects.toThrow('there is no image a at the input images')
  })

  it('reads back what submission/open-images wrote, mask for mask', async () => {
    const { types, instances, images } = await demoTruth()
    const run = typedRun({ instances: [types] }, { wanted: ['file'] })
    const inputs = { instances: collectionOf(instances), images }
    const { file } = await runNode(submissionOpenImages, inputs, { decimals: 6, empty_rows: 'minus-one' }, run)
    const params = { path: { path: file as string, sha256: '' } }
    const items = await scatter(instancesOpenImagesCsv, { classes: types, images }, params, testRun())
    expect(items.map(({ id }) => id)).toEqual(images.ids)
    for (const { id, outputs } of items) {
      const { labels, scores, masks } = instances[id]!
      expect(outputs['instances']).toMatchObject({ labels, scores, masks })
    }
  })

  it('has the classes of its input', async () => {
    const check = testCheck({ inputs: { classes: [classes] } })
    expect(await instancesOpenImagesCsv.types!({} as never, check.context)).toEqual({ instances: classes })
  })

  it.each([
    ['another header', 'ImageId,EncodedPixels\n', 'row 1: the header is ImageId,EncodedPixels'],
    ['an empty file', '', 'theirs.csv: is empty'],
    ['a row cut short', `${header}\na,6\n`, 'row 2: has 2 cells'],
    ['a size that is no number', `${header}\na,6,5.5,\n`, 'row 2, column ImageHeight: is "5.5"'],
    ['a missing word', `${header}\na,6,5,/m/dog 0.5\n`, 'row 2 (a), column PredictionString: has 2 words'],
    ['a score above 1', `${header}\na,6,5,/m/dog 1.5 ${patch}\n`, 'prediction 1: the score is 1.5'],
    ['a score that is no number', `${header}\na,6,5,/m/dog nan ${patch}\n`, 'prediction 1: the score is nan'],
    [
      'a mask of another size',
      `${header}\na,6,6,/m/dog 0.5 ${patch}\n`,
      'prediction 1: the runs of the mask text add up to 30',
    ],
    ['a cut mask', `${header}\na,6,5,/m/dog 0.5 eNozMzI2\n`, 'prediction 1: the mask text does not inflate'],
    [
      'an unknown class',
      `${header}\na,6,5,/m/dog 0.5 ${patch} /m/fox 0.5 ${patch}\n`,
      'prediction 2: there is no class /m/fox',
    ],
    ['an image twice', `${header}\na,6,5,\nb,6,5,\na,6,5,\n`, 'row 4, column ImageID: a is in row 2 already'],
    [
      '−1 × −1 with masks',
      `${header}\na,-1,-1,/m/dog 0.5 ${patch}\n`,
      'row 2: the size of a is -1 × -1, but it has masks',
    ],
    ['an open quote', `${header}\n"a,6,5,\n`, 'theirs.csv, row'],
  ])('refuses %s and says where', async (_name, text, message) => {
    await expect(read(text)).rejects.toThrow(message)
  })

  it('refuses runs that go on beyond the image, and says by how much', async () => {
    const longer = `${header}\na,5,5,/m/dog 0.5 ${patch}\n`
    await expect(read(longer)).rejects.toThrow(
      'row 2 (a), column PredictionString, prediction 1: the runs of the mask text add up to 30; a 5 x 5 (height x width) mask has 25 pixels',
    )
  })

  it('reads several files, or all of a folder, as one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'maskloom-test-'))
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return { path: join(folder, name), sha256: '' }
    }
    const first = write('x_0of2.csv', `${header}\nb,6,5,/m/dog 0.5 ${patch}\n"c,""d""",6,5,\n`)
    const second = write('x_1of2.csv', `\uFEFF${header}\r\na,6,5,\r\n\r\n`)
    write('notes.txt', 'no CSV')
    // Left by other programs; the key of the step does not cover them.
    mkdirSync(join(folder, '.ipynb_checkpoints'))
    for (const hidden of ['._x_0of2.csv', '.ipynb_checkpoints/x_0of2.csv']) write(hidden, 'no submission')
    const idsOf = async (params: object) =>
      (await scatter(instancesOpenImagesCsv, { classes }, params, typedRun({ classes: [classes] }))).map(({ id }) => id)
    expect(await idsOf({ paths: [second, first] })).toEqual(['a', 'b', 'c,"d"'])
    expect(await idsOf({ folder: { path: folder, sha256: '' } })).toEqual(['b', 'c,"d"', 'a'])
    write('x_1of2.csv', `${header}\nb,6,5,\n`)
    await expect(idsOf({ folder: { path: folder, sha256: '' } })).rejects.toThrow(
      'x_1of2.csv, row 2, column ImageID: b is in row 2 of x_0of2.csv already',
    )
    rmSync(folder, { recursive: true })
  })

  it('wants one source, not none or two', async () => {
    const check = testCheck({ inputs: { classes: [classes] } })
    await instancesOpenImagesCsv.types!({ path: {}, folder: {} } as never, check.context)
    await instancesOpenImagesCsv.types!({} as never, check.context)
    expect(check.problems.map(({ message }) => message)).toEqual([
      'expected one of `path`, `paths` and `folder`',
      'expected one of `path`, `paths` and `folder`',
    ])
  })

  it('refuses a size that the image does not have', async () => {
    await expect(read(`${header}\na,5,6,\n`, { a: ref })).rejects.toThrow('a is 5 × 6 here, the image is 6 × 5')
  })
})
