import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { check } from '../../engine/api/check.ts'
import { type DemoProject, demoProject, type Ended, eventsOf, finishedOf } from '../helpers/demo-project.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
let demo: DemoProject
let first: Ended
/** Ids in the order of the test list. */
let listed: string[]

beforeAll(async () => {
  demo = demoProject({ images: 3 })
  const from = join(repository, 'demo', 'open-images')
  cpSync(from, demo.path('demo', 'open-images'), { recursive: true })
  const only = (file: string, column: number) => {
    const [header, ...rows] = readFileSync(join(from, file), 'utf8').trimEnd().split('\n')
    const own = rows.filter(row => demo.ids.includes(row.split(',')[column]!))
    writeFileSync(demo.path('demo', 'open-images', file), [header, ...own, ''].join('\n'))
    return own
  }
  only('segmentation-masks.csv', 1)
  listed = only('sample_empty_submission.csv', 0).map(row => row.split(',')[0]!)
  first = await demo.maskloom('run', 'openimages-2019-7th', '--json', '--out', 'out', '--set', 'shards=2')
}, 120_000)

afterAll(() => demo.remove())

const rows = (out: string, ...path: string[]) =>
  readFileSync(demo.path(out, ...path), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map(line => {
      const [id, width, height, text] = line.split(',') as [string, string, string, string]
      return { id, width, height, words: text === '' ? [] : text.split(' ') }
    })
const labels = ({ words }: { words: readonly string[] }) => words.filter((_, i) => i % 3 === 0)

describe('pipelines/openimages-2019-7th.yaml', () => {
  it('writes every CSV of the workflow, one for each shard, in the order of the test list', () => {
    expect(first.stderr).not.toContain('error')
    expect(finishedOf(first)).toMatchObject({ status: 'done', inferences: 3 * (3 + 1) * 4 })
    expect(listed).not.toEqual(demo.ids)
    for (const [folder, name] of [
      ['leaf-csv', 'leaf_0of2.csv leaf_1of2.csv'],
      ['parent-csv', 'parent_0of2.csv parent_1of2.csv'],
      ['lifted-csv', 'leaf_0of2_expand_thr0_25cls.csv leaf_1of2_expand_thr0_25cls.csv'],
      ['nms-csv', 'nms_thr0_0.5_0of2.csv nms_thr0_0.5_1of2.csv'],
    ] as const) {
      const files = readdirSync(demo.path('out', folder)).sort()
      expect(files.join(' ')).toBe(name)
      expect(files.flatMap(file => rows('out', folder, file).map(({ id }) => id))).toEqual(listed)
    }
    expect(rows('out', 'submission.csv').map(({ id }) => id)).toEqual(listed)
  })

  it('joins leaves and parents: the submission is the leaf CSV followed by that of mask NMS', () => {
    const part = (folder: string) =>
      readdirSync(demo.path('out', folder))
        .sort()
        .flatMap(file => rows('out', folder, file))
    const leaves = part('leaf-csv')
    const parents = part('nms-csv')
    for (const [i, row] of rows('out', 'submission.csv').entries()) {
      expect(row.words).toEqual([...leaves[i]!.words, ...parents[i]!.words])
      expect(new Set(labels(parents[i]!))).not.toContain('/m/01yrx')
    }
  })

  it('gives the same submission from its own CSVs', async () => {
    const set = ['leaf=out/leaf-csv', 'parent=out/parent-csv', 'handed_on_decimals=6', 'shards=2']
    const given = set.flatMap(one => ['--set', one])
    const whole = await demo.maskloom(
      'run',
      'openimages-2019-7th',
      'submission',
      '--json',
      '--out',
      'six',
      '--set',
      'handed_on_decimals=6',
      '--set',
      'shards=2',
    )
    expect(finishedOf(whole)).toMatchObject({ status: 'done', inferences: 0 })
    const ended = await demo.maskloom('run', 'openimages-2019-7th-from-csv', '--json', '--out', 'again', ...given)
    expect(ended.stderr).not.toContain('error')
    expect(rows('again', 'submission.csv')).toEqual(rows('six', 'submission.csv'))
  }, 60_000)

  it('does what the authors’ programs did when told so', async () => {
    const params = join(repository, 'pipelines/params/openimages-2019-7th-faithful.yaml')
    const ended = await demo.maskloom('run', 'openimages-2019-7th', '--json', '--out', 'faithful', '--params', params)
    expect(ended.stderr).not.toContain('error')
    const { status } = finishedOf(ended)
    expect(status).toBe('done')
    const files = readdirSync(demo.path('faithful', 'lifted-csv'))
    expect(files).toHaveLength(25)
    expect(files).toContain('leaf_0of25_expand_thr0.0_25cls.csv')
    // Printed zeros vanish, empty images have no size, and parents get no ancestors.
    const survivors = files.flatMap((_, k) => rows('faithful', 'nms-csv', `nms_thr0_0.5_${k}of25.csv`))
    expect(survivors.filter(({ words }) => words.length === 0).every(({ width }) => width === '-1')).toBe(true)
    expect(
      survivors.flatMap(({ words }) => words.filter((_, i) => i % 3 === 1)).every(score => Number(score) > 0),
    ).toBe(true)
    // Of twelve views only one gives proposals.
    const pooled = (list: Ended) =>
      eventsOf(list).flatMap(event => (event.type === 'step.items' && event.step === 'leaf/proposals' ? [event] : []))
    expect(pooled(ended).length).toBeGreaterThan(0)
  }, 60_000)

  it('leaves nothing half-written when a CSV breaks in its middle, and says where', async () => {
    cpSync(demo.path('out', 'leaf-csv'), demo.path('broken'), { recursive: true })
    const file = demo.path('broken', 'leaf_0of2.csv')
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    writeFileSync(file, [...lines.slice(0, -1), lines.at(-1)!.slice(0, -9), ''].join('\n'))
    const set = ['--set', 'leaf=broken', '--set', 'parent=out/parent-csv']
    const ended = await demo.maskloom('run', 'openimages-2019-7th-from-csv', '--json', '--out', 'half', ...set)
    expect(ended.code).toBe(1)
    expect(ended.stdout).toContain(`leaf_0of2.csv, row ${lines.length} (`)
    expect(existsSync(demo.path('half')) ? readdirSync(demo.path('half')) : []).toEqual([])
  }, 60_000)

  it('has no problems with the published settings', async () => {
    const paramFiles = [join(repository, 'pipelines/params/openimages-2019-7th-published.yaml')]
    const file = join(repository, 'pipelines/openimages-2019-7th.yaml')
    expect(await check(file, { cache: false, paramFiles })).toMatchObject({ ok: true, problems: [] })
  })
})
