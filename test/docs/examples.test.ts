import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import { Command } from 'commander'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { addRunOptions } from '../../engine/cli/options.ts'
import { fullSchema } from '../../engine/load/full-schema.ts'
import { registry } from '../../nodes/index.ts'
import { type Fence, fencesOf, pages, pageText, repository } from './fences.ts'

/** A project like a user's: the bundled pipelines, the demo data, a cache of its own. */
let project: string

/** For names in capitals that stand for a reader's own data. */
const standIns = {
  SCENES: 'demo/images',
  'TRUTH.json': 'demo/annotations.json',
  CROPS: 'demo/nuclei/images',
  'CROPS.json': 'demo/nuclei/annotations.json',
}

const fences = pages.flatMap(fencesOf)
const yamlFences = fences.filter(({ info }) => info === 'yaml').map(fence => ({ ...fence, content: parse(fence.text) }))
const ajv = new Ajv({ strict: false, allErrors: true })
const schema = fullSchema(registry)
const isPipeline = ajv.compile(schema)

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'maskloom-docs-'))
  writeFileSync(join(project, 'maskloom.config.yaml'), '')
  for (const folder of ['pipelines', 'demo']) {
    cpSync(join(repository, folder), join(project, folder), { recursive: true })
  }
  for (const [name, path] of Object.entries(standIns)) {
    cpSync(join(repository, path), join(project, name), { recursive: true })
  }
  // A first run, so that there is something to list; it infers nothing.
  const first = yamlFences.find(({ content }) => content.name === 'look-at-truth')
  writeFileSync(join(project, 'pipelines/look-at-truth.yaml'), first?.text ?? '')
  expect(maskloom(['run', 'look-at-truth', '--json'])).toMatchObject({ status: 0 })
})

afterAll(() => rmSync(project, { recursive: true }))

function maskloom(args: readonly string[]): SpawnSyncReturns<string> {
  const env = { ...process.env, SCENES: join(project, 'demo/images'), NO_COLOR: '1' }
  return spawnSync(process.execPath, [join(repository, 'bin.js'), ...args], { cwd: project, env, encoding: 'utf8' })
}

const whole = yamlFences.filter(({ content }) => 'maskloom' in content)
const models = yamlFences.filter(({ content }) => 'maskloom_model' in content)
const parts = yamlFences.filter(fence => !whole.includes(fence) && !models.includes(fence))

test('there are examples of every sort', () => {
  expect([whole.length, models.length, parts.length].every(count => count > 0)).toBe(true)
})

test.each(whole)('the pipeline at $place is right', ({ text, content }: Fence & { content: { name: string } }) => {
  writeFileSync(join(project, `pipelines/${content.name}.yaml`), text)
  const { status, stderr } = maskloom(['check', content.name])
  expect(stderr).toBe('')
  expect(status).toBe(0)
})

test.each(parts)('the part of a pipeline at $place fits the schema', ({ content }) => {
  const known = Object.keys(schema['properties'] as object)
  const isFile = Object.keys(content).every(key => known.includes(key))
  const file = { maskloom: 1, steps: { any: { uses: './other.yaml' } }, outputs: { any: 'any.thing' } }
  valid(isPipeline, isFile ? { ...file, ...content } : { ...file, steps: content })
})

test.each(models)('the model file at $place fits the schema', ({ content }) => {
  const text = readFileSync(join(repository, 'schemas/model.schema.json'), 'utf8')
  valid(ajv.compile(JSON.parse(text) as object), content)
})

function valid(validate: ValidateFunction, value: unknown): void {
  validate(value)
  expect(validate.errors ?? []).toEqual([])
}

const parameterFiles = fences.filter(({ info }) => info === 'yaml params')

test.each(parameterFiles)('the parameter file at $place suits the demo', ({ text }) => {
  writeFileSync(join(project, 'settings.yaml'), text)
  expect(maskloom(['check', 'mini-open-images', '--params', 'settings.yaml'])).toMatchObject({ status: 0, stderr: '' })
})

test('the config file on the page of the command line is one', () => {
  const configs = fences.filter(({ info }) => info === 'yaml config')
  expect(configs.length).toBeGreaterThan(0)
  const text = readFileSync(join(repository, 'schemas/config.schema.json'), 'utf8')
  const isConfig = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(text) as object)
  for (const config of configs) valid(isConfig, parse(config.text))
})

const subcommands = ['run', 'check', 'plan', 'why', 'graph', 'nodes', 'schema', 'runs', 'cache']

test('the page of the command line names every command and every option', () => {
  const help = (...path: readonly string[]) => maskloom([...path, '--help']).stdout
  const named = (text: string) => [...text.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name)
  expect(named(help()).filter(name => name !== 'help')).toEqual(expect.arrayContaining(subcommands))
  const inCache = named(help('cache')).filter(name => name !== 'help')
  const paths = [...subcommands.map(name => [name]), ...inCache.map(name => ['cache', name])]
  const options = paths.flatMap(path =>
    [...help(...path).matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, name]) => name),
  )
  const page = pageText('docs/command-line.md')
  const missing = [...paths.map(path => `\`${path.join(' ')}`), ...options.map(name => `\`${name}`)]
  expect([...new Set(missing)].filter(name => name !== '`cache' && name !== '`--help' && !page.includes(name))).toEqual(
    [],
  )
})

const commands = fences
  .filter(({ info }) => info === 'sh')
  .flatMap(({ place, text }) => withVariables(text).map(line => ({ place, line: line.replace(/\s+#.*$/, '').trim() })))
  .map(({ place, line }) => ({ place, line: line.replace(/^npx /, '') }))
  .filter(({ line }) => line.startsWith('maskloom '))

test.each(commands)('$line (at $place) works', ({ line }) => {
  const [, command = '', ...args] = words(line)
  if (command !== 'run') {
    const { status, stderr } = maskloom([command, ...args])
    expect(stderr).toBe('')
    expect(status).toBe(0)
    return
  }
  // Runs that infer would take too long: their arguments are read, and what they would do is planned.
  const parser = addRunOptions(new Command('run').argument('<pipeline>').argument('[targets...]')).exitOverride()
  parser.configureOutput({ writeErr: text => expect.fail(text) }).parse(args, { from: 'user' })
  const { set, params, allowCommands } = parser.opts<{
    set: readonly string[]
    params: readonly string[]
    allowCommands?: boolean
  }>()
  const given = [
    ...set.flatMap(one => ['--set', one]),
    ...params.flatMap(one => ['--params', one]),
    ...(allowCommands ? ['--allow-commands'] : []),
  ]
  expect(maskloom(['plan', ...parser.args, ...given])).toMatchObject({ status: 0, stderr: '' })
})

/** Lines in which variables set in lines before them are replaced. */
function withVariables(text: string): readonly string[] {
  const values = new Map<string, string>()
  return text.split('\n').map(line => {
    const [, name, value] = /^(\w+)="([^"]*)"$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) values.set(name, value)
    return line.replace(/\$(\w+)/g, (written, used: string) => values.get(used) ?? written)
  })
}

/** Words of a command line, with quotes of either sort. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  )
}

test('every bundled pipeline is right', () => {
  const names = readdirSync(join(repository, 'pipelines')).filter(name => name.endsWith('.yaml'))
  expect(names.length).toBeGreaterThan(2)
  for (const name of names) {
    expect(maskloom(['check', '--allow-commands', `pipelines/${name}`]), name).toMatchObject({ status: 0, stderr: '' })
  }
})
