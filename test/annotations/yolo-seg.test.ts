import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { annotationsYoloSeg } from '../../nodes/annotations/yolo-seg.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Table } from '../../nodes/values/table.ts'
import { yoloClasses, yoloYaml } from '../../nodes/values/yolo-yaml.ts'
import { collectionOf, scatter } from '../helpers/collections.ts'
import { decoded, rows } from '../helpers/dense-masks.ts'
import { testCheck, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const image = { sha256: 'a'.repeat(64), widthPx: 4, heightPx: 2, channels: 3, bitDepth: 8, format: 'png' }
const yaml = 'path: ../somewhere\ntrain: images/train\nnames:\n  0: cat\n  1: dog\n'

async function read(files: { [name: string]: string }, params: object = {}, ids: readonly string[] = ['a']) {
  const folder = mkdtempSync(join(tmpdir(), 'maskloom-yolo-'))
  const labels = join(folder, 'labels')
  mkdirSync(labels)
  writeFileSync(join(folder, 'data.yaml'), yaml)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(labels, name)), { recursive: true })
    writeFileSync(join(labels, name), text)
  }
  const given = withDefaults(annotationsYoloSeg, {
    labels: { path: labels, sha256: '' },
    classes: { path: join(folder, 'data.yaml'), sha256: '' },
    ...params,
  })
  const run = testRun()
  const images = collectionOf(Object.fromEntries(ids.map(id => [id, image])))
  const items = await scatter(annotationsYoloSeg, { images }, given, run)
  return {
    items: Object.fromEntries(
      items.map(({ id, outputs }) => [id, outputs as { instances: Instances; problems: Table }]),
    ),
    notes: run.notes,
  }
}

const objects = ({ instances: { labels, masks } }: { instances: Instances }) =>
  Array.from(labels, (label, i) => `${label} ${rows(decoded(masks, i))}`)

describe('annotations/yolo-seg', () => {
  it('reads polygons as shares, and images without a file as empty', async () => {
    const text = '0 0 0 0.5 0 0.5 1 0 1\n\n1 0.75 0 1 0 1 0.5 0.75 0.5\n'
    const { items } = await read({ 'a.txt': text }, {}, ['a', 'b'])
    expect(objects(items['a']!)).toEqual(['0 1100/1100', '1 0001/0000'])
    expect([...items['a']!.instances.boxesXyxy]).toEqual([0, 0, 2, 2, 3, 0, 4, 1])
    expect(items['b']!.instances.labels).toHaveLength(0)
  })

  it('does not mind a byte order mark, CRLF, tabs, numbers like 1e-05, or coordinates a little outside', async () => {
    const { items } = await read({ 'a.txt': '\uFEFF0\t1e-05 -0.001 0.5 0 5.0E-1 1.001 0 1\r\n' })
    expect(objects(items['a']!)).toEqual(['0 1100/1100'])
  })

  it('takes boxes by their centre when told', async () => {
    const { items } = await read({ 'a.txt': '1 0.5 0.25 0.5 0.5\n' }, { without_mask: 'box' })
    expect(objects(items['a']!)).toEqual(['1 0110/0000'])
  })

  it.each([
    [
      'a box',
      '0 0.5 0.5 1 1',
      'a.txt, line 1: has 4 numbers after the class; expected x and y of at least three corners',
    ],
    ['two corners and a half', '0 0 0 1 0 1', 'a.txt, line 1: has 5 numbers after the class'],
    ['nothing but a class', '1', 'a.txt, line 1: has 0 numbers after the class'],
    [
      'pixels instead of shares',
      '0 0 0 300 0 300 200',
      'a.txt, line 1: 300 is no share of the picture; expected 0 to 1',
    ],
    [
      'a class that is not there',
      '2 0 0 1 0 1 1',
      'a.txt, line 1: the class is "2"; expected a whole number from 0 to 1',
    ],
    ['a class that is a name', 'cat 0 0 1 0 1 1', 'a.txt, line 1: the class is "cat"'],
    ['a negative class', '-1 0 0 1 0 1 1', 'a.txt, line 1: the class is "-1"'],
    ['commas', '0 0,0 1,0 1,1', 'a.txt, line 1: "0,0" is no number'],
    ['no number', '\n0 0 0 1 nan 1 1', 'a.txt, line 2: "nan" is no number'],
  ])('refuses %s, saying where', async (_what, text, message) => {
    await expect(read({ 'a.txt': text })).rejects.toThrow(message)
  })

  it('refuses a label file without image, or leaves it out', async () => {
    await expect(read({ 'a.txt': '', 'x/b.txt': '' })).rejects.toThrow('b.txt: there is no image for it')
    expect((await read({ 'a.txt': '', '.x/b.txt': '', '._a.txt': '' })).notes).toEqual([])
    const { items, notes } = await read({ 'a.txt': '', 'x/b.txt': '' }, { other_images: 'skip' })
    expect(Object.keys(items)).toEqual(['a'])
    expect(notes).toEqual(['1 label files have no image, the first is x/b.txt'])
  })

  it('lists all that is wrong when told, and reads the rest', async () => {
    const text = '0 0 0 0.5 0 0.5 1 0 1\n7 0 0 1 0 1 1\n0 0 0 9 0 9 9\n1 0.75 0 1 0 1 0.5 0.75 0.5'
    const { items } = await read({ 'a.txt': text, 'b.txt': '' }, { problems: 'report' })
    expect(objects(items['a']!)).toEqual(['0 1100/1100', '1 0001/0000'])
    expect(items['a']!.problems.rows.map(([what]) => what)).toEqual(['unknown-image', 'unknown-label', 'bad-mask'])
  })

  it('knows its classes when checked', async () => {
    const check = testCheck({ readFile: () => Buffer.from(yaml) })
    const params = { ...withDefaults(annotationsYoloSeg, {}), classes: { path: 'data.yaml', sha256: 'x' } }
    expect(await annotationsYoloSeg.types!(params as never, check.context)).toEqual({
      instances: { classes: ['cat', 'dog'].map(id => ({ id, name: id })) },
    })
  })
})

describe('data.yaml', () => {
  const classes = (text: string) => yoloClasses('data.yaml', Buffer.from(text)).map(({ id }) => id)

  it('has names as a list or by number', () => {
    expect(classes('names: [cat, dog]')).toEqual(['cat', 'dog'])
    expect(classes('\uFEFFnames:\r\n  1: dog\r\n  0: cat\r\n')).toEqual(['cat', 'dog'])
    expect(classes('names: ["no", 8]')).toEqual(['no', '8'])
  })

  it.each([
    ['nc: 2', 'data.yaml: has no names; expected a list, or a map from class number to name'],
    ['names: []', 'has no names'],
    ['names: {1: a, 2: b}', 'names: has 2 classes and none is number 0; they are counted from 0'],
    ['names: [a, a]', 'names: classes 0 and 1 have the same id a'],
    ['names: [a, [b]]', 'names, class 1: is ["b"]; expected text'],
    ['names: [a', 'is not YAML'],
  ])('is refused with a reason: %s', (text, message) => {
    expect(() => classes(text)).toThrow(message)
  })

  it('is written so that no name is taken for something else', () => {
    const names = ['no', '1', 'a: b', "it's", '"', 'ünï']
    const text = yoloYaml({ train: 'train.txt', val: 'valid.txt' }, names)
    expect(text.startsWith('train: "train.txt"\nval: "valid.txt"\nnames:\n  0: "no"\n  1: "1"\n')).toBe(true)
    expect(classes(text)).toEqual(names)
  })
})
