import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoProject, demoProject, type Ended, finishedOf } from '../helpers/demo-project.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Two pictures of each type, of different wells. */
const ids = ['as7a1218', 'asa7d8e1', 'co89545b', 'cob71b24', 'sh6acfd5', 'sh98969e']

const views = ['--set', 'flips=[none]', '--set', 'folds=[0, 1]', '--set', 'fold_count=2']

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
  first = await demo.maskloom('run', 'sartorius-tune', '--json', '--out', 'out', ...views, '--set', 'trials=40')
}, 120_000)

afterAll(() => demo.remove())

const read = (...path: string[]) => readFileSync(demo.path(...path), 'utf8')

describe('pipelines/sartorius-tune.yaml', () => {
  it('tries so many configurations and cross-validates the best', () => {
    expect(first.stderr).not.toContain('error')
    expect(finishedOf(first).status).toBe('done')
    const { search } = JSON.parse(read('out', 'metrics.json')) as { search: { [name: string]: number } }
    expect(search['configurations']).toBe(41)
    expect(search['in-sample']).toBeGreaterThanOrEqual(search['as written']!)
    expect(search['cross-validated']).toBeGreaterThan(0.5)
    expect(search['gain']).toBeCloseTo(search['cross-validated']! - search['as written']!, 12)
    const { rows } = JSON.parse(read('out', 'trials.json')) as { rows: (number | string | null)[][] }
    expect(rows.length).toBe(41)
    const folds = JSON.parse(read('out', 'folds.json')) as { rows: (number | string)[][] }
    expect(folds.rows.reduce((sum, row) => sum + Number(row[1]), 0)).toBe(ids.length)
  })

  it('infers nothing again for another search', async () => {
    const again = await demo.maskloom(
      'run',
      'sartorius-tune',
      '--json',
      '--out',
      'out-2',
      ...views,
      '--set',
      'trials=41',
    )
    const { status, inferences, tasks } = finishedOf(again)
    expect(status).toBe('done')
    expect(inferences).toBe(0)
    expect(tasks.done).toBe(1)
  }, 60_000)

  it('gives parameters that the pipeline takes', async () => {
    const chosen = ['--params', 'out/chosen.yaml']
    const { code, stderr } = await demo.maskloom('check', 'sartorius', ...chosen)
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })
})
