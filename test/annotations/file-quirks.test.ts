import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { annotationsCoco } from '../../nodes/annotations/coco.ts'
import { annotationsKaggleRle } from '../../nodes/annotations/kaggle-rle.ts'
import { annotationsOpenImages } from '../../nodes/annotations/open-images.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Table } from '../../nodes/values/table.ts'
import { classesOf, collectionOf, scatter } from '../helpers/collections.ts'
import { decoded, rows } from '../helpers/dense-masks.ts'
import { testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

/** What spreadsheets, scripts and shells do to annotation files; YOLO has its own tests. */

const folder = mkdtempSync(join(tmpdir(), 'maskloom-quirks-'))
let files = 0

function file(content: string): { readonly path: string; readonly sha256: string } {
  const path = join(folder, `${files++}.txt`)
  writeFileSync(path, content)
  return { path, sha256: '' }
}

const image = { sha256: '0'.repeat(64), widthPx: 4, heightPx: 2, channels: 3, bitDepth: 8, format: 'png' }
type Found = { readonly instances: Instances; readonly problems: Table }

const objects = ({ instances: { labels, masks } }: Found) =>
  Array.from(labels, (label, i) => `${label} ${rows(decoded(masks, i))}`)

describe('run lengths of Kaggle', () => {
  const header = 'id,annotation,width,height,kind'
  async function read(text: string, params: object = {}): Promise<Found> {
    const given = withDefaults(annotationsKaggleRle, {
      ...{ path: file(text), order: 'row-major', classes: ['a', 'b'], class_column: 'kind' },
      ...{ width_column: 'width', height_column: 'height' },
      ...params,
    })
    const items = await scatter(annotationsKaggleRle, {}, given, testRun())
    return items[0]!.outputs as unknown as Found
  }

  it.each([
    ['Windows line ends and a byte order mark', `\uFEFF${header}\r\nx,1 2,4,2,b\r\n`],
    [
      'quotes, spaces and an empty last line',
      `"id","annotation","width","height","kind"\n"x"," 1  2 ","4","2","b"\n\n`,
    ],
    ['numbers like 4.0 and 2e0', `${header}\nx,1 2,4.0,2e0,b\n`],
    ['empty cells behind the last', `${header}\nx,1 2,4,2,b,,\n`],
    ['other columns, in another order', 'more,kind,height,width,annotation,id\n?,b,2,4,1 2,x\n'],
  ])('are read in spite of %s', async (_what, text) => {
    expect(objects(await read(text))).toEqual(['1 1100/0000'])
  })

  it.each([
    ['too many cells', `${header}\nx,1 2,4,2,b,more\n`, 'row 2: has 6 cells, the header 5'],
    ['too few cells', `${header}\nx,1 2,4\n`, 'row 2: is cut before column kind'],
    ['a quote that is not closed', `${header}\nx,"1 2,4,2,b\n`, 'row 2: '],
    [
      'run lengths longer than the image',
      `${header}\nx,5 9,4,2,b\n`,
      'row 2, column annotation: pair 1 of the mask text ("5 9") leaves the 2 x 4',
    ],
    [
      'runs that are no numbers',
      `${header}\nx,1e0 2,4,2,b\n`,
      'row 2, column annotation: pair 1 of the mask text ("1e0 2") is not two whole numbers',
    ],
    ['an empty width', `${header}\nx,1 2,,2,b\n`, 'row 2, column width: is ""; expected a number'],
    ['an empty class', `${header}\nx,1 2,4,2,\n`, 'row 2, column kind: "" is none of a, b'],
    ['an empty file', '', 'is empty; expected the columns id, annotation'],
    [
      'semicolons',
      'id;annotation;width;height;kind\nx;1 2;4;2;b\n',
      'row 1: has no column id, annotation, kind, width, height',
    ],
  ])('are refused for %s, saying where', async (_what, text, message) => {
    await expect(read(text)).rejects.toThrow(message)
  })

  it('are listed row by row when told, whatever is wrong with them', async () => {
    const lines = ['x,1 2,4,2,b', 'x,1 2,4,2,b,more', 'x,1', 'x,5 9,4,2,b', 'x,1 2,4,2,c', 'x,1 2,5,2,b', ',1,4,2,b']
    const found = await read(`${header}\n${lines.join('\n')}\n`, { problems: 'report' })
    expect(objects(found)).toEqual(['1 1100/0000'])
    expect(found.problems.rows.map(([what, , message]) => `${what} ${/row \d/.exec(String(message))![0]}`)).toEqual([
      'bad-row row 3',
      'bad-row row 4',
      'unknown-label row 6',
      'mask-size row 7',
      'bad-row row 8',
      'bad-mask row 5',
    ])
  })
})

describe('files of Open Images', async () => {
  const masks = join(folder, 'masks')
  mkdirSync(masks)
  const pixels = Buffer.from([255, 255, 0, 0, 0, 0, 0, 0])
  const png = await sharp(pixels, { raw: { width: 4, height: 2, channels: 1 } })
    .png()
    .toBuffer()
  writeFileSync(join(masks, 'm.png'), png)
  writeFileSync(join(masks, 'cut.png'), png.subarray(0, png.length - 25))
  const square = await sharp(Buffer.alloc(9, 255), { raw: { width: 3, height: 3, channels: 1 } })
    .png()
    .toBuffer()
  writeFileSync(join(masks, 'square.png'), square)
  const header = 'MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks'

  async function read(maskRows: string, boxes?: string, params: object = {}): Promise<Found> {
    const given = withDefaults(annotationsOpenImages, {
      masks: file(maskRows),
      mask_folder: { path: masks, sha256: '' },
      ...(boxes !== undefined && { boxes: file(boxes) }),
      ...params,
    })
    const inputs = { images: collectionOf({ x: image }), classes: classesOf('a', 'b') }
    const items = await scatter(annotationsOpenImages, inputs, given, testRun())
    return items[0]!.outputs as unknown as Found
  }

  it('are read in spite of Windows line ends, a byte order mark, 1e-05 and empty cells', async () => {
    const found = await read(`\uFEFF${header}\r\nm.png,x,b,1,1e-05,0.5,-1e-05,5.0E-1,,\r\n`)
    expect(objects(found)).toEqual(['1 1100/0000'])
    const expected = [4e-5, -2e-5, 2, 1]
    for (const [i, side] of found.instances.boxesXyxy.entries()) expect(side).toBeCloseTo(expected[i]!, 12)
  })

  const boxHeader = 'ImageID,LabelName,XMin,XMax,YMin,YMax,IsGroupOf'
  it.each([
    ['too many cells', `${header}\nm.png,x,b,1,0,1,0,1,,,more\n`, undefined, 'row 2: has 11 cells, the header 10'],
    ['too few cells', `${header}\nm.png,x,b,1,0\n`, undefined, 'row 2: is cut before column BoxXMax'],
    ['an empty box', `${header}\nm.png,x,b,1,,1,0,1,,\n`, undefined, 'row 2, column BoxXMin: is ""; expected a number'],
    ['an empty path', `${header}\n,x,b,1,0,1,0,1,,\n`, undefined, 'row 2, column MaskPath: is ""'],
    [
      'an empty class',
      `${header}\nm.png,x,,1,0,1,0,1,,\n`,
      undefined,
      'row 2, column LabelName: there is no class  among the 2',
    ],
    ['a mask that is missing', `${header}\nnone.png,x,b,1,0,1,0,1,,\n`, undefined, 'row 2, column MaskPath: mask '],
    ['a mask that is cut', `${header}\ncut.png,x,b,1,0,1,0,1,,\n`, undefined, 'row 2, column MaskPath: mask '],
    [
      'an empty group-of mark',
      `${header}\n`,
      `${boxHeader}\nx,b,0,1,0,1,\n`,
      'row 2, column IsGroupOf: is ""; expected a number',
    ],
  ])('are refused for %s, saying where', async (_what, text, boxes, message) => {
    await expect(read(text, boxes)).rejects.toThrow(message)
  })

  it('are listed with all that is wrong when told, a mask of other proportions among it', async () => {
    const lines = ['m.png,x,b', 'none.png,x,b', 'cut.png,x,b', 'square.png,x,a', 'm.png,x,c'].map(
      line => `${line},1,0,1,0,1,,`,
    )
    const text = `${header}\n${[...lines, 'm.png,x,b,1,0.5,0.1,0,1,,'].join('\n')}\n`
    const { instances, problems } = await read(text, undefined, { problems: 'report' })
    expect([...instances.labels]).toEqual([1, 0])
    expect(problems.rows.map(([what]) => what).sort()).toEqual([
      'bad-box',
      'bad-mask',
      'mask-size',
      'missing-mask',
      'unknown-label',
    ])
    expect(problems.rows.find(([what]) => what === 'mask-size')![2]).toMatch(
      /row 5, column MaskPath: the mask has 3 × 3 pixels, its image 4 × 2 \(width × height\); the proportions differ$/,
    )
  })
})

describe('COCO files', () => {
  const document = {
    images: [{ id: 1, file_name: 'kind_x.png', width: 4, height: 2 }],
    categories: [{ id: 3, name: 'b' }],
    annotations: [{ id: 5, image_id: 1, category_id: 3, segmentation: [[0, 0, 2, 0, 2, 1, 0, 1]] }],
  }
  async function read(text: string, params: object = {}): Promise<Found> {
    const given = withDefaults(annotationsCoco, { path: file(text), ...params })
    return (await scatter(annotationsCoco, {}, given, testRun()))[0]!.outputs as unknown as Found
  }

  it('are read in spite of Windows line ends, a byte order mark and numbers like 1e-05', async () => {
    const text = JSON.stringify(document, undefined, 1)
      .replaceAll('\n', '\r\n')
      .replace('[\r\n     0', '[\r\n     1e-05')
    expect(text).toContain('1e-05')
    expect(objects(await read(`\uFEFF${text}`))).toEqual(['0 1100/0000'])
  })

  it('may list annotations by id, and name the class in the file name', async () => {
    const [annotation] = document.annotations
    const byId = JSON.stringify({ ...document, annotations: { 5: annotation } })
    expect(objects(await read(byId))).toEqual(['0 1100/0000'])
    expect(objects(await read(byId, { class_pattern: '^([^_]+)_' }))).toEqual(['0 1100/0000'])
    await expect(read(byId, { class_pattern: '^(no)' })).rejects.toThrow('image 1: kind_x.png gives no class by ^(no)')
  })

  it('are refused where they end too early', async () => {
    await expect(read(JSON.stringify(document).slice(0, -9))).rejects.toThrow('is not JSON')
    await expect(read('')).rejects.toThrow('is not JSON')
  })
})
