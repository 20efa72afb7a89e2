import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { check } from '../../engine/api/check.ts'
import { decodeStartLength } from '../../nodes/kernels/mask-text.ts'
import { maskAreas } from '../../nodes/kernels/rle.ts'
import { type DemoProject, demoProject, type Ended, eventsOf, finishedOf } from '../helpers/demo-project.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** One picture of each type: their ids begin with the type. */
const ids = ['as7a1218', 'co89545b', 'sh6acfd5']

let demo: DemoProject
let first: Ended

beforeAll(async () => {
  demo = demoProject({ images: 1 })
  const from = join(repository, 'demo', 'nuclei')
  cpSync(from, demo.path('demo', 'nuclei'), {
    recursive: true,
    filter: path => !path.endsWith('.png') || ids.some(id => path.endsWith(`${id}.png`)),
  })
  const [header, ...rows] = readFileSync(join(from, 'train.csv'), 'utf8').split('\n')
  const own = rows.filter(row => ids.includes(row.split(',')[0]!))
  writeFileSync(demo.path('demo', 'nuclei', 'train.csv'), [header, ...own, ''].join('\n'))
  first = await demo.maskloom('run', 'sartorius', '--json', '--out', 'out')
}, 120_000)

afterAll(() => demo.remove())

const read = (...path: string[]) => readFileSync(demo.path('out', ...path), 'utf8')

describe('pipelines/sartorius.yaml', () => {
  it('segments every type by its own models, and infers no view twice', () => {
    expect(first.stderr).not.toContain('error')
    expect(finishedOf(first).status).toBe('done')
    const types = readdirSync(demo.path('out', 'types')).map(file => JSON.parse(read('types', file)).text)
    expect(types).toEqual(['astro', 'cort', 'shsy5y'])
    const tasks = (step: string) =>
      eventsOf(first).flatMap(event => (event.type === 'step.items' && event.step === step ? [event.tasks] : []))
    expect(['shsy5y', 'astro', 'cort'].map(type => tasks(`${type}/propose`).at(-1))).toEqual([8, 4, 8])
  })

  it('finds the cells, and writes each pixel to one of them at most', () => {
    const scores = JSON.parse(read('metrics.json')) as { [row: string]: number }
    for (const row of ['all images', 'shsy5y', 'astro', 'cort']) expect(JSON.stringify(scores)).toContain(row)
    const images = JSON.parse(read('images.json')) as { rows: [string, number][] }
    expect(images.rows.map(([id]) => id)).toEqual(ids)
    for (const [, score] of images.rows) expect(score).toBeGreaterThan(0.6)
    const lines = read('submission.csv').trimEnd().split('\n')
    expect(lines[0]).toBe('id,predicted')
    for (const id of ids) {
      const covered = new Uint8Array(192 * 256)
      const own = lines.filter(line => line.startsWith(`${id},`)).map(line => line.split(',')[1]!)
      expect(own.length).toBeGreaterThan(5)
      for (const text of own) {
        const words = text.split(' ').map(Number)
        for (let k = 0; k < words.length; k += 2)
          for (let at = words[k]! - 1; at < words[k]! + words[k + 1]! - 1; at++) covered[at]!++
        expect(maskAreas(decodeStartLength(text, [192, 256], { order: 'row-major', base: 1 }))[0]).toBeGreaterThan(0)
      }
      expect(Math.max(...covered)).toBe(1)
    }
  })

  it('deals the annotated images into folds by type and by well', () => {
    const folds = (name: string) => (JSON.parse(read(`${name}.json`)) as { rows: (string | number | null)[][] }).rows
    expect(folds('folds-by-type').map(([id, , label]) => [id, label])).toEqual([
      ['as7a1218', 'astro'],
      ['co89545b', 'cort'],
      ['sh6acfd5', 'shsy5y'],
    ])
    expect(folds('folds-by-well').map(row => row[3])).toEqual([
      'astro[plate1]_B1',
      'cort[plate1]_C1',
      'shsy5y[plate1]_A1',
    ])
  })

  it('infers nothing again when only the last thresholds change', async () => {
    const ended = await demo.maskloom('run', 'sartorius', '--json', '--set', 'confidence={"others": 0.6}')
    expect(finishedOf(ended)).toMatchObject({ status: 'done', inferences: 0 })
  }, 60_000)
})

describe('the other pipelines of cells', () => {
  it.each(['nuclei-maps', 'zoo-reference-nuclei', 'sartorius-cells'])('%s has no problems', async name => {
    expect(await check(join(repository, 'pipelines', `${name}.yaml`), { cache: false })).toMatchObject({ ok: true })
  })

  it('name a type that does not exist before anything runs', async () => {
    const set = ['box_iou={"shsy5y": 0.7, "astr": 0.9, "cort": 0.6}']
    const { problems } = await check(join(repository, 'pipelines', 'sartorius.yaml'), { cache: false, set })
    expect(problems.map(({ message }) => message)).toContain(
      'iou names the class astr, which is none of shsy5y, astro, cort',
    )
  })
})
