import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoProject, demoProject, finishedOf } from '../helpers/demo-project.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
let demo: DemoProject

beforeAll(() => {
  demo = demoProject({ images: 1 })
  cpSync(join(repository, 'demo', 'cities'), demo.path('demo', 'cities'), { recursive: true })
})
afterAll(() => demo.remove())

const read = (...path: string[]) => JSON.parse(readFileSync(demo.path('out', ...path), 'utf8'))
const few = ['--set', 'scales=[{ id: w128, size: { square: 128 } }]', '--set', 'flips=[none, vertical]']

describe('pipelines/open-cities.yaml', () => {
  it('finds the roofs of the scenes and writes them as polygons on the map', async () => {
    const ended = await demo.maskloom('run', 'open-cities', '--json', '--out', 'out', ...few)
    expect(ended.stderr).not.toContain('error')
    const { status, inferences } = finishedOf(ended)
    // 3 scenes of 4 tiles, 2 models × 2 flips × 2 transposes.
    expect([status, inferences]).toEqual(['done', 96])
    const { pixels, micro } = read('metrics.json')
    expect(pixels.jaccard).toBeGreaterThan(0.85)
    expect(micro.jaccard).toBeGreaterThan(pixels.jaccard)
    const { crs, features } = read('polygons', 'e1.geojson')
    expect(crs.properties.name).toBe('urn:ogc:def:crs:EPSG::32631')
    const xs = features.flatMap((one: { geometry: { coordinates: number[][][] } }) =>
      one.geometry.coordinates[0]!.map(([x]) => x),
    )
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(421000)
    expect(Math.max(...xs)).toBeLessThanOrEqual(421112)
    const { channels, width } = await sharp(demo.path('out', 'masks', 'e1.tif')).metadata()
    expect([channels, width]).toEqual([1, 224])
  }, 120_000)

  it('is worse with the way back in the published order', async () => {
    const right = read('metrics.json').pixels.jaccard
    const ended = await demo.maskloom(
      'run',
      'open-cities',
      'metrics',
      '--json',
      '--out',
      'out',
      ...few,
      '--set',
      'tta_inverse=published',
    )
    expect(finishedOf(ended).status).toBe('done')
    expect(read('metrics.json').pixels.jaccard).toBeLessThan(right - 0.05)
  }, 120_000)
})

describe('pipelines/open-cities-training.yaml', () => {
  it('cuts chips, mines negatives, writes soft and pseudo-labels, and keeps the chips of a scene in one fold', async () => {
    const ended = await demo.maskloom('run', 'open-cities-training', '--json', '--out', 'out')
    expect(ended.stderr).not.toContain('error')
    expect(finishedOf(ended).status).toBe('done')
    expect(readdirSync(demo.path('out', 'chips')).sort()).toEqual(['e1', 'e2', 'w1'])
    expect(readdirSync(demo.path('out', 'chips', 'e1'))).toEqual(readdirSync(demo.path('out', 'chip-masks', 'e1')))
    const { rows } = read('folds.json') as { rows: [string, number][] }
    for (const scene of ['e1', 'e2', 'w1']) {
      const folds = rows.filter(([id]) => id.startsWith(`${scene}/`)).map(([, fold]) => fold)
      expect(folds.length).toBe(9)
      expect(new Set(folds).size).toBe(1)
    }
    const kinds = (read('mined.json') as { rows: [string, number, number, string][] }).rows
    const negatives = kinds.filter(([, , , kind]) => kind === 'negative').map(([id]) => id.split('/')[1])
    expect(negatives.length).toBeGreaterThan(0)
    expect(readdirSync(demo.path('out', 'negatives', 'n1')).sort()).toEqual(negatives.map(name => `${name}.png`).sort())
    expect(readdirSync(demo.path('out', 'soft-labels', 'n1')).length).toBe(kinds.length - negatives.length)
    expect(read('pseudo-labels.json').annotations.length).toBeGreaterThan(5)
  }, 120_000)
})
