import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { intersectionOfAll } from '../../nodes/kernels/mask-algebra.ts'
import { concatMasks } from '../../nodes/kernels/mask-sets.ts'
import { polygonsToMask } from '../../nodes/kernels/polygon.ts'
import { maskAreas } from '../../nodes/kernels/rle.ts'
import { segmentationToMask } from '../../nodes/values/coco-segmentation.ts'
import { type DemoProject, demoProject, type Ended, finishedOf } from '../helpers/demo-project.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
let demo: DemoProject
let first: Ended

interface Coco {
  images: { id: number; file_name: string; width: number; height: number }[]
  categories: { id: number; name: string; original_id: string }[]
  annotations: { id: number; image_id: number; category_id: number; area: number; segmentation: number[][] }[]
}

const read = (name: string) => readFileSync(demo.path('out', name), 'utf8')
const coco = (name: string) => JSON.parse(read(name)) as Coco
const linesOf = (name: string) => read(name).trimEnd().split('\n').slice(1)

beforeAll(async () => {
  demo = demoProject({ images: 3 })
  cpSync(join(repository, 'demo', 'open-images'), demo.path('demo', 'open-images'), { recursive: true })
  first = await demo.maskloom('run', 'openimages-2019-layers', '--json', '--out', 'out')
}, 120_000)

afterAll(() => demo.remove())

/** Rows of the masks file that are about the demo's pictures: image and class. */
function annotatedRows(): [string, string][] {
  const [, ...lines] = readFileSync(demo.path('demo/open-images/segmentation-masks.csv'), 'utf8').trimEnd().split('\n')
  return lines
    .map(line => line.split(',').slice(1, 3) as [string, string])
    .filter(([image]) => demo.ids.includes(image))
}

describe('pipelines/openimages-2019-layers.yaml', () => {
  it('makes a training set for each layer: leaves as their parents above, as they are below', () => {
    expect(first.stderr).not.toContain('error')
    expect(finishedOf(first)).toMatchObject({ status: 'done', inferences: 6 })
    const parents = JSON.parse(readFileSync(demo.path('demo/hierarchy.json'), 'utf8'))
    const parentOf = new Map<string, string>()
    for (const top of parents.Subcategory) {
      for (const middle of top.Subcategory) {
        for (const leaf of middle.Subcategory) parentOf.set(leaf.LabelName, middle.LabelName)
      }
    }
    for (const [name, idOf] of [
      ['upper-coco.json', (leaf: string) => parentOf.get(leaf)!],
      ['lower-coco.json', (leaf: string) => leaf],
    ] as const) {
      const { images, categories, annotations } = coco(name)
      const ids = categories.map(one => one.original_id)
      expect(ids).toEqual([...ids].sort())
      expect(categories.map(({ id }) => id)).toEqual(ids.map((_, index) => index + 1))
      const stems = new Map(images.map(image => [image.id, image.file_name.replace('.jpg', '')]))
      const found = annotations.map(one => `${stems.get(one.image_id)} ${ids[one.category_id - 1]}`)
      expect(found.sort()).toEqual(
        annotatedRows()
          .map(([image, leaf]) => `${image} ${idOf(leaf)}`)
          .sort(),
      )
      expect(annotations.map(({ id }) => id)).toEqual(annotations.map((_, index) => index + 1))
    }
  })

  it('writes polygons that are the masks, but for what a contour through pixel centres leaves out', () => {
    const truth = JSON.parse(readFileSync(demo.path('demo/annotations.json'), 'utf8')) as {
      images: { id: number; file_name: string; width: number; height: number }[]
      annotations: { image_id: number; area: number; segmentation: object }[]
    }
    const { images, annotations } = coco('lower-coco.json')
    const imageOf = new Map(images.map(image => [image.id, image]))
    let worst = 1
    for (const one of annotations) {
      const { file_name, width, height } = imageOf.get(one.image_id)!
      const drawn = polygonsToMask(one.segmentation, [height, width])
      const image = truth.images.find(other => other.file_name === file_name)!
      const overlaps = truth.annotations
        .filter(other => other.image_id === image.id)
        .map(other => {
          const mask = segmentationToMask(other.segmentation, [height, width])
          const inter = maskAreas(intersectionOfAll(concatMasks([mask, drawn])))[0]!
          return inter / (maskAreas(mask)[0]! + maskAreas(drawn)[0]! - inter)
        })
      worst = Math.min(worst, Math.max(...overlaps))
    }
    expect(worst).toBeGreaterThan(0.6)
  })

  it('delivers a picture for each training image, at its size', async () => {
    for (const folder of ['upper-pictures', 'lower-pictures']) {
      expect(readdirSync(demo.path('out', folder)).sort()).toEqual(demo.ids.map(id => `${id}.jpg`))
      const { width, height } = await sharp(demo.path('out', folder, `${demo.ids[0]}.jpg`)).metadata()
      expect([width, height]).toEqual([320, 240])
    }
  })

  it('integrates as the published program does: both files sorted by id, strings joined', async () => {
    const sorted = (name: string) =>
      linesOf(name)
        .map(line => line.split(','))
        .sort(([a], [b]) => (a! < b! ? -1 : 1))
    const upper = sorted('upper-submission.csv')
    const lower = sorted('lower-submission.csv')
    const expected = upper.map(([id, width, height, text], index) => {
      const [other, , , below] = lower[index]!
      expect(other).toBe(id)
      return `${id},${width},${height},${`${text} ${below}`.trim()}`
    })
    expect(linesOf('submission.csv')).toEqual(expected)
    const paths = ['upper', 'lower'].flatMap(layer => ['--set', `${layer}=out/${layer}-submission.csv`])
    const ended = await demo.maskloom('run', 'openimages-2019-integrate', '--json', '--out', 'joined', ...paths)
    expect(finishedOf(ended)).toMatchObject({ status: 'done', inferences: 0 })
    expect(readFileSync(demo.path('joined', 'submission.csv'), 'utf8')).toBe(read('submission.csv'))
  }, 60_000)

  it('keeps above 0.1 and finds most objects of both layers', () => {
    for (const line of linesOf('submission.csv')) {
      const words = line.split(',')[3]!.split(' ')
      for (let k = 1; k < words.length; k += 3) expect(Number(words[k])).toBeGreaterThan(0.1)
    }
    const { rows } = JSON.parse(read('table.json')) as { rows: [string, string, number, number | null][] }
    for (const id of ['/m/02xwb', '/m/01prls']) expect(rows.find(row => row[0] === id)![3]).toBeGreaterThan(0.5)
  })

  it('infers nothing again for another training set', async () => {
    const set = ['--set', 'per_class=1', '--set', 'count=rows', '--set', 'polygons=pixel-edges']
    const ended = await demo.maskloom('run', 'openimages-2019-layers', '--json', '--out', 'few', ...set)
    expect(finishedOf(ended)).toMatchObject({ status: 'done', inferences: 0 })
    const { images } = JSON.parse(readFileSync(demo.path('few', 'upper-coco.json'), 'utf8')) as Coco
    expect(images.length).toBeLessThanOrEqual(3)
    expect(images.length).toBeGreaterThan(0)
  }, 60_000)
})
