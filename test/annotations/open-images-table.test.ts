import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { annotationsOpenImagesTable } from '../../nodes/annotations/open-images-table.ts'
import type { Hierarchy } from '../../nodes/values/hierarchy.ts'
import type { Table } from '../../nodes/values/table.ts'
import { collectionOf } from '../helpers/collections.ts'
import { runNode, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const folder = mkdtempSync(join(tmpdir(), 'maskloom-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ids = ['food', 'fruit', 'apple', 'cat']
const hierarchy: Hierarchy = { classes: ids.map(id => ({ id, name: id })), parents: [[], [0], [1], []] }
const header = 'MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks'
const rows = ['m1.png,i1,apple,x,0.1,0.5,0.2,0.4,1,', 'm2.png,i2,cat,x,0,1,1e-05,1,1,', 'm3.png,i1,fruit,x,0,1,0,1,1,']

async function read(params: object, text: string | readonly string[], inputs: object = {}) {
  const masks = [text].flat().map((content, i) => {
    const path = join(folder, `${i}.csv`)
    writeFileSync(path, content)
    return { path, sha256: '' }
  })
  const run = testRun()
  const given = withDefaults(annotationsOpenImagesTable, { ...params, masks })
  const { table } = await runNode(annotationsOpenImagesTable, { hierarchy, ...inputs }, given, run)
  return { ...(table as Table), notes: run.notes }
}

const short = ({ rows: all }: Table) => all.map(([image, name]) => `${image}:${name}`).join(' ')

describe('annotations/open-images-table', () => {
  const file = [header, ...rows].join('\n')

  it('keeps leaves, or parents after every row was copied to its ancestors', async () => {
    expect(short(await read({ keep: 'leaves' }, file))).toBe('i1:apple i2:cat')
    expect(short(await read({ keep: 'parents' }, file))).toBe('i1:fruit')
    expect(short(await read({ keep: 'parents', expand: true }, file))).toBe('i1:food i1:fruit i1:fruit i1:food')
    expect(short(await read({ expand: true, classes: ['fruit'] }, file))).toBe('i1:fruit i1:fruit')
    expect(short(await read({ expand: true }, file))).toBe('i1:apple i1:food i1:fruit i2:cat i1:fruit i1:food')
  })

  it('writes boxes as shares, or in pixels with the sizes, without images that have none', async () => {
    const { columns, rows: shares } = await read({}, file)
    expect([columns, shares[0]]).toEqual([
      ['image', 'class', 'x1', 'y1', 'x2', 'y2', 'mask'],
      ['i1', 'apple', 0.1, 0.2, 0.5, 0.4, 'm1.png'],
    ])
    const images = collectionOf({ i1: { widthPx: 200, heightPx: 100 } })
    const sized = await read({}, file, { images })
    expect(sized.rows).toEqual([
      ['i1', 'apple', 20, 20, 100, 40, 'm1.png', 200, 100],
      ['i1', 'fruit', 0, 0, 200, 100, 'm3.png', 200, 100],
    ])
    expect(sized.notes).toEqual([
      '2 annotations of 1 images',
      '1 rows of images that are not at the input images left out',
    ])
  })

  it('reads several files, Windows line ends, a byte order mark and 1e-05', async () => {
    const windows = `\uFEFF${[header, ...rows].join('\r\n')}\r\n`
    const { rows: all } = await read({}, [file, windows])
    expect(all).toHaveLength(6)
    expect(all.slice(3)).toEqual(all.slice(0, 3))
    expect(all[1]![3]).toBe(0.00001)
  })

  it('says where a class is unknown, a number is none and a column is missing', async () => {
    const bird = `${file}\nm4.png,i9,bird,x,0,1,0,1,1,`
    await expect(read({}, bird)).rejects.toThrow('row 5, column LabelName: there is no class bird among the 4')
    expect((await read({ other_classes: 'skip' }, bird)).notes).toContain(
      '1 rows of classes outside the hierarchy left out',
    )
    await expect(read({}, `${header}\nm,i,cat,x,zero,1,0,1,1,`)).rejects.toThrow('row 2, column BoxXMin: is "zero"')
    await expect(read({}, `${header}\nm,i,cat,x,0`)).rejects.toThrow('row 2: is cut before column BoxXMax')
    await expect(read({}, 'ImageID,LabelName\na,b')).rejects.toThrow('row 1: has no column MaskPath')
  })
})
