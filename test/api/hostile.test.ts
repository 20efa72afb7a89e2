import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { check } from '../../engine/api/check.ts'
import { load } from '../../engine/api/load.ts'
import { plan } from '../../engine/api/plan.ts'
import { run } from '../../engine/api/run.ts'
import type { Diagnostic } from '../../engine/base/diagnostic.ts'
import { project } from '../helpers/project.ts'

/** What a stranger's pipeline may try, and what is said to it. */

const usesModel = (path: string) => `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ${path} } }
outputs: { out: images.images }
`

const usesCommand = `maskloom: 1
steps:
  evil:
    uses: command/run
    with: { run: [sh, -c, 'touch pwned'], outputs: { file: pwned } }
outputs: { out: evil.file }
`

async function problems(folder: string, options: object = {}): Promise<readonly Diagnostic[]> {
  return (await check('pipeline.yaml', { directory: folder, ...options })).problems
}

/** "3:40 outside-root message": every problem has a place in a file. */
function located({ code, at, message }: Diagnostic): string {
  expect(at, message).toBeDefined()
  const before = readFileSync(at!.file, 'utf8').slice(0, at!.start)
  return `${before.split('\n').length}:${at!.start - before.lastIndexOf('\n')} ${code} ${message}`
}

describe('reading outside the project', () => {
  it.each([
    ['a relative path', '../../etc', /^3:48 outside-root `path` is .*, outside the project/],
    ['an absolute path', '/etc', /^3:48 outside-root `path` is \/etc, outside the project/],
    ['a path that goes in and out', 'in/../../x', /^3:48 outside-root/],
    // No shell looks at paths: a tilde is a name like any other.
    ['the home folder', '~/.ssh', /^3:48 missing-file .*~\/\.ssh is not there/],
    ['a path with a null byte', '"a\\0b"', /^3:48 (missing-file|unreadable-file) /],
    ['a variable it does not declare', '"${env.HOME}"', /^3:49 unknown-env/],
  ])('by %s is refused', async (_how, path, message) => {
    const found = await problems(project({ 'pipeline.yaml': usesModel(path) }))
    expect(found.map(located)).toEqual([expect.stringMatching(message)])
  })

  it('by a link is refused, unless it is allowed', async () => {
    const outside = project({ 'secret.png': 'x' })
    const folder = project({ 'pipeline.yaml': usesModel('link') })
    symlinkSync(outside, join(folder, 'link'))
    expect((await problems(folder)).map(located)).toEqual([
      expect.stringMatching(/^3:48 outside-root .*a link to .*, outside the project/),
    ])
    expect(await problems(folder, { allowOutside: true })).toEqual([])
  })

  it('by a link to a file is refused', async () => {
    const outside = project({ 'secret.csv': 'x' })
    const folder = project({
      'pipeline.yaml': `maskloom: 1
steps:
  a: { uses: hierarchy/open-images, with: { hierarchy: link.json, descriptions: link.json } }
outputs: { out: a.hierarchy }
`,
    })
    symlinkSync(join(outside, 'secret.csv'), join(folder, 'link.json'))
    const found = (await problems(folder)).map(located)
    expect(found).not.toEqual([])
    for (const problem of found) expect(problem).toMatch(/outside-root/)
  })

  it('by links inside a folder finds nothing there', async () => {
    const outside = project({ 'secret.png': 'x' })
    const folder = project({ 'pipeline.yaml': usesModel('images'), 'images/a.txt': '' })
    symlinkSync(join(outside, 'secret.png'), join(folder, 'images/a.png'))
    symlinkSync(outside, join(folder, 'images/more'))
    const found = await problems(folder)
    expect(found.map(located)).toEqual([expect.stringMatching(/^3:48 missing-file .*no file that matches/)])
  })

  it.each([
    ['above the project', '../x.yaml'],
    ['anywhere', '/etc/x.yaml'],
    ['in the home folder', `${homedir()}/x.yaml`],
  ])('by using a pipeline %s is refused, also where nothing is bound', async (_where, path) => {
    const steps = `steps:\n  a: { uses: ${path}, in: { images: images } }\noutputs: { out: a.x }\n`
    const folder = project({
      'pipeline.yaml': `maskloom: 1\ninputs: { images: { kind: image, per: item } }\n${steps}`,
      'bound.yaml': `maskloom: 1\n${steps.replace(', in: { images: images }', '')}`,
    })
    expect((await problems(folder)).map(located)).toEqual([expect.stringMatching(/^4:14 outside-root/)])
    const { problems: bound } = await check('bound.yaml', { directory: folder })
    expect(bound.map(located)).toContainEqual(expect.stringMatching(/^3:14 outside-root/))
  })
})

describe('writing outside the project', () => {
  it.each([
    [
      'an output',
      'maskloom: 1\nsteps: { a: { uses: images/folder } }\noutputs: { ../x: a.images }\n',
      /^3:12 bad-value/,
    ],
    ['the pipeline', `name: ../../x\n${usesModel('images')}`, /^1:7 bad-value/],
    ['a step', 'maskloom: 1\nsteps: { ../a: { uses: images/folder } }\noutputs: { x: a.images }\n', /^2:10 bad-value/],
  ])('by the name of %s is refused', async (_what, text, message) => {
    const found = await problems(project({ 'pipeline.yaml': text, 'images/a.png': '' }))
    expect(found.map(located)).toContainEqual(expect.stringMatching(message))
  })

  it.each([
    ['the folder of all outputs', 'out'],
    ['the folder of the pipeline', 'out/pipeline'],
    ['the folder of an output', 'out/pipeline/out'],
  ])('by a link in the place of %s is refused before anything runs', async (_what, place) => {
    const outside = project()
    const folder = project({ 'pipeline.yaml': usesModel('images'), 'images/a.png': 'no picture' })
    mkdirSync(join(folder, place, '..'), { recursive: true })
    symlinkSync(outside, join(folder, place))
    const pipeline = await load('pipeline.yaml', { directory: folder })
    await expect(run(pipeline).finished).rejects.toMatchObject({
      problems: [{ code: 'outside-root', at: { file: join(folder, 'pipeline.yaml') } }],
    })
    expect(readdirSync(outside)).toEqual(['maskloom.config.yaml'])
  })

  it.each(['.maskloom', '.maskloom/objects', '.maskloom/runs'])(
    'by a link in the place of %s is refused',
    async place => {
      const outside = project()
      const folder = project({ 'pipeline.yaml': usesModel('images'), 'images/a.png': '' })
      mkdirSync(join(folder, place, '..'), { recursive: true })
      symlinkSync(outside, join(folder, place))
      expect(await problems(folder)).toMatchObject([{ code: 'outside-root', fix: expect.stringContaining('--cache') }])
      expect(readdirSync(outside)).toEqual(['maskloom.config.yaml'])
      expect(await problems(folder, { allowOutside: true })).toEqual([])
    },
  )
})

describe('running programs', () => {
  it('is refused by check, plan and run alike, at the place', async () => {
    const folder = project({ 'pipeline.yaml': usesCommand })
    const message = /^5:18 needs-permission this step runs a program \(`sh`\)/
    expect((await problems(folder)).map(located)).toEqual([expect.stringMatching(message)])
    const pipeline = await load('pipeline.yaml', { directory: folder })
    const refused = { problems: [{ code: 'needs-permission', fix: expect.stringContaining('--allow-commands') }] }
    await expect(plan(pipeline)).rejects.toMatchObject(refused)
    await expect(run(pipeline).finished).rejects.toMatchObject(refused)
    expect(existsSync(join(folder, 'pwned'))).toBe(false)
  })

  it('is refused inside a pipeline that is used as a node', async () => {
    const folder = project({
      'inner.yaml': usesCommand,
      'pipeline.yaml': 'maskloom: 1\nsteps:\n  a: { uses: ./inner.yaml }\noutputs: { out: a.out }\n',
    })
    const [problem] = await problems(folder)
    expect(problem).toMatchObject({ code: 'needs-permission', at: { file: join(folder, 'inner.yaml') } })
  })

  it('is refused although the result is in the cache', async () => {
    const folder = project({ 'pipeline.yaml': usesCommand })
    const allowed = await load('pipeline.yaml', { directory: folder, allowCommands: true })
    expect(await run(allowed).finished).toMatchObject({ status: 'done' })
    expect((await problems(folder)).map(({ code }) => code)).toEqual(['needs-permission'])
  })
})

describe('files made to exhaust', () => {
  it('by aliases that multiply are refused', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `x${i}: &x${i} [${Array(10).fill(i === 0 ? 'a' : `*x${i - 1}`)}]`,
    )
    const folder = project({ 'pipeline.yaml': `maskloom: 1\n${levels.join('\n')}\nsteps: {}\n` })
    const found = await problems(folder)
    expect(found.length).toBeGreaterThan(0)
    for (const problem of found) located(problem)
  })

  it('by size are refused', async () => {
    const folder = project({ 'pipeline.yaml': `maskloom: 1\n# ${'x'.repeat(2 ** 21)}\n` })
    expect((await problems(folder)).map(({ code }) => code)).toEqual(['too-large'])
  })

  it('by matrices that multiply are refused', async () => {
    const axes = Array.from({ length: 8 }, (_, i) => `a${i}: [${Array.from({ length: 50 }, (_, j) => j)}]`)
    const folder = project({
      'images/a.png': '',
      'pipeline.yaml': usesModel('images').replace('images/folder,', `images/folder, matrix: { ${axes} },`),
    })
    const found = await problems(folder)
    expect(found.map(located)).toEqual([expect.stringMatching(/^3:\d+ (too-large|bad-matrix)/)])
  })

  it('by pipelines that use each other are refused', async () => {
    const uses = (other: string) => `maskloom: 1\nsteps:\n  a: { uses: ./${other}.yaml }\noutputs: { out: a.out }\n`
    const folder = project({ 'pipeline.yaml': uses('two'), 'two.yaml': uses('pipeline') })
    expect((await problems(folder)).map(located)).toEqual([expect.stringMatching(/^3:14 cycle/)])
  })

  it('by pipelines that use two each, deeper and deeper, are refused', async () => {
    const uses = (next: number) =>
      `maskloom: 1\nsteps:\n  a: { uses: ./p${next}.yaml }\n  b: { uses: ./p${next}.yaml }\noutputs: { out: a.out }\n`
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}.yaml`, uses(i + 1)]))
    const folder = project({ ...files, 'pipeline.yaml': uses(0) })
    const found = await problems(folder)
    expect(new Set(found.map(({ message }) => message))).toEqual(
      new Set(['more than 2000 uses of pipelines', 'more than 16 levels of pipelines in pipelines']),
    )
    for (const problem of found) located(problem)
  })
})

it('is read as UTF-8, whatever its bytes', async () => {
  const folder = project()
  writeFileSync(join(folder, 'pipeline.yaml'), Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a, 0x7b]))
  const found = await problems(folder)
  expect(found.length).toBeGreaterThan(0)
  for (const problem of found) located(problem)
})
