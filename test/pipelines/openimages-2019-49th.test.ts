import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { check } from '../../engine/api/check.ts'
import { decodeOpenImagesText } from '../../nodes/kernels/mask-text.ts'
import { maskCounts } from '../../nodes/kernels/rle.ts'
import { instancesKind } from '../../nodes/values/instances.ts'
import { type DemoProject, demoProject, type Ended, finishedOf } from '../helpers/demo-project.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const thresholds = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
let demo: DemoProject
let first: Ended

const read = (name: string) => readFileSync(demo.path('out', name), 'utf8')

beforeAll(async () => {
  demo = demoProject({ images: 3 })
  cpSync(join(repository, 'demo', 'open-images'), demo.path('demo', 'open-images'), { recursive: true })
  first = await demo.maskloom('run', 'openimages-2019-49th', '--json', '--out', 'out')
}, 120_000)

afterAll(() => demo.remove())

describe('pipelines/openimages-2019-49th.yaml', () => {
  it('writes six submissions from one look at each image', () => {
    expect(first.stderr).not.toContain('error')
    expect(finishedOf(first)).toMatchObject({ status: 'done', inferences: 3 })
    const lengths = thresholds.map(threshold => read(`predictions_p${100 * threshold}.csv`).length)
    expect(lengths).toEqual([...lengths].sort((a, b) => b - a))
    expect(lengths[0]).toBeGreaterThan(lengths[5]!)
  })

  it('keeps the seven best and then those above each threshold, read again from the masks', async () => {
    await demo.maskloom('run', 'openimages-2019-49th', 'masks.instances', '--json', '--out', 'all')
    const classes = JSON.parse(readFileSync(demo.path('demo/annotations.json'), 'utf8')).categories as { mid: string }[]
    for (const id of demo.ids) {
      const bytes = new Uint8Array(readFileSync(demo.path('all', 'masks.instances', `${id}.safetensors`)))
      const { scores, labels, masks, sizeHw } = instancesKind.decode(bytes)
      // argsort(-score)[:7], stable.
      const best = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, 7)
      for (const threshold of thresholds) {
        const row = read(`predictions_p${100 * threshold}.csv`)
          .split('\n')
          .find(line => line.startsWith(id))!
        const [, width, height, text] = row.split(',')
        expect([Number(height), Number(width)]).toEqual([...sizeHw])
        const words = text!.split(' ').filter(word => word !== '')
        const found = Array.from({ length: words.length / 3 }, (_, k) => words.slice(3 * k, 3 * k + 3))
        const expected = best
          .filter(index => scores[index]! > threshold && masks.offsets[index] !== masks.offsets[index + 1])
          .sort((a, b) => a - b)
        expect(found.map(([mid, score]) => [mid, Number(score)])).toEqual(
          expected.map(index => [classes[labels[index]!]!.mid, Number(scores[index]!.toFixed(5))]),
        )
        for (const [k, index] of expected.entries()) {
          expect([...decodeOpenImagesText(found[k]![2]!, sizeHw)]).toEqual([...maskCounts(masks, index)])
        }
      }
    }
  }, 60_000)

  it('scores each of them', () => {
    const { rows } = JSON.parse(read('table.json')) as { rows: [string, number][] }
    expect(rows.map(([name]) => name)).toEqual(thresholds.map(threshold => `> ${threshold}`))
    for (const [, score] of rows) expect(score).toBeGreaterThan(0.1)
    expect(rows[0]![1]).toBeGreaterThanOrEqual(rows[5]![1])
  })

  it('numbers images by first appearance in the masks file, and classes by their file', () => {
    const { images, categories, annotations } = JSON.parse(read('coco.json')) as {
      images: { id: number; file_name: string }[]
      categories: { id: number; original_id: string; supercategory: string }[]
      annotations: { iscrowd: number; area: number; bbox: number[]; segmentation: number[][] }[]
    }
    // fix_im_ids, read again.
    const numbers = new Map<string, number>()
    for (const line of readFileSync(demo.path('demo/open-images/segmentation-masks.csv'), 'utf8')
      .split('\n')
      .slice(1)) {
      const image = line.split(',')[1]
      if (image !== undefined && demo.ids.includes(image) && !numbers.has(image)) numbers.set(image, numbers.size + 1)
    }
    expect(new Map(images.map(({ id, file_name }) => [file_name.replace('.jpg', ''), id]))).toEqual(numbers)
    const described = readFileSync(demo.path('demo/class-descriptions.csv'), 'utf8').trimEnd().split('\n')
    expect(categories.map(one => one.original_id)).toEqual(described.map(line => line.split(',')[0]))
    expect(new Set(categories.map(one => one.supercategory))).toEqual(new Set(['shape']))
    for (const { segmentation, area, bbox } of annotations) {
      expect(area).toBeLessThanOrEqual(bbox[2]! * bbox[3]!)
      for (const ring of segmentation) expect(ring.length).toBeGreaterThanOrEqual(6)
    }
  })

  it('takes the published numbers from their files', async () => {
    const paramFiles = [join(repository, 'pipelines/params/openimages-2019-49th.yaml')]
    const published = await check(join(repository, 'pipelines/openimages-2019-49th.yaml'), { cache: false, paramFiles })
    expect(published).toMatchObject({ ok: true, problems: [] })
    const layers = [join(repository, 'pipelines/params/openimages-2019-layers.yaml')]
    const { problems } = await check(join(repository, 'pipelines/openimages-2019-layers.yaml'), {
      cache: false,
      paramFiles: layers,
    })
    // The bundled classes lack the teddy bear, and the bundled models sit on other levels.
    expect(new Set(problems.map(({ message }) => message))).toEqual(new Set(['there is no class /m/0kmg4']))
  })
})
