import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryProject, write } from '../helpers/project.ts'

const checkout = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(checkout, 'docs/own-nodes.md'), 'utf8')
const folder = temporaryProject()

/** Blocks whose first line names a file: language, name, text. */
const files = Object.fromEntries(
  page
    .split('```')
    .filter((_, i) => i % 2 === 1)
    .flatMap(block => {
      const [, name] = /^\w+ (\S+)\n/.exec(block) ?? []
      return name === undefined ? [] : [[name, block.slice(block.indexOf('\n') + 1)]]
    }),
)

const commands = [...page.matchAll(/^```bash\nmaskloom (.*)\n```/gm)].map(([, words = '']) => words.split(' '))

async function maskloom(...args: readonly string[]) {
  return promisify(execFile)(process.execPath, [join(checkout, 'bin.js'), ...args], { cwd: folder })
}

const output = (name: string) => readFileSync(join(folder, 'out', name), 'utf8')

beforeAll(() => {
  write(folder, {
    ...files,
    'package.json': '{ "type": "module" }',
    'annotations.json': JSON.stringify({ annotations: [40, 700, 20, 300, 900].map(area => ({ area })) }),
  })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(checkout, join(folder, 'node_modules/maskloom'))
})

describe('docs/own-nodes.md', () => {
  it('shows all it needs', () => {
    const shown = ['pipeline.yaml', 'scripts/areas.py', 'my-nodes.js', 'large.yaml', 'my-nodes.test.js']
    expect(Object.keys(files)).toEqual(shown)
    expect(commands).toHaveLength(2)
  })

  it('has a pipeline that runs a program, and its result is cached', async () => {
    await maskloom(...commands[0]!)
    expect(JSON.parse(output('pipeline/areas.json')).rows).toEqual([
      [20, 40],
      [300, 700],
      [900, 900],
    ])
    expect(output('pipeline/report.txt')).toBe('[20, 40]\n[300, 700]\n[900, 900]\n')
    const { stdout } = await maskloom(...commands[0]!)
    expect(stdout).toContain('2 tasks cached, 0 computed')
  })

  it('has a module of nodes that works', async () => {
    await maskloom(...commands[1]!)
    expect(JSON.parse(output('large/large.json')).rows).toEqual([
      [300, 700],
      [900, 900],
    ])
    const { stdout } = await maskloom('nodes', 'mine/keep-large', '--nodes', './my-nodes.js')
    expect(stdout).toContain('Keeps the rows of a table')
  })

  it('has a test of that module that passes', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--test', 'my-nodes.test.js'], { cwd: folder })
    expect(stdout).toMatch(/^# pass (?:9|\d\d)$/m)
    expect(stdout).toMatch(/^# fail 0$/m)
  })
})
