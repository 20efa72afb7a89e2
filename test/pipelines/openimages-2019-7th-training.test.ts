import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { check } from '../../engine/api/check.ts'
import { type DemoProject, demoProject, finishedOf } from '../helpers/demo-project.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
let demo: DemoProject

beforeAll(async () => {
  demo = demoProject({ images: 1 })
  const files = join(repository, 'demo', 'open-images')
  cpSync(files, demo.path('demo', 'open-images'), { recursive: true, filter: path => !path.endsWith('masks') })
  const ended = await demo.maskloom('run', 'openimages-2019-7th-training', '--json', '--out', 'out')
  expect(ended.stderr).not.toContain('error')
  expect(finishedOf(ended)).toMatchObject({ status: 'done', inferences: 0 })
}, 60_000)

afterAll(() => demo.remove())

const read = (name: string) => readFileSync(demo.path('out', name), 'utf8')
const rows = (name: string) => (JSON.parse(read(name)) as { rows: (string | number)[][] }).rows

describe('pipelines/openimages-2019-7th-training.yaml', () => {
  it('has a row for each annotation of a leaf, and of a parent after expansion', () => {
    const lines = (part: string) =>
      readFileSync(demo.path('demo', 'open-images', `${part}-segmentation-masks.csv`), 'utf8')
    const objects = (part: string) => lines(part).trimEnd().split('\n').length - 1
    expect(rows('leaf-annotations.json')).toHaveLength(objects('train'))
    expect(rows('parent-annotations.json')).toHaveLength(objects('train') + objects('extra'))
    expect(new Set(rows('parent-annotations.json').map(row => row[1]))).toEqual(
      new Set(['/m/02xwb', '/m/01prls', '/m/01lrl']),
    )
  })

  it('brings rare classes up to their targets and lists every epoch', () => {
    for (const round of [2, 3]) {
      const classes = rows(`leaf-classes/round=${round}.json`)
      expect(classes.map(([rank]) => rank)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
      // Ranks 5 to 9 have 20 places, unless all images that are left come 10 times already.
      for (const [, , images, samples] of classes.slice(5, 10) as [number, string, number, number][]) {
        expect(samples).toBeGreaterThanOrEqual(Math.min(20, 10 * images))
      }
    }
    const list = read('leaf-list.txt').trimEnd().split('\n')
    expect(list.every(name => /^[0-9a-f]{16}\.jpg$/.test(name))).toBe(true)
    expect(list.length).toBeGreaterThan(60)
    expect(read('leaf-list-with-extra.txt').trimEnd().split('\n').length).toBeGreaterThan(60)
    expect(read('parent-list.txt').trimEnd().split('\n').length).toBeGreaterThan(40)
  })

  it('takes the published numbers from their file', async () => {
    const params = [join(repository, 'pipelines/params/openimages-2019-7th-training.yaml')]
    const file = join(repository, 'pipelines/openimages-2019-7th-training.yaml')
    expect(await check(file, { cache: false, paramFiles: params })).toMatchObject({ ok: true, problems: [] })
  })
})
