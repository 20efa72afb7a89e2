import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, asyncProperty, constantFrom } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { annotationsKaggleRle } from '../../nodes/annotations/kaggle-rle.ts'
import { type Instances, instancesKind } from '../../nodes/values/instances.ts'
import type { Label } from '../../nodes/values/label.ts'
import { classesOf, collectionOf, scatter } from '../helpers/collections.ts'
import { decoded, denseMasks, rows } from '../helpers/dense-masks.ts'
import { plainRunLengths } from '../helpers/plain-run-lengths.ts'
import { testCheck, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const folder = mkdtempSync(join(tmpdir(), 'maskloom-kaggle-'))
let files = 0

const cells = {
  order: 'row-major',
  classes: ['shsy5y', 'astro', 'cort'],
  class_column: 'cell_type',
  width_column: 'width',
  height_column: 'height',
}

const image = (widthPx: number, heightPx: number) => ({
  sha256: 'a'.repeat(64),
  widthPx,
  heightPx,
  channels: 1,
  bitDepth: 8,
  format: 'png',
})

async function read(text: string, params: object = cells, images?: { [id: string]: unknown }) {
  const path = join(folder, `${files++}.csv`)
  writeFileSync(path, text)
  const run = testRun()
  const given = withDefaults(annotationsKaggleRle, { path: { path, sha256: '' }, ...params })
  const items = await scatter(annotationsKaggleRle, images ? { images: collectionOf(images) } : {}, given, run)
  const found = items.map(({ id, outputs }) => {
    const { instances, label, group } = outputs as { instances: Instances; label: Label; group: Label }
    instancesKind.encode(instances)
    return { id, instances, label: label.text, group: group.text }
  })
  return { found, notes: run.notes }
}

const pictures = ({ masks, scores }: Instances) => Array.from(scores, (_, i) => rows(decoded(masks, i)))

const header = 'id,annotation,width,height,cell_type,sample_id'

describe('annotations/kaggle-rle', () => {
  it('reads masks, classes, sizes and groups of the Sartorius layout', async () => {
    const pattern = '^([^_]*)_([^_]*).._'
    const text = [
      header,
      'b,1 2 5 1,4,2,cort,plate1_A12-3_Vessel',
      'a,,3,1,astro,plate2_B1-1_Vessel',
      'b,7 2,4,2,cort,plate1_A12-4_Vessel',
    ].join('\n')
    const { found } = await read(text, { ...cells, group_column: 'sample_id', group_pattern: pattern })
    expect(found.map(({ id, label, group }) => [id, label, group])).toEqual([
      ['b', 'cort', 'plate1_A12'],
      ['a', 'shsy5y', 'plate2_B1'],
    ])
    expect(found[0]!.instances.sizeHw).toEqual([2, 4])
    expect(pictures(found[0]!.instances)).toEqual(['1100/1000', '0000/0011'])
    expect([...found[0]!.instances.boxesXyxy]).toEqual([0, 0, 2, 2, 2, 1, 4, 2])
    expect([...found[0]!.instances.labels]).toEqual([2, 2])
    expect(found[1]!.instances.scores).toHaveLength(0)
  })

  it('equals a plain reading of both orders and bases', async () => {
    await assert(
      asyncProperty(
        denseMasks(2),
        constantFrom('row-major', 'column-major'),
        constantFrom(0, 1),
        async (masks, order, base) => {
          const text = ['id,annotation', ...masks.map(mask => `x,${plainRunLengths(mask, order, base)}`)].join('\n')
          const { height, width } = masks[0]!
          const { found } = await read(text, { order, base, classes: ['cell'] }, { x: image(width, height) })
          const filled = masks.filter(({ pixels }) => pixels.includes(1))
          expect(pictures(found[0]!.instances)).toEqual(filled.map(rows))
        },
      ),
    )
  })

  it('takes images, also those without rows, from the input, and leaves others out if told', async () => {
    const text = `${header}\nx,1 1,2,1,cort,s\ny,1 1,2,1,cort,s\n`
    const images = { x: image(2, 1), z: image(3, 1) }
    await expect(read(text, cells, images)).rejects.toThrow('row 3, column id: there is no image y at the input images')
    const { found, notes } = await read(text, { ...cells, other_images: 'skip' }, images)
    expect(found.map(({ id, instances }) => [id, instances.sizeHw, instances.scores.length])).toEqual([
      ['x', [1, 2], 1],
      ['z', [1, 3], 0],
    ])
    expect(notes).toEqual(['1 images of the file are not at the input images'])
  })

  it('drops images it is told to, and says which are not there', async () => {
    const { found, notes } = await read(`${header}\nx,1 1,2,1,cort,s\ny,1 1,2,1,cort,s\n`, {
      ...cells,
      drop: ['x', 'w'],
    })
    expect(found.map(({ id }) => id)).toEqual(['y'])
    expect(notes).toEqual(['to be dropped, but not in the file: w'])
  })

  it('does not mind a byte order mark, CRLF, quotes, other columns and an extension after ids', async () => {
    const text = '\uFEFFImageId,more,EncodedPixels\r\n"x.png",1,"1 2"\r\nx.png,2,4 1\r\n'
    const params = {
      order: 'column-major',
      classes: ['nucleus'],
      id_column: 'ImageId',
      id_extension: '.png',
      mask_column: 'EncodedPixels',
    }
    const { found } = await read(text, params, { x: image(2, 2) })
    expect(pictures(found[0]!.instances)).toEqual(['10/10', '00/01'])
  })

  it.each([
    [
      'a pair outside',
      'x,1 1 9 1,4,2,cort,s',
      'row 2, column annotation: pair 2 of the mask text ("9 1") leaves the 2 x 4 (height x width) frame',
    ],
    ['half a pair', 'x,1 1 3,4,2,cort,s', 'row 2, column annotation: the mask text has 3 numbers'],
    ['an unknown class', 'x,1 1,4,2,glia,s', 'row 2, column cell_type: "glia" is none of shsy5y, astro, cort'],
    ['no number', 'x,1 1,4,two,cort,s', 'row 2, column height: is "two"; expected a number'],
    ['half a pixel', 'x,1 1,4.5,2,cort,s', 'row 2, column width: is 4.5; expected a whole number of pixels from 1'],
    ['no id', ',1 1,4,2,cort,s', 'row 2, column id: has no id'],
    ['a row that is cut', 'x,1 1,4', 'row 2: is cut before column cell_type'],
    ['a size that changes', 'x,1 1,4,2,cort,s\nx,1 1,2,4,cort,s', 'row 3: x has another size than in row 2'],
  ])('refuses %s, saying where', async (_what, row, message) => {
    await expect(read(`${header}\n${row}\n`)).rejects.toThrow(message)
  })

  it('refuses missing columns, sizes that differ from the image, and samples without group', async () => {
    await expect(read('id,mask\nx,1 1\n')).rejects.toThrow('has no column annotation, cell_type, width, height')
    await expect(read(`${header}\nx,1 1,4,2,cort,s\n`, cells, { x: image(2, 4) })).rejects.toThrow(
      'row 2: the size is 4 × 2 here, the image is 2 × 4 (width × height)',
    )
    const grouped = { ...cells, group_column: 'sample_id', group_pattern: '^(\\d+)$' }
    await expect(read(`${header}\nx,1 1,4,2,cort,s\n`, grouped)).rejects.toThrow('column sample_id: "s" gives no group')
    const differ = `${header}\nx,1 1,4,2,cort,1\nx,1 1,4,2,cort,2\n`
    await expect(read(differ, grouped)).rejects.toThrow('row 3: x is of 2, in row 2 it is of 1')
  })

  it('knows before the run what does not go together', async () => {
    const complaints = async (params: object, images = false) => {
      const check = testCheck({ inputs: images ? { images: [{}] } : {} })
      const types = await annotationsKaggleRle.types!(
        withDefaults(annotationsKaggleRle, params) as never,
        check.context,
      )
      return { types, problems: check.problems.map(({ message }) => message) }
    }
    const classes = { classes: classesOf(...cells.classes).classes }
    expect(await complaints(cells)).toEqual({ types: { instances: classes, label: classes, group: {} }, problems: [] })
    expect((await complaints({ classes: ['a', 'b'] }, true)).problems).toEqual([
      'there are several classes and no class_column that says which',
    ])
    expect((await complaints({ classes: ['a'] })).problems).toEqual(['nothing says how large the images are'])
    expect((await complaints({ classes: ['a'], width_column: 'w' }, true)).problems).toHaveLength(1)
    expect((await complaints({ classes: ['a'], group_pattern: '(' }, true)).problems[0]).toMatch(/Invalid regular/)
  })
})
