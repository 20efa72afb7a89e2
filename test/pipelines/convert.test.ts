import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeDense } from '../../nodes/kernels/rle.ts'
import { instancesKind } from '../../nodes/values/instances.ts'
import { type DemoProject, demoProject } from '../helpers/demo-project.ts'

let demo: DemoProject

beforeAll(() => {
  demo = demoProject({ images: 3 })
})

afterAll(() => demo.remove())

async function run(name: string, out: string, ...set: string[]): Promise<void> {
  const more = set.flatMap(one => ['--set', one])
  const { code, stderr, stdout } = await demo.maskloom('run', name, '--json', '--out', out, ...more)
  expect(code, stderr + stdout.slice(-2000)).toBe(0)
}

/** Label and pixels of every instance, by item. */
function instancesIn(out: string): { readonly [item: string]: readonly string[] } {
  const files = readdirSync(demo.path(out, 'instances')).sort()
  const items = files.map((file): [string, string[]] => {
    const { labels, masks } = instancesKind.decode(new Uint8Array(readFileSync(demo.path(out, 'instances', file))))
    return [file, Array.from(labels, (label, i) => `${label} ${decodeDense(masks, i, 'row-major').join('')}`)]
  })
  return Object.fromEntries(items)
}

const withoutLabels = (items: ReturnType<typeof instancesIn>) =>
  Object.fromEntries(Object.entries(items).map(([id, list]) => [id, list.map(text => text.slice(text.indexOf(' ')))]))

describe('pipelines/convert', () => {
  it.each([
    ['coco', 'coco', ['annotations=out/coco/annotations.json', 'class_id=original_id']],
    ['yolo', 'yolo', ['images=out/yolo/images', 'annotations=out/yolo/labels', 'classes=out/yolo/data.yaml']],
    [
      'open-images',
      'open-images',
      [
        'annotations=out/open-images/segmentation-masks.csv',
        'mask_folder=out/open-images/masks',
        'boxes=out/open-images/bbox.csv',
        'class_descriptions=out/open-images/class-descriptions.csv',
        'hierarchy=out/open-images/hierarchy.json',
      ],
    ],
    ['kaggle-rle', 'kaggle-rle', ['annotations=out/kaggle-rle/annotations.csv', 'classes=CLASSES']],
    ['label-images', 'label-images', ['annotations=out/label-images/labels']],
  ])('writes what it reads again: %s', async (to, from, set) => {
    await run('convert/from-coco', 'out/truth', 'images=demo/images')
    const truth = instancesIn('out/truth')
    await run(`convert/to-${to}`, `out/${to}`, ...(to === 'yolo' ? ['folds=3'] : []))
    expect(readdirSync(demo.path('out', to))).toEqual(expect.arrayContaining(['findings.json', 'sheet.jpg']))
    const file = JSON.parse(readFileSync(demo.path('demo', 'annotations.json'), 'utf8'))
    const classes = `classes=[${file.categories.map(({ name }: { name: string }) => name).join(', ')}]`
    const given = set.map(one => (one === 'classes=CLASSES' ? classes : one))
    const images = given.some(one => one.startsWith('images=')) ? [] : ['images=demo/images']
    await run(`convert/from-${from}`, `out/back-${to}`, ...images, ...given)
    const back = instancesIn(`out/back-${to}`)
    if (to === 'label-images') expect(withoutLabels(back)).toEqual(withoutLabels(truth))
    else expect(back).toEqual(truth)
  })

  it('writes LIVECell: one category, polygons, TIFF; a source by another name goes in by one word', async () => {
    const path = demo.path('pipelines', 'convert', 'to-livecell.yaml')
    const text = readFileSync(path, 'utf8').replace('uses: ./from-coco.yaml', 'uses: ./from-yolo.yaml')
    const step = text.replace(
      'annotations: "${params.annotations}" }',
      'annotations: "${params.annotations}", classes: ../../out/yolo/data.yaml }',
    )
    writeFileSync(demo.path('pipelines', 'convert', 'yolo-to-livecell.yaml'), step)
    await run('convert/to-yolo', 'out/yolo', 'folds=3')
    await run('convert/yolo-to-livecell', 'out/livecell', 'images=out/yolo/images', 'annotations=out/yolo/labels')
    const file = JSON.parse(readFileSync(demo.path('out', 'livecell', 'annotations.json'), 'utf8'))
    expect(file.categories).toEqual([{ id: 1, name: 'cell', supercategory: 'cell', original_id: 'cell' }])
    expect(file.images.map((one: { file_name: string }) => one.file_name)).toEqual(demo.ids.map(id => `${id}.tif`))
    expect(file.annotations.every((one: { segmentation: unknown }) => Array.isArray(one.segmentation))).toBe(true)
    // LIVECell's files of single cell types have annotations by id.
    const byId = Object.fromEntries(file.annotations.map((one: { id: number }) => [one.id, one]))
    writeFileSync(demo.path('out', 'livecell', 'single.json'), JSON.stringify({ ...file, annotations: byId }))
    const set = ['images=demo/images', 'class_pattern=^(...)']
    await run('convert/from-livecell', 'out/from-list', ...set, 'annotations=out/livecell/annotations.json')
    await run('convert/from-livecell', 'out/from-map', ...set, 'annotations=out/livecell/single.json')
    expect(instancesIn('out/from-map')).toEqual(instancesIn('out/from-list'))
    expect(Object.values(instancesIn('out/from-map')).flat().length).toBe(file.annotations.length)
  })

  it('leaves nothing half-written where an annotation cannot be read', async () => {
    const path = demo.path('pipelines', 'convert', 'from-coco.yaml')
    writeFileSync(path, readFileSync(path, 'utf8').replace('problems: report', 'problems: refuse'))
    const file = JSON.parse(readFileSync(demo.path('demo', 'annotations.json'), 'utf8'))
    file.annotations.at(-1).segmentation.counts = 'cut'
    writeFileSync(demo.path('broken.json'), JSON.stringify(file))
    const args = ['--json', '--out', 'out/broken', '--set', 'annotations=broken.json']
    const { code, stdout } = await demo.maskloom('run', 'convert/to-kaggle-rle', ...args)
    expect(code).toBe(1)
    expect(stdout).toContain(`broken.json, annotation ${file.annotations.at(-1).id} of `)
    expect(existsSync(demo.path('out', 'broken', 'annotations.csv'))).toBe(false)
  })
})
