import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { check } from '../../engine/api/check.ts'
import { load } from '../../engine/api/load.ts'
import { run } from '../../engine/api/run.ts'
import { nodeTests } from '../../engine/api/testing.ts'
import type { RunEvent } from '../../engine/contract/event.ts'
import { write } from '../helpers/project.ts'

const checkout = fileURLToPath(new URL('../../', import.meta.url))

/** A project in which maskloom and the example package are installed, and the package lies open as well. */
const folder = mkdtempSync(join(tmpdir(), 'maskloom-nodes-'))
mkdirSync(join(folder, 'node_modules'))
symlinkSync(checkout, join(folder, 'node_modules/maskloom'))
for (const place of ['my-nodes', 'node_modules/maskloom-example-nodes'])
  cpSync(join(checkout, 'test/fixtures/user-nodes'), join(folder, place), { recursive: true })
write(folder, {
  'maskloom.config.yaml': '',
  'texts/a.txt': 'a cat\na Cat\na dog\n',
  'texts/b.txt': 'no pet\n',
  'pipeline.yaml': `maskloom: 1
steps:
  texts: { uses: example/lines, with: { path: texts } }
  found: { uses: example/keep, with: { word: cat, case: false }, in: { lines: texts.lines } }
  counts: { uses: example/count, in: { lines: found.lines } }
outputs: { counts: counts.table, found: found.lines }
`,
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const example = (await import(pathToFileURL(join(folder, 'my-nodes/index.js')).href)) as {
  readonly [name: string]: unknown
}

describe('the nodes of the example package keep the contract:', () => {
  for (const { title, problems } of nodeTests(example)) {
    it(title, async () => {
      expect(await problems()).toEqual([])
    })
  }
})

async function outcome(nodes: readonly string[], cache: string, force: readonly string[] = []) {
  const events: RunEvent[] = []
  const running = run(await load('pipeline.yaml', { directory: folder, cache, nodes }), { force })
  for await (const event of running) events.push(event)
  const finished = await running.finished
  const remarks = events.flatMap(event => (event.type === 'remark' ? [event.message] : []))
  const problems = events.flatMap(event => (event.type === 'task.failed' ? [event.problem] : []))
  return { ...finished, remarks, problems }
}

describe('nodes of a user', () => {
  it.each([
    ['a folder', './my-nodes'],
    ['a file', 'my-nodes/index.js'],
    ['an installed package', 'maskloom-example-nodes'],
  ])('are loaded from %s, and their results are cached', async (_what, name) => {
    const first = await outcome([name], `cache-${name.length}`)
    expect(first).toMatchObject({ status: 'done', tasks: { done: 5, hit: 0 }, problems: [] })
    expect(JSON.parse(readFileSync(first.outputs['counts']!, 'utf8'))).toEqual({
      columns: ['item', 'lines'],
      rows: [
        ['a', 2],
        ['b', 0],
      ],
    })
    expect(readFileSync(join(first.outputs['found']!, 'a.txt'), 'utf8')).toBe('a cat\na Cat\n')
    expect(await outcome([name], `cache-${name.length}`)).toMatchObject({ tasks: { done: 0, hit: 5 }, remarks: [] })
  })

  it('are loaded once, however often they are named', async () => {
    const twice = await check('pipeline.yaml', { directory: folder, nodes: ['./my-nodes', './my-nodes/index.js'] })
    expect(twice.problems).toEqual([])
  })

  it('are unknown until the user names them', async () => {
    const { problems } = await check('pipeline.yaml', { directory: folder })
    expect(problems).toMatchObject([{ code: 'unknown-node' }, { code: 'unknown-node' }, { code: 'unknown-node' }])
    write(folder, { 'maskloom.config.yaml': 'nodes: [./my-nodes]\n' })
    const offered = await check('pipeline.yaml', { directory: folder })
    const allowed = await check('pipeline.yaml', { directory: folder, allowNodes: true })
    write(folder, { 'maskloom.config.yaml': '' })
    expect(offered.problems[0]?.fix).toContain('./my-nodes); if you trust them, load them: --allow-nodes')
    expect(allowed.problems).toEqual([])
  })

  it('that were edited without a new version are remarked on once, and take effect when forced', async () => {
    const edited = (text: string) => text.replace('[id, value.length]', '[id, value.length + 100]')
    const path = join(folder, 'edited/index.js')
    cpSync(join(folder, 'my-nodes'), join(folder, 'edited'), { recursive: true })
    await outcome(['./edited'], 'cache-edited')
    write(folder, { 'edited/index.js': edited(readFileSync(path, 'utf8')) })
    const stale = await outcome(['./edited'], 'cache-edited')
    expect(stale.remarks).toEqual([expect.stringMatching(/^\.\/edited was edited since .*example\/count last ran/)])
    expect(stale.tasks).toMatchObject({ hit: 5 })
    expect((await outcome(['./edited'], 'cache-edited')).remarks).toEqual([])
    write(folder, { 'edited/index.js': readFileSync(path, 'utf8').replaceAll('version: 1', 'version: 2') })
    const counted = await outcome(['./edited'], 'cache-edited')
    expect(counted.remarks).toEqual([])
    expect(readFileSync(counted.outputs['counts']!, 'utf8')).toContain('102')
  })

  it('say what is wrong in their own words', async () => {
    write(folder, {
      'failing.js': `import { defineNode, TaskError } from 'maskloom'
import { nodes as all, kinds as known } from './my-nodes/index.js'
export const kinds = known
export const nodes = all.map(node => node.name !== 'example/keep' ? node : {
  ...node, run: () => { throw new TaskError({ code: 'bad-value', message: 'no luck today', fix: 'wait' }) },
})
`,
      'package.json': '{ "type": "module" }',
    })
    const { problems, status } = await outcome(['./failing.js'], 'cache-failing')
    expect(status).toBe('failed')
    expect(problems[0]).toMatchObject({ code: 'bad-value', message: 'no luck today', fix: 'wait' })
  })
})

describe('a module that is no module of nodes', () => {
  const node = `{ name: 'my/node', version: 1, description: 'Mine.', mode: 'item', lane: 'cpu',
    params: { type: 'object', additionalProperties: false, properties: {} }, inputs: {},
    outputs: { out: { kind: 'table', per: 'item', description: 'Out.' } }, example: '', run: () => ({}) }`
  const list = (changed: string) => `export const nodes = [{ ...${node}, ${changed} }]`

  it.each<[string, string, RegExp]>([
    ['that does not parse', 'export const', /broken\.mjs cannot be loaded: (Unexpected|Parse)/],
    ['that throws', 'throw new Error("not today")', /cannot be loaded: not today/],
    ['that imports what is not there', "import 'nothing-of-this-name'", /cannot be loaded: Cannot find package/],
    ['that exports nothing', 'export const other = []', /it has no export `nodes`/],
    ['that exports no list', 'export const nodes = {}', /`nodes`: expected a list, found an empty map/],
    ['with nothing in the list', 'export const nodes = [null]', /node 1 of `nodes`: expected an object, found nothing/],
    [
      'with a bad name',
      list("name: 'Mine'"),
      /\(`Mine`\): `name`: expected family\/name in small letters, found "Mine"/,
    ],
    ['with a name that is taken', list("name: 'boxes/nms'"), /there is already a node `boxes\/nms`/],
    ['with one name twice', `${list('')}; nodes.push(nodes[0])`, /there is already a node `my\/node`/],
    [
      'without a version',
      list('version: undefined'),
      /`version`: expected a whole number of at least 1, found nothing/,
    ],
    ['with an unknown mode', list("mode: 'batch'"), /`mode`: expected 'item', 'collection', .* found "batch"/],
    ['with open parameters', list("params: { type: 'object' }"), /`params`: expected an object schema/],
    ['with no function', list("run: 'x'"), /`run`: expected a function, found "x"/],
    [
      'with an unknown kind',
      list("outputs: { a: { kind: 'soup', per: 'item' } }"),
      /there is no kind `soup`; known: boxes/,
    ],
    ['with an unknown runtime', list("runtimes: ['python']"), /there is no runtime `python`/],
    [
      'with a kind that is taken',
      `export const nodes = []; export const kinds = [{ name: 'table', description: 'x', extension: 'x', encode() {}, decode() {} }]`,
      /there is already a kind `table`/,
    ],
    [
      'with half a kind',
      `export const nodes = []; export const kinds = [{ name: 'x' }]`,
      /kind 1 of `kinds`: `description`: expected text/,
    ],
  ])('%s is refused', async (_what, text, message) => {
    write(folder, { 'broken.mjs': text })
    const { problems } = await check('pipeline.yaml', { directory: folder, nodes: ['./broken.mjs'] })
    expect(problems).toMatchObject([{ code: 'bad-nodes', message: expect.stringMatching(message) }])
  })

  it('is refused if it is not there', async () => {
    for (const name of ['./nothing.js', 'no-such-package-here', './texts']) {
      const { problems } = await check('pipeline.yaml', { directory: folder, nodes: [name] })
      expect(problems).toMatchObject([{ code: 'bad-nodes', message: expect.stringContaining(`\`${name}\``) }])
    }
  })
})
