import { describe, expect, it, vi } from 'vitest'
import { recipeOf } from '../../engine/testing/stub-pipeline.ts'
import { commandRun } from '../../nodes/command/run.ts'
import { registry } from '../../nodes/index.ts'
import { testCheck } from '../helpers/run-context.ts'

const usual = { shell: false, files: {}, folders: {}, names: [], env: {}, pass_env: [], outputs: { file: 'o' } }
const ref = { path: '/x', sha256: '' }

/** "param: message" of every problem; `fix` where a test asks for it. */
async function problemsOf(params: object, options: Parameters<typeof testCheck>[0] = {}) {
  const check = testCheck(options)
  await commandRun.types!({ ...usual, run: ['sh'], ...params } as never, check.context)
  return check.problems
}

describe('checking a program', () => {
  it('finds nothing wrong with a step that says all it needs', async () => {
    const params = {
      run: ['sh', './a.sh'],
      files: { 'a.sh': ref },
      names: ['in.json'],
      stdout: 'log',
      outputs: { file: 'log' },
    }
    const found = await problemsOf(params, { inputs: { inputs: [{}] }, used: ['file'] })
    expect(found).toEqual([])
  })

  it.each<[string, object, string, RegExp]>([
    ['fewer names than inputs', { names: [] }, 'names', /^0 names for 1 inputs$/],
    ['a name that leads out', { names: ['../in.json'] }, 'names', /"\.\.\/in\.json" is no path inside/],
    ['an absolute name', { names: ['/etc/passwd'] }, 'names', /is no path inside/],
    ['an empty name', { names: [''] }, 'names', /"" is no path inside/],
    ['a backslash', { names: ['a\\b'] }, 'names', /is no path inside/],
    ['an output that leads out', { outputs: { file: 'a/../../b' } }, 'outputs', /is no path inside/],
    ['printing to a place outside', { stdout: '../log' }, 'outputs', /"\.\.\/log" is no path inside/],
    ['two things of one name', { names: ['o'] }, 'names', /^`o` is used twice$/],
    ['two outputs of one name', { outputs: { file: 'o', extra: 'o' } }, 'outputs', /^`o` is used twice$/],
    [
      'an output in a linked folder',
      { folders: { data: ref }, outputs: { file: 'data/o' } },
      'outputs',
      /lies in `data`/,
    ],
    ['a file in a linked folder', { folders: { data: ref }, files: { 'data/a': ref } }, 'files', /lies in `data`/],
    ['a very long name', { outputs: { file: 'o'.repeat(300) } }, 'outputs', /300 characters is too long/],
    [
      'an output that is used and has no file',
      { outputs: { extra: 'o' } },
      'outputs',
      /output `file` is used, and no file/,
    ],
    ['several words for the shell', { run: ['echo', 'a'], shell: true }, 'run', /`run` is one text, found 2/],
    ['a program that is not installed', { run: ['no-such-program'] }, 'run', /no program `no-such-program` in PATH/],
    [
      'a program that is no file of the machine',
      { run: ['/no/such'] },
      'run',
      /no program \/no\/such that can be executed/,
    ],
    ['a folder as the program', { run: ['/usr'] }, 'run', /no program \/usr/],
    [
      'a program of the project that is not declared',
      { run: ['./tool'] },
      'run',
      /`\.\/tool` is not in the working folder/,
    ],
  ])('tells of %s', async (_what, changes, param, message) => {
    const inputs = { inputs: [{}] }
    const found = await problemsOf({ names: ['in.json'], ...changes }, { inputs, used: ['file'] })
    expect(found).toContainEqual(expect.objectContaining({ param, message: expect.stringMatching(message) }))
  })

  it('looks for the program in the declared PATH', async () => {
    expect(await problemsOf({ env: { PATH: '/no/such/folder' } })).toMatchObject([{ param: 'run' }])
    vi.stubEnv('PATH', '/no/such/folder')
    expect(await problemsOf({})).toMatchObject([{ param: 'run' }])
    expect(await problemsOf({ env: { PATH: '/usr/bin:/bin' } })).toEqual([])
    vi.unstubAllEnvs()
  })

  it('finds a program in a linked folder', async () => {
    expect(await problemsOf({ run: ['bin/tool'], folders: { bin: ref } })).toEqual([])
  })

  it('does not look at the machine without permission', async () => {
    const found = await problemsOf({ run: ['no-such-program'] }, { permits: { commands: false } })
    expect(found).toMatchObject([{ code: 'needs-permission', param: 'run' }])
  })
})

describe('the key of a program', () => {
  const recipe = (params: object) => recipeOf(commandRun, registry, { run: ['sh'], outputs: { file: 'o' }, ...params })

  it('has the names of its files, and what is in them', async () => {
    const files = await Promise.all([
      recipe({ files: { a: 'files-one' } }),
      recipe({ files: { b: 'files-one' } }),
      recipe({ files: { a: 'files-two' } }),
      recipe({ files: { a: 'files-one', b: 'files-one' } }),
    ])
    expect(new Set(files).size).toBe(4)
    expect(await recipe({ files: { b: 'x', a: 'y' } })).toBe(await recipe({ files: { a: 'y', b: 'x' } }))
  })

  it('has what else was said to matter, and not what is passed on', async () => {
    expect(await recipe({ fingerprint: 'torch 2' })).not.toBe(await recipe({}))
    expect(await recipe({ env: { A: '1' } })).not.toBe(await recipe({ env: { A: '2' } }))
    expect(await recipe({ pass_env: ['A'] })).toBe(await recipe({}))
  })
})
