import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoProject, demoProject, type Ended, finishedOf } from '../helpers/demo-project.ts'

let demo: DemoProject
let first: Ended

beforeAll(async () => {
  demo = demoProject({ images: 6 })
  first = await demo.maskloom('run', 'training-set', '--json', '--out', 'out')
}, 60_000)

afterAll(() => demo.remove())

const read = (name: string) => JSON.parse(readFileSync(demo.path('out', `${name}.json`), 'utf8'))

describe('pipelines/training-set.yaml', () => {
  it('delivers statistics, findings, folds and a sheet', () => {
    expect(first.stderr).not.toContain('error')
    expect(finishedOf(first).status).toBe('done')
    expect(read('check').all).toMatchObject({ images: 6, errors: 0 })
    expect(read('statistics').all).toMatchObject({ images: 6, images_without: 0 })
    expect(read('classes').rows).toHaveLength(12)
    expect([...read('train').ids, ...read('valid').ids].sort()).toEqual(demo.ids)
    const epochs = readFileSync(demo.path('out', 'epochs.txt'), 'utf8').trimEnd().split('\n')
    const held = new Set((read('valid').ids as string[]).map(id => `${id}.jpg`))
    expect(epochs.length).toBeGreaterThan(2 * (6 - held.size))
    expect(epochs.some(name => held.has(name))).toBe(false)
    for (const plot of ['classes', 'areas', 'per-image', 'together']) {
      expect(readFileSync(demo.path('out', `${plot}-plot.svg`), 'utf8')).toContain('</svg>')
    }
    expect(readFileSync(demo.path('out', 'sheet.jpg')).length).toBeGreaterThan(10_000)
  })

  it('lists every problem of a damaged file, and ends the run only if told', async () => {
    const path = demo.path('demo', 'annotations.json')
    const file = JSON.parse(readFileSync(path, 'utf8'))
    file.annotations[0].category_id = 99
    file.annotations[1].image_id = 9999
    file.images[2].width += 1
    writeFileSync(path, JSON.stringify(file))
    const run = (...more: string[]) => demo.maskloom('run', 'training-set', '--json', '--out', 'out', ...more)
    const lenient = await run()
    expect(finishedOf(lenient).status).toBe('done')
    const found = read('check').findings
    expect(found).toMatchObject({ 'unknown-label': 1, 'unknown-image': 1 })
    // Run lengths state their size, so all of that image are of another one.
    expect(found['mask-size']).toBe(
      file.annotations.filter((one: { image_id: number }) => one.image_id === file.images[2].id).length,
    )
    const strict = await run('--set', 'fail_on=errors')
    expect(strict.code).toBe(1)
    expect(strict.stdout).toContain('unknown-image, annotations.json, annotation 2')
  })
})
